#pragma once
// An average that takes in each parameter where a grid's kernel updates it, while it is in a register.

#include <ravine/kernels/grid_memory.h>
#include <ravine/kernels/rules/average.h>
#include <ravine/kernels/scalar.h>

namespace ravine::inline v0::kernels {

/// Of a piece of a row of parameters in `Storage`: LerpAverageRule, with the bits that its own kernel has.
template <class Storage> struct GridAverage {
    static constexpr bool is_half = storage_traits<Storage>::is_half;

    void* at;        ///< of the piece's first element; null if the row has none, or it stays as it is
    bool in_float;   ///< of 16-bit parameters: it is in float
    double weight;

    /// Takes in the elements from number i on, as they are stored.
    template <int n> RAVINE_HD void take(const Array<Storage, n>& parameters, int i) const {
        if (at == nullptr) return;
        if constexpr (is_half) {
            if (in_float) move<number<scalar<float>>>(static_cast<float*>(at) + i, parameters);
            else move<number<rounded<scalar<float>, Storage>>>(static_cast<Storage*>(at) + i, parameters);
        } else {
            move<number<scalar<Storage>>>(static_cast<Storage*>(at) + i, parameters);
        }
    }

  private:
    // Loops over elements are of constant length, and are unrolled without being asked.
    template <int n, class Average> static RAVINE_HD Array<Average, n> load(const Average* from) {
        if constexpr (vectors_of<Average, n> > 0) {
            if (misalignment(from) == 0) return load_items<Average, n>(from);
        }
        Array<Average, n> items;
        for (int e = 0; e < n; ++e) items.value[e] = from[e];
        return items;
    }
    template <int n, class Average> static RAVINE_HD void store(Average* to, const Array<Average, n>& items) {
        if constexpr (vectors_of<Average, n> > 0) {
            if (misalignment(to) == 0) return store_items(to, items);
        }
        for (int e = 0; e < n; ++e) to[e] = items.value[e];
    }

    template <class V, class Average, int n> RAVINE_HD void move(Average* average, const Array<Storage, n>& parameters) const {
        RAVINE_ASSUME_GLOBAL(average);
        const LerpAverageRule::Terms<term<V>> terms{term<V>::splat(weight)};
        Array<Average, n> items = load<n>(average);
        for (int e = 0; e < n; ++e) {
            V x[AverageSlots::slots];
            x[AverageSlots::average] = V::of(V::backend::load(&items.value[e]));
            x[AverageSlots::current] = V::of(V::backend::load(&parameters.value[e]));
            LerpAverageRule::apply(x, terms, NoSwitches{});
            V::backend::store(&items.value[e], x[AverageSlots::average].raw);
        }
        store<n>(average, items);
    }
};

}  // namespace ravine::inline v0::kernels
