#pragma once
#include <ravine/runtime/tensor.h>

namespace ravine::tools {

/// Some rows of a row-major matrix, as a view of its memory.
Tensor rows_of(const Tensor& matrix, std::int64_t begin, std::int64_t count);

/// What a layer does beside its product, in place, all tensors on one device. On the CPU the calling thread does it, with
/// sums in double. On a device it is made of foreach functions and products, in the order of the context's stream.

/// Every row becomes the bias: the product is added to it.
void fill_rows(const Tensor& matrix, const Tensor& bias, const Context& context);
void relu(const Tensor& values, const Context& context);
/// Gradients pass where ReLU let the value pass. Where it did not, one that is not finite becomes 0 on the CPU and NaN on a
/// device.
void relu_backward(const Tensor& gradients, const Tensor& values, const Context& context);
/// `ones` has an element for each row, all of them 1.
void column_sums(const Tensor& matrix, const Tensor& ones, const Tensor& sums, const Context& context);

}  // namespace ravine::tools
