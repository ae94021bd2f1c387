#pragma once
#include <ravine/runtime/tensor.h>

#include <cstdint>
#include <span>

namespace ravine::inline v0 {

/// Lines of `length` consecutive elements of tensors on one device, by their numbers in row-major order. `packed` is row-major, the other
/// tensor has any layout; equal dtypes. In the order of the context's stream; returns when the numbers may be dropped. No line is
/// written twice.
void gather_lines(const Tensor& dense, std::span<const std::int64_t> lines, std::int64_t length, const Tensor& packed, const Context& context);
/// Writes line `packed_lines[i]` of `packed` to line `lines[i]`.
void scatter_lines(const Tensor& packed, std::span<const std::int64_t> packed_lines, std::span<const std::int64_t> lines, std::int64_t length,
                   const Tensor& dense, const Context& context);
/// Line s of `sums` becomes the sum of the lines order[starts[s]] to before order[starts[s + 1]] of `values`, in that order, each sum rounded
/// to the dtype. Both are row-major.
void sum_lines(const Tensor& values, std::span<const std::int64_t> order, std::span<const std::int64_t> starts, std::int64_t length,
               const Tensor& sums, const Context& context);

}  // namespace ravine::inline v0
