#pragma once
// Backends of `number` for one value: a plain float or double, and a rounding adapter for the 16-bit formats.

#include <ravine/kernels/half.h>
#include <ravine/kernels/number.h>

namespace ravine::inline v0::kernels {

/// One float or double.
template <class T> struct scalar {
    static_assert(__is_same(T, float) || __is_same(T, double));
    static constexpr bool is_double = __is_same(T, double);
    using raw = T;
    using mask = bool;
    using wide = scalar;
    static constexpr int lanes = 1;

    RAVINE_HD static T narrow(T a) { return a; }
    RAVINE_HD static T splat(double a) { return static_cast<T>(a); }
    RAVINE_HD static T add(T a, T b) { return a + b; }
    RAVINE_HD static T sub(T a, T b) { return a - b; }
    RAVINE_HD static T mul(T a, T b) { return a * b; }
    RAVINE_HD static T div(T a, T b) { return a / b; }
    RAVINE_HD static T neg(T a) { return -a; }
    RAVINE_HD static bool gt(T a, T b) { return a > b; }
    RAVINE_HD static bool eq(T a, T b) { return a == b; }
    RAVINE_HD static T select(bool condition, T a, T b) { return condition ? a : b; }
    RAVINE_HD static T abs(T a) {
        if constexpr (is_double) return __builtin_fabs(a);
        else return __builtin_fabsf(a);
    }
    RAVINE_HD static T sqrt(T a) {
#if defined(__CUDA_ARCH__)
        if constexpr (is_double) return __dsqrt_rn(a);
        else return __fsqrt_rn(a);
#else
        if constexpr (is_double) return __builtin_sqrt(a);
        else return __builtin_sqrtf(a);
#endif
    }
    /// a*b + c, rounded once. Without an FMA unit this is the C library's exact function.
    RAVINE_HD static T fma(T a, T b, T c) {
#if defined(__CUDA_ARCH__)
        if constexpr (is_double) return __fma_rn(a, b, c);
        else return __fmaf_rn(a, b, c);
#else
        if constexpr (is_double) return __builtin_fma(a, b, c);
        else return __builtin_fmaf(a, b, c);
#endif
    }

    template <class Storage> RAVINE_HD static T load(const Storage* from) {
        return storage_traits<Storage>::widen(*from);
    }
    template <class Storage> RAVINE_HD static void store(Storage* to, T value) {
        *to = storage_traits<Storage>::narrow(value);
    }
    template <class Half> RAVINE_HD static T round_to(T value) {
        return storage_traits<Half>::widen(storage_traits<Half>::narrow(value));
    }
};

/// Wide's arithmetic in float, every result rounded to Half's grid: one torch operation after the other in a 16-bit
/// type.
template <class Wide, class Half> struct rounded : Wide {
    using wide = Wide;
    using raw = typename Wide::raw;
    RAVINE_HD static raw narrow(raw value) { return Wide::template round_to<Half>(value); }
};

}  // namespace ravine::inline v0::kernels
