#pragma once
#include <ravine/runtime/tensor.h>

#include <span>
#include <string_view>

namespace ravine::inline v0 {

/// For the library: checks of the arguments of functions over lists; all throw std::invalid_argument. `who` is the function, `what`
/// the argument.

/// The list must have one item for each of `tensors` tensors.
RAVINE_API void check_count(std::string_view who, std::string_view what, std::size_t items, std::size_t tensors);
/// Defined tensors.
RAVINE_API void check_defined(std::string_view who, std::string_view what, std::span<const Tensor> list);
/// Defined tensors of floating-point dtypes.
RAVINE_API void check_floating_point(std::string_view who, std::string_view what, std::span<const Tensor> list);
RAVINE_API void check_writable(std::string_view who, std::string_view what, std::span<const Tensor> list);
/// As many tensors as `like`, of the same shapes.
RAVINE_API void check_shapes(std::string_view who, std::string_view what, std::span<const Tensor> list, std::span<const Tensor> like);
/// Each on the device of the other's tensor.
RAVINE_API void check_devices(std::string_view who, std::string_view what, std::span<const Tensor> list, std::span<const Tensor> like);
/// The same shapes, dtypes and devices.
RAVINE_API void check_alike(std::string_view who, std::string_view what, std::span<const Tensor> list, std::span<const Tensor> like);
/// For each of so many tensors a writable float32 of one element on the host.
RAVINE_API void check_numbers(std::string_view who, std::string_view what, std::span<const Tensor> list, std::size_t tensors);

}  // namespace ravine::inline v0
