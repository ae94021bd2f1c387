#pragma once
// The driver on the CPU: everything between a rule and memory. It is compiled once per instruction set and storage
// type; loads, stores, tails and prefetching are written here once for all rules.

#include <ravine/kernels/chunk.h>
#include <ravine/kernels/scalar.h>

namespace ravine::inline v0::kernels {

/// How far ahead the streams are fetched. Measured: 0.5 to 2 KiB gain 5 to 15 % from memory with 3 to 7 streams.
inline constexpr long prefetch_bytes = 1024;

/// V's registers for `vectors` consecutive vectors of every slot, in the middle of an update.
template <class Rule, class V, int vectors> struct Block {
    V x[vectors][Rule::slots];
    V unscaled[vectors];
};

/// Copies `bytes` bytes, an even number below 2*most, by two overlapping moves: a call of memcpy costs more than a small
/// update. `most` is a power of two.
template <int most> RAVINE_INLINE void copy_few(void* to, const void* from, unsigned long bytes) {
    if (bytes >= most) {
        auto* last_to = static_cast<char*>(to) + (bytes - most);
        const auto* last_from = static_cast<const char*>(from) + (bytes - most);
        char first[most], last[most];
        __builtin_memcpy(first, from, most);
        __builtin_memcpy(last, last_from, most);
        __builtin_memcpy(to, first, most);
        __builtin_memcpy(last_to, last, most);
    } else if constexpr (most > 2) {
        copy_few<most / 2>(to, from, bytes);
    }
}

/// The loop body for one rule, number and storage type.
template <class Rule, class V, class Storage, int vectors, class Switches> struct Body {
    using T = typename Rule::template Terms<term<V>>;
    static constexpr int lanes = V::backend::lanes;
    static constexpr int width = lanes * vectors;
    static constexpr int slots = Rule::slots;
    static constexpr bool updates = updates_parameters<Rule>;
    using Registers = Block<Rule, V, vectors>;

    const T& terms;
    const Switches& switches;
    const term<V>& grad_scale;

    RAVINE_INLINE static void load_slot(Registers& block, int s, const Storage* from) {
        if constexpr (vectors == 2) {
            V::backend::load_pair(from, block.x[0][s].raw, block.x[1][s].raw);
        } else {
            block.x[0][s] = V::of(V::backend::load(from));
        }
    }
    RAVINE_INLINE static void store_slot(const V (&value)[vectors], Storage* to) {
        if constexpr (vectors == 2) V::backend::store_pair(to, value[0].raw, value[1].raw);
        else V::backend::store(to, value[0].raw);
    }

    RAVINE_INLINE static void load(Registers& block, Storage* const (&slot)[slots], long long at) {
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) {
            if (reads<Rule>() >> s & 1) load_slot(block, s, slot[s] + at);
        }
    }

    RAVINE_INLINE void update(Registers& block) const {
        RAVINE_UNROLL
        for (int v = 0; v < vectors; ++v) kernels::update<Rule>(block.x[v], terms, switches, grad_scale, block.unscaled[v]);
    }

