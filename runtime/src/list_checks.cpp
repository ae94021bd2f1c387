#include <ravine/runtime/list_checks.h>

#include <ravine/runtime/value.h>

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0 {
namespace {

[[noreturn]] void invalid(std::string_view who, std::string_view must, std::string_view given, std::size_t index) {
    throw std::invalid_argument(fmt::format("{}: {}, got {} (tensor {})", who, must, given, index));
}

}  // namespace

void check_count(std::string_view who, std::string_view what, std::size_t items, std::size_t tensors) {
    if (items == tensors) return;
    throw std::invalid_argument(fmt::format("{}: {} must have one item for each of {} tensors, got {}", who, what, tensors, items));
}

void check_defined(std::string_view who, std::string_view what, std::span<const Tensor> list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (!list[i].defined()) invalid(who, fmt::format("{} must be defined", what), "an undefined tensor", i);
    }
}

void check_floating_point(std::string_view who, std::string_view what, std::span<const Tensor> list) {
    check_defined(who, what, list);
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (is_floating_point(list[i].dtype())) continue;
        invalid(who, fmt::format("{} must be float64, float32, bfloat16 or float16", what), name(list[i].dtype()), i);
    }
}

void check_writable(std::string_view who, std::string_view what, std::span<const Tensor> list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i].read_only()) invalid(who, fmt::format("{} must be writable", what), "a read-only tensor", i);
    }
}

void check_shapes(std::string_view who, std::string_view what, std::span<const Tensor> list, std::span<const Tensor> like) {
    check_count(who, what, list.size(), like.size());
    check_defined(who, what, list);
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i].shape() == like[i].shape()) continue;
        invalid(who, fmt::format("{} must have shape {}", what, like[i].shape().to_string()), list[i].shape().to_string(), i);
    }
}

void check_devices(std::string_view who, std::string_view what, std::span<const Tensor> list, std::span<const Tensor> like) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i].device() == like[i].device()) continue;
        invalid(who, fmt::format("{} must be on {}", what, name(like[i].device())), name(list[i].device()), i);
    }
}

void check_alike(std::string_view who, std::string_view what, std::span<const Tensor> list, std::span<const Tensor> like) {
    check_shapes(who, what, list, like);
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i].dtype() == like[i].dtype()) continue;
        invalid(who, fmt::format("{} must be {}", what, name(like[i].dtype())), name(list[i].dtype()), i);
    }
    check_devices(who, what, list, like);
}

void check_numbers(std::string_view who, std::string_view what, std::span<const Tensor> list, std::size_t tensors) {
    check_count(who, what, list.size(), tensors);
    check_defined(who, what, list);
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i].numel() == 1 && list[i].dtype() == DType::f32 && list[i].device() == Device{}) continue;
        invalid(who, fmt::format("{} must be float32 tensors of one element on cpu", what), Value(list[i]).to_string(), i);
    }
    check_writable(who, what, list);
}

}  // namespace ravine::inline v0
