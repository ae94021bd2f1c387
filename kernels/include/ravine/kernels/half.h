#pragma once
// The two 16-bit floating-point formats as storage, and their conversions for one value. Arithmetic never happens in
// them: a kernel widens to float, computes, and rounds (to nearest, ties to even) on store.

#include <ravine/kernels/attributes.h>

namespace ravine::inline v0 {

/// bfloat16: the upper half of an IEEE binary32.
struct bf16 {
    unsigned short bits;
};

/// IEEE binary16.
struct f16 {
    unsigned short bits;
};

namespace kernels {

RAVINE_HD float float_of(unsigned bits) {
    return __builtin_bit_cast(float, bits);
}
RAVINE_HD unsigned bits_of(float value) {
    return __builtin_bit_cast(unsigned, value);
}

/// Exact.
RAVINE_HD float widen(bf16 half) {
    return float_of(static_cast<unsigned>(half.bits) << 16);
}

/// Exact; denormals of binary16 are normal floats. (Devices have one instruction for what is no NaN, here and below.)
RAVINE_HD float widen(f16 half) {
    const unsigned sign = (half.bits & 0x8000u) << 16;
    const unsigned magnitude = half.bits & 0x7fffu;
#ifdef __CUDA_ARCH__
    if (magnitude <= 0x7c00u) {
        float exact;
        asm("cvt.f32.f16 %0, %1;" : "=f"(exact) : "h"(half.bits));
        return exact;
    }
#endif
    if (magnitude >= 0x7c00u) return float_of(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    if (magnitude < 0x0400u) {
        const float scaled = static_cast<float>(magnitude) * 0x1p-24f;
        return float_of(sign | bits_of(scaled));
    }
    return float_of(sign | ((magnitude << 13) + 0x38000000u));
}

/// Rounds to nearest, ties to even; overflow becomes infinity; a NaN becomes the quiet NaN 0x7fc0.
RAVINE_HD bf16 narrow_bf16(float value) {
    const unsigned bits = bits_of(value);
    if (value != value) return {0x7fc0};
    return {static_cast<unsigned short>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
}

/// Rounds to nearest, ties to even; overflow becomes infinity; a NaN stays a quiet NaN.
RAVINE_HD f16 narrow_f16(float value) {
    const unsigned bits = bits_of(value);
    const unsigned sign = bits >> 16 & 0x8000u;
    const unsigned magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return {static_cast<unsigned short>(sign | 0x7e00u)};
#ifdef __CUDA_ARCH__
    unsigned short nearest;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(nearest) : "f"(value));
    return {nearest};
#else
    if (magnitude >= 0x477ff000u) return {static_cast<unsigned short>(sign | 0x7c00u)};
    if (magnitude < 0x38800000u) {
        // Adding a half aligns the last bit of binary16's denormals with the last bit of the sum: the addition rounds.
        const unsigned aligned = bits_of(float_of(magnitude) + 0.5f) - 0x3f000000u;
        return {static_cast<unsigned short>(sign | aligned)};
    }
    const unsigned rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u;
    return {static_cast<unsigned short>(sign | rounded >> 13)};
#endif
}

/// How a storage type is read as, and made from, the type that computes with it.
template <class Storage> struct storage_traits {
    using compute = Storage;
    static constexpr bool is_half = false;
    RAVINE_HD static compute widen(Storage value) { return value; }
    RAVINE_HD static Storage narrow(compute value) { return value; }
};
template <> struct storage_traits<bf16> {
    using compute = float;
    static constexpr bool is_half = true;
    RAVINE_HD static float widen(bf16 value) { return kernels::widen(value); }
    RAVINE_HD static bf16 narrow(float value) { return narrow_bf16(value); }
};
template <> struct storage_traits<f16> {
    using compute = float;
    static constexpr bool is_half = true;
    RAVINE_HD static float widen(f16 value) { return kernels::widen(value); }
    RAVINE_HD static f16 narrow(float value) { return narrow_f16(value); }
};
template <class Storage> using compute_t = typename storage_traits<Storage>::compute;

}  // namespace kernels
}  // namespace ravine::inline v0