    RAVINE_INLINE void store(const Registers& block, Storage* const (&slot)[slots], long long at) const {
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) {
            V value[vectors];
            RAVINE_UNROLL
            for (int v = 0; v < vectors; ++v) value[v] = block.x[v][s];
            if (writes<Rule>() >> s & 1) store_slot(value, slot[s] + at);
        }
        if constexpr (updates) {
            if (switches.unscale) store_slot(block.unscaled, slot[grad_slot] + at);
        }
    }

    /// Fewer elements than a block: through a padded copy on the stack, so that no scalar code exists here.
    RAVINE_INLINE void padded(Storage* const (&slot)[slots], long long count) const {
        constexpr int most = static_cast<int>(width * sizeof(Storage)) / 2;
        const unsigned long bytes = static_cast<unsigned long>(count) * sizeof(Storage);
        Storage copy[slots][width];
        Storage* at[slots];
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) {
            at[s] = copy[s];
            __builtin_memset(copy[s], 0, sizeof copy[s]);
            if (reads<Rule>() >> s & 1) copy_few<most>(copy[s], slot[s], bytes);
        }
        Registers block;
        load(block, at, 0);
        update(block);
        store(block, at, 0);
        unsigned written = writes<Rule>();
        if constexpr (updates) written |= switches.unscale ? 1u << grad_slot : 0u;
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) {
            if (written >> s & 1) copy_few<most>(slot[s], copy[s], bytes);
        }
    }

    /// The last block overlaps its predecessor: it is computed from the old values first and stored last, so that the
    /// overlap gets the same bits twice.
    RAVINE_INLINE void run(Storage* const (&slot)[slots], long long count) const {
        if (count < width) return padded(slot, count);
        const bool has_tail = count % width != 0;
        Registers last;
        if (has_tail) {
            load(last, slot, count - width);
            update(last);
        }
        // Beyond a small tensor lies another's memory: fetching it takes a third of the time of 10,000 tensors of 64 elements.
        constexpr long long distance = prefetch_bytes / static_cast<long long>(sizeof(Storage));
        const long long ahead = count > distance ? distance : 0;
        for (long long i = 0; i + width <= count; i += width) {
            Registers block;
            load(block, slot, i);
            if constexpr (lanes > 1) {
                RAVINE_UNROLL
                for (int s = 0; s < slots; ++s) prefetch(slot[s] + i + ahead);
            }
            update(block);
            store(block, slot, i);
        }
        if (has_tail) store(last, slot, count - width);
    }

    RAVINE_INLINE static void prefetch(const Storage* at) {
        RAVINE_UNROLL
        for (int line = 0; line < static_cast<int>(width * sizeof(Storage)); line += 64) __builtin_prefetch(reinterpret_cast<const char*>(at) + line);
    }
};

/// Small tensors lie anywhere: their first lines are fetched a few tensors before they are needed. Measured on 10,000
/// tensors of 64 elements: half the time.
inline constexpr int rows_ahead = 3;
template <int slots> RAVINE_INLINE void prefetch_row(const Chunk& row) {
    RAVINE_UNROLL
    for (int s = 0; s < slots; ++s) {
        RAVINE_UNROLL
        for (int line = 0; line < 256; line += 64) __builtin_prefetch(static_cast<const char*>(row.slot[s]) + line);
    }
}

template <class Rule, class V, class Storage, int vectors, class Switches>
RAVINE_INLINE void run_chunks(const Chunk* rows, unsigned long long chunks, const StepArguments& arguments,
                              const Switches& switches) {
    const auto terms = convert_terms<Rule, term<V>>(
        arguments.terms, [](double value) __attribute__((always_inline)) { return term<V>::splat(value); });
    const auto grad_scale = term<V>::splat(arguments.grad_scale);
    const Body<Rule, V, Storage, vectors, Switches> body{terms, switches, grad_scale};
    for (const Chunk* row = rows; row != rows + chunks; ++row) {
        if constexpr (V::backend::lanes > 1) {
            if (row + rows_ahead < rows + chunks) prefetch_row<Rule::slots>(row[rows_ahead]);
        }
        Storage* slot[Rule::slots];
        RAVINE_UNROLL
        for (int s = 0; s < Rule::slots; ++s) slot[s] = static_cast<Storage*>(row->slot[s]);
        body.run(slot, row->count);
    }
}

/// Whether a switch is on. Switches are bools: their bytes tell. (A defaulted == would be a symbol that objects of several
/// instruction sets share.)
template <class Switches> RAVINE_INLINE bool any_switch(const StepArguments& arguments) {
    bool any = false;
    for (unsigned long i = 0; i < sizeof(Switches); ++i) any = any || arguments.switches[i] != 0;
    return any;
}

/// A kernel in two loops: one without any switch, whose slots and terms stay in registers over two vectors, and one
/// that tests the switches, with a vector at a time (runtime tests in the wide loop spill).
template <class Rule, class V, class Storage>
RAVINE_INLINE void run_rule(const Chunk* rows, unsigned long long chunks, const StepArguments& arguments) {
    using Switches = typename Rule::Switches;
    static_assert(sizeof(Switches) <= sizeof(arguments.switches));
    constexpr int vectors = V::backend::lanes > 1 ? 2 : 1;
    Switches switches;
    __builtin_memcpy(&switches, arguments.switches, sizeof switches);
    if (!any_switch<Switches>(arguments)) {
        constexpr Switches none{};
        run_chunks<Rule, V, Storage, vectors>(rows, chunks, arguments, none);
    } else {
        run_chunks<Rule, V, Storage, 1>(rows, chunks, arguments, switches);
    }
}

}  // namespace ravine::inline v0::kernels
