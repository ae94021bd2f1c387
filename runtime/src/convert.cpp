#include "convert.h"
#include "device_copy.h"
#include "float8.h"

#include <fmt/format.h>

#include <stdexcept>
#include <type_traits>

namespace ravine::inline v0 {
namespace {

/// Typed loops: reading and writing each element through a pointer to a function takes ten times as long.
template <class From, class To> void convert(const std::byte* from, std::byte* to, std::int64_t count) noexcept {
    // What is computed in float at both ends needs no way through double, which no compiler takes away.
    constexpr bool narrow = (std::is_same_v<From, bf16> || std::is_same_v<From, f16> || std::is_same_v<From, float>) && std::is_same_v<kernels::compute_t<To>, float>;
    using Between = std::conditional_t<narrow, float, double>;
    const auto* source = reinterpret_cast<const From*>(from);
    auto* result = reinterpret_cast<To*>(to);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto value = static_cast<Between>(kernels::storage_traits<From>::widen(source[i]));
        result[i] = kernels::storage_traits<To>::narrow(static_cast<kernels::compute_t<To>>(value));
    }
}

template <DType dtype, class To> void convert_float8(const std::byte* from, std::byte* to, std::int64_t count) noexcept {
    auto* result = reinterpret_cast<To*>(to);
    for (std::int64_t i = 0; i < count; ++i) {
        result[i] = kernels::storage_traits<To>::narrow(static_cast<kernels::compute_t<To>>(widen_float8<dtype>(std::to_integer<std::uint8_t>(from[i]))));
    }
}

template <class To> Converter* converter_from(DType dtype) noexcept {
    switch (dtype) {
    case DType::f64: return &convert<double, To>;
    case DType::f32: return &convert<float, To>;
    case DType::bf16: return &convert<bf16, To>;
    case DType::f16: return &convert<f16, To>;
    case DType::i64: return &convert<std::int64_t, To>;
    case DType::i32: return &convert<std::int32_t, To>;
    case DType::i16: return &convert<std::int16_t, To>;
    case DType::i8: return &convert<std::int8_t, To>;
    case DType::u64: return &convert<std::uint64_t, To>;
    case DType::u32: return &convert<std::uint32_t, To>;
    case DType::u16: return &convert<std::uint16_t, To>;
    case DType::u8: return &convert<std::uint8_t, To>;
    case DType::boolean: return &convert<bool, To>;
    case DType::f8_e4m3fn: return &convert_float8<DType::f8_e4m3fn, To>;
    case DType::f8_e5m2: return &convert_float8<DType::f8_e5m2, To>;
    case DType::f8_e8m0fnu: return &convert_float8<DType::f8_e8m0fnu, To>;
    case DType::f8_e4m3fnuz: return &convert_float8<DType::f8_e4m3fnuz, To>;
    case DType::f8_e5m2fnuz: return &convert_float8<DType::f8_e5m2fnuz, To>;
    case DType::c64:
    case DType::c128: break;
    }
    return nullptr;
}

}  // namespace

Converter* converter_of(DType from, DType to) noexcept {
    switch (to) {
    case DType::f64: return converter_from<double>(from);
    case DType::f32: return converter_from<float>(from);
    case DType::bf16: return converter_from<bf16>(from);
    case DType::f16: return converter_from<f16>(from);
    default: return nullptr;
    }
}

double Tensor::item(const Context& context) const {
    if (!defined_ || numel_ != 1) {
        throw std::invalid_argument(fmt::format("Tensor.item: the tensor must have one element, got shape {}", shape_.to_string()));
    }
    Converter* convert_one = converter_of(dtype_, DType::f64);
    if (convert_one == nullptr) {
        throw std::invalid_argument(fmt::format("Tensor.item: dtype must be a real number, got {}", name(dtype_)));
    }
    if (device_.type != DeviceType::cpu) return to(Device{}, context).item();
    double value = 0;
    convert_one(static_cast<const std::byte*>(data_), reinterpret_cast<std::byte*>(&value), 1);
    return value;
}

Tensor Tensor::to(DType dtype, const Context& context) const {
    Tensor source = is_contiguous() ? *this : clone(context);
    if (dtype == dtype_) return is_contiguous() ? clone(context) : source;
    Converter* convert_all = converter_of(dtype_, dtype);
    if (convert_all == nullptr) {
        throw std::invalid_argument(
            fmt::format("Tensor.to: dtype must be float64, float32, bfloat16 or float16 and the source a real number, got {} from {}", name(dtype), name(dtype_)));
    }
    const bool on_device = device_.type != DeviceType::cpu;
    if (on_device && !is_floating_point(dtype_)) {
        throw std::invalid_argument(fmt::format("Tensor.to: a tensor of another dtype than those must be on the host, got {} on {}", name(dtype_), name(device_)));
    }
    Tensor result = empty(shape_, dtype, device_, context);
    if (on_device) {
        copy_on_devices(result, source, context);
        return result;
    }
    convert_all(static_cast<const std::byte*>(source.data()), static_cast<std::byte*>(result.mutable_data()), numel_);
    return result;
}

}  // namespace ravine::inline v0
