#pragma once
// The storage types and their conversions written a second time, by exact arithmetic instead of bits, and numbers to try
// arithmetic with.
#include <ravine/kernels/half.h>
#include <ravine/kernels/kernel_set.h>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace ravine::testing {

/// A binary format with `digits` bits of significand (the leading one included) and normal exponents from `lowest`.
template <class T> struct Format;
template <> struct Format<double> {
    using Bits = std::uint64_t;
    static constexpr auto storage = kernels::storage_f64;
    static constexpr int exponent_bits = 11, fraction_bits = 52;
};
template <> struct Format<float> {
    using Bits = std::uint32_t;
    static constexpr auto storage = kernels::storage_f32;
    static constexpr int exponent_bits = 8, fraction_bits = 23;
};
template <> struct Format<bf16> {
    using Bits = std::uint16_t;
    static constexpr auto storage = kernels::storage_bf16;
    static constexpr int exponent_bits = 8, fraction_bits = 7;
};
template <> struct Format<f16> {
    using Bits = std::uint16_t;
    static constexpr auto storage = kernels::storage_f16;
    static constexpr int exponent_bits = 5, fraction_bits = 10;
};

template <class T> using Bits = typename Format<T>::Bits;
template <class T> using Compute = std::conditional_t<std::same_as<T, double>, double, float>;

template <class T> Bits<T> bits_of(T value) { return std::bit_cast<Bits<T>>(value); }
template <class T> T from_bits(Bits<T> bits) { return std::bit_cast<T>(bits); }

/// Exact.
template <class T> Compute<T> decode(T value) {
    if constexpr (std::floating_point<T>) {
        return value;
    } else {
        using F = Format<T>;
        const int bits = value.bits;
        const int exponent = bits >> F::fraction_bits & ((1 << F::exponent_bits) - 1), fraction = bits & ((1 << F::fraction_bits) - 1);
        const float sign = bits >> 15 ? -1.0f : 1.0f;
        const int bias = (1 << (F::exponent_bits - 1)) - 1;
        if (exponent == (1 << F::exponent_bits) - 1) return fraction == 0 ? sign * INFINITY : NAN;
        const int significand = exponent == 0 ? fraction : fraction + (1 << F::fraction_bits);
        return sign * static_cast<float>(std::ldexp(significand, std::max(exponent, 1) - bias - F::fraction_bits));
    }
}

/// To nearest, ties to even.
template <class T> T encode(Compute<T> value) {
    if constexpr (std::floating_point<T>) {
        return value;
    } else {
        using F = Format<T>;
        const int bias = (1 << (F::exponent_bits - 1)) - 1;
        const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
        const auto infinity = static_cast<std::uint16_t>(((1 << F::exponent_bits) - 1) << F::fraction_bits);
        if (std::isnan(value)) return {static_cast<std::uint16_t>(infinity | 1 << (F::fraction_bits - 1))};
        if (std::isinf(value)) return {static_cast<std::uint16_t>(sign | infinity)};
        const double magnitude = std::fabs(static_cast<double>(value));
        const int exponent = magnitude == 0 ? 1 - bias : std::max(std::ilogb(magnitude), 1 - bias);
        // In units of the last place; a carry into the next exponent is right in bits too.
        const auto units = static_cast<int>(std::nearbyint(std::ldexp(magnitude, F::fraction_bits - exponent)));
        const int magnitude_bits = ((exponent + bias - 1) << F::fraction_bits) + units;
        return {static_cast<std::uint16_t>(sign | std::min<int>(magnitude_bits, infinity))};
    }
}

/// Rounds to T's grid.
template <class T> Compute<T> on_grid(Compute<T> value) { return decode(encode<T>(value)); }

/// Equal bits, or both NaN: which NaN is nobody's promise.
template <class T> bool same(T a, T b) {
    return bits_of(a) == bits_of(b) || (std::isnan(decode(a)) && std::isnan(decode(b)));
}

/// Zeros, ones, denormals, the borders of the range, ties, infinities and NaN, in both signs.
template <class T> std::vector<T> special_values() {
    using F = Format<T>;
    const auto one = static_cast<Bits<T>>(((Bits<T>{1} << (F::exponent_bits - 1)) - 1) << F::fraction_bits);
    const auto half = static_cast<Bits<T>>(one - (Bits<T>{1} << F::fraction_bits));
    const auto infinity = static_cast<Bits<T>>(((Bits<T>{1} << F::exponent_bits) - 1) << F::fraction_bits);
    const auto normal = static_cast<Bits<T>>(Bits<T>{1} << F::fraction_bits);
    std::vector<T> result;
    for (const Bits<T> centre : {Bits<T>{0}, one, half, infinity, normal, static_cast<Bits<T>>(infinity - normal)}) {
        for (const int step : {-3, -2, -1, 0, 1, 2, 3}) {
            const auto magnitude = static_cast<Bits<T>>((centre + static_cast<Bits<T>>(step)) & (std::numeric_limits<Bits<T>>::max() >> 1));
            result.push_back(from_bits<T>(magnitude));
            result.push_back(from_bits<T>(static_cast<Bits<T>>(magnitude | ~(std::numeric_limits<Bits<T>>::max() >> 1))));
        }
    }
    return result;
}

/// A third special, a third any bits, a third of ordinary size.
template <class T> std::vector<T> assorted_values(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::vector<T> special = special_values<T>();
    std::vector<T> result(count);
    for (T& value : result) {
        switch (random() % 3) {
        case 0: value = special[random() % special.size()]; break;
        case 1: value = from_bits<T>(static_cast<Bits<T>>(random())); break;
        default: value = encode<T>(static_cast<Compute<T>>(static_cast<double>(random() >> 11) * 0x1p-51 - 2)); break;
        }
    }
    return result;
}

/// Of ordinary size: between -2 and 2.
template <class T> std::vector<T> ordinary_values(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<T> result(count);
    for (T& value : result) value = encode<T>(static_cast<Compute<T>>(static_cast<double>(random() >> 11) * 0x1p-51 - 2));
    return result;
}

/// Calls the test with a value of each storage type.
template <class Test> void for_each_storage(const Test& test) {
    test(double{});
    test(float{});
    test(bf16{});
    test(f16{});
}

}  // namespace ravine::testing
