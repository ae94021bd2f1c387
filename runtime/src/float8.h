#pragma once
// The values of 8-bit floating-point numbers: "OCP 8-bit Floating Point Specification" and "OCP Microscaling Formats" (e8m0), and the fnuz
// forms of Noune et al., "8-bit Numerical Formats for Deep Neural Networks".

#include <ravine/runtime/dtype.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace ravine::inline v0 {

/// Exact.
template <DType dtype> float widen_float8(std::uint8_t bits) noexcept {
    static_assert(dtype >= DType::f8_e4m3fn);
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    if constexpr (dtype == DType::f8_e8m0fnu) {
        return bits == 0xff ? nan : std::ldexp(1.0F, bits - 127);
    } else {
        constexpr bool has_one_zero = dtype == DType::f8_e4m3fnuz || dtype == DType::f8_e5m2fnuz;
        constexpr int fraction_bits = dtype == DType::f8_e5m2 || dtype == DType::f8_e5m2fnuz ? 2 : 3;
        constexpr int bias = (fraction_bits == 2 ? 15 : 7) + has_one_zero;
        const int magnitude = bits & 0x7f, exponent = magnitude >> fraction_bits, fraction = magnitude & ((1 << fraction_bits) - 1);
        const float sign = (bits & 0x80) != 0 ? -1.0F : 1.0F;
        if (has_one_zero && bits == 0x80) return nan;
        if (dtype == DType::f8_e4m3fn && magnitude == 0x7f) return nan;
        if (dtype == DType::f8_e5m2 && exponent == 0x1f) return fraction != 0 ? nan : sign * std::numeric_limits<float>::infinity();
        const int significand = exponent == 0 ? fraction : fraction + (1 << fraction_bits);
        return sign * std::ldexp(static_cast<float>(significand), (exponent == 0 ? 1 : exponent) - bias - fraction_bits);
    }
}

}  // namespace ravine::inline v0
