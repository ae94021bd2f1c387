#pragma once
#include <ravine/runtime/tensor.h>

namespace ravine::inline v0 {

/// Writes the elements of `from` to `to`, of equal shape, at least one of them on a device; dtypes may differ between two
/// floating-point tensors of one device. In the order of the context's stream; returns when host memory may be used again.
void copy_on_devices(const Tensor& to, const Tensor& from, const Context& context);
/// Writes zeros on a device, in the order of the stream.
void zero_on_device(const Tensor& tensor, const Context& context);

}  // namespace ravine::inline v0
