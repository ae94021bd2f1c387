#pragma once
// Tensors of numbers, and the numbers of tensors: for the tests of every floor.
#include <ravine/runtime/tensor.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace ravine::testing {

/// Numbers around 1 in both signs, some tiny, some zero; the same ones for the same seed.
inline Tensor random_tensor(const Shape& shape, DType dtype, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    const Tensor numbers = zeros(shape, DType::f64);
    for (double& number : numbers.span<double>()) {
        number = 2 * unit() - 1;
        if (random() % 8 == 0) number *= 1e-5;
        if (random() % 32 == 0) number = 0;
    }
    return numbers.to(dtype);
}

inline Tensor tensor_of(const std::vector<double>& numbers, DType dtype = DType::f32) {
    const Tensor result = zeros({numbers.size()}, DType::f64);
    std::copy(numbers.begin(), numbers.end(), result.span<double>().begin());
    return result.to(dtype);
}

inline std::vector<double> numbers_of(const Tensor& tensor) {
    const Tensor wide = tensor.to(DType::f64);
    const auto span = wide.span<const double>();
    return {span.begin(), span.end()};
}

/// Small integers: every product and sum is exact in all dtypes.
inline Tensor integers(const Shape& shape, DType dtype, int seed) {
    const Tensor wide = empty(shape, DType::f64);
    int value = seed;
    for (double& element : wide.span<double>()) element = (value = (value * 7 + 3) % 11) - 5;
    return wide.to(dtype);
}

}  // namespace ravine::testing
