#pragma once
// Powers that are no products or roots: the one operation that is left to the machine's C library. They are passes for devices; on the CPU
// foreach_pow.cpp calls the same functions.

#include <ravine/kernels/passes.h>

#if !defined(__CUDACC__)
#include <math.h>
#endif

namespace ravine::inline v0::kernels::powers {

/// The last bits are the library's.
RAVINE_HD double power(double base, double exponent) { return ::pow(base, exponent); }
// torch fills with ones for these two scalars; C libraries make NaN of a signalling NaN.
RAVINE_HD double power_of(double base, double scalar_exponent) { return scalar_exponent == 0 ? 1 : power(base, scalar_exponent); }
RAVINE_HD double power_to(double scalar_base, double exponent) { return scalar_base == 1 ? 1 : power(scalar_base, exponent); }

/// A double rounded to the computing type, then to V's grid.
template <class V> RAVINE_HD V rounded_to(double value) { return V(term<V>::splat(value)); }
template <class V> RAVINE_HD double wide(const V& value) { return static_cast<double>(value.raw); }

struct Power : passes::Operation<1> {
    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {
        x[out] = rounded_to<V>(power_of(wide(x[a]), wide(V(t.k))));
    }
};
struct PowerTensor : passes::Operation<2> {
    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>&, const Switches&) {
        x[out] = rounded_to<V>(power(wide(x[a]), wide(x[b])));
    }
};
struct PowerOfBase : passes::Operation<1> {
    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {
        x[out] = rounded_to<V>(power_to(wide(V(t.k)), wide(x[a])));
    }
};

using All = family<Power, PowerTensor, PowerOfBase>;
enum class Kind : int { power, power_tensor, power_of_base };

}  // namespace ravine::inline v0::kernels::powers
template <> inline constexpr bool ravine::kernels::has_grid_kernels<ravine::kernels::powers::All> = true;
