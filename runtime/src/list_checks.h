#pragma once
#include <ravine/runtime/tensor.h>

#include <span>
#include <string_view>

namespace ravine::inline v0 {

/// Checks of the arguments of foreach and fused functions; all throw std::invalid_argument. `who` is the function, `what`
/// the argument.

/// The list must have one item for each of `tensors` tensors.
void check_count(std::string_view who, std::string_view what, std::size_t items, std::size_t tensors);
/// Defined tensors.
void check_defined(std::string_view who, std::string_view what, std::span<const Tensor> list);
/// Defined tensors of floating-point dtypes.
void check_floating_point(std::string_view who, std::string_view what, std::span<const Tensor> list);
void check_writable(std::string_view who, std::string_view what, std::span<const Tensor> list);
/// As many tensors as `like`, of the same shapes.
void check_shapes(std::string_view who, std::string_view what, std::span<const Tensor> list, std::span<const Tensor> like);
/// Each on the device of the other's tensor.
void check_devices(std::string_view who, std::string_view what, std::span<const Tensor> list, std::span<const Tensor> like);
/// The same shapes, dtypes and devices.
void check_alike(std::string_view who, std::string_view what, std::span<const Tensor> list, std::span<const Tensor> like);

}  // namespace ravine::inline v0
