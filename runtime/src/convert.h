#pragma once
#include <ravine/runtime/tensor.h>

#include <cstddef>
#include <cstdint>

namespace ravine::inline v0 {

/// Converts so many consecutive elements, each rounded to nearest even.
using Converter = void(const std::byte* from, std::byte* to, std::int64_t count) noexcept;

/// Null for dtypes that are not numbers, and for results that are not floating-point.
Converter* converter_of(DType from, DType to) noexcept;

}  // namespace ravine::inline v0
