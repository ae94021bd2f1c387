#pragma once
#include <ravine/runtime/foreach.h>

#include <string_view>

namespace ravine::inline v0 {

/// What a norm makes of elements: their sum of magnitudes, the root of their sum of squares, their largest magnitude.
enum class Norm { magnitudes, squares, largest };

/// The norms of tensors of one device, by the tree of kernels/reduction.h: a float64 tensor there, one element for each. `rounded` is empty
/// or has a 0-d tensor for each, of its dtype, on that device, that gets the norm too. Waits for nothing, in the order of the context's stream.
/// std::runtime_error while the stream is captured, std::bad_alloc.
Tensor norms_on_device(foreach::TensorList tensors, Norm norm, foreach::TensorList rounded, const Context& context);

/// What is made of the elements along a dimension.
enum class LineResult { norm, mean };

/// The tensors of one device reduced along a dimension, `dims[i]` of tensor i, that becomes 1: new row-major tensors, by the same tree for
/// each line. As norms_on_device otherwise; `who` fails.
foreach::Tensors lines_on_device(std::string_view who, foreach::TensorList tensors, const std::vector<std::size_t>& dims, LineResult result,
                                 const Context& context);

}  // namespace ravine::inline v0
