#include <ravine/runtime/tensor.h>

#include "device_copy.h"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

template <class From> double read(const std::byte* at) {
    From value;
    std::memcpy(&value, at, sizeof value);
    return static_cast<double>(kernels::storage_traits<From>::widen(value));
}

using Reader = double(const std::byte*);

/// Null for dtypes that are not numbers.
Reader* reader_of(DType dtype) noexcept {
    switch (dtype) {
    case DType::f64: return &read<double>;
    case DType::f32: return &read<float>;
    case DType::bf16: return &read<bf16>;
    case DType::f16: return &read<f16>;
    case DType::i64: return &read<std::int64_t>;
    case DType::i32: return &read<std::int32_t>;
    case DType::i16: return &read<std::int16_t>;
    case DType::i8: return &read<std::int8_t>;
    case DType::u64: return &read<std::uint64_t>;
    case DType::u32: return &read<std::uint32_t>;
    case DType::u16: return &read<std::uint16_t>;
    case DType::u8: return &read<std::uint8_t>;
    case DType::boolean: return &read<bool>;
    default: return nullptr;
    }
}

template <class To> void write(std::byte* at, double value) {
    const To result = kernels::storage_traits<To>::narrow(static_cast<kernels::compute_t<To>>(value));
    std::memcpy(at, &result, sizeof result);
}

using Writer = void(std::byte*, double);

Writer* writer_of(DType dtype) noexcept {
    switch (dtype) {
    case DType::f64: return &write<double>;
    case DType::f32: return &write<float>;
    case DType::bf16: return &write<bf16>;
    case DType::f16: return &write<f16>;
    default: return nullptr;
    }
}

}  // namespace

double Tensor::item(const Context& context) const {
    if (!defined_ || numel_ != 1) {
        throw std::invalid_argument(fmt::format("Tensor.item: the tensor must have one element, got shape {}", shape_.to_string()));
    }
    Reader* read_one = reader_of(dtype_);
    if (read_one == nullptr) {
        throw std::invalid_argument(fmt::format("Tensor.item: dtype must be a real number, got {}", name(dtype_)));
    }
    if (device_.type != DeviceType::cpu) return to(Device{}, context).item();
    return read_one(static_cast<const std::byte*>(data_));
}

Tensor Tensor::to(DType dtype, const Context& context) const {
    Tensor source = is_contiguous() ? *this : clone(context);
    if (dtype == dtype_) return is_contiguous() ? clone(context) : source;
    Reader* read_one = reader_of(dtype_);
    Writer* write_one = writer_of(dtype);
    if (read_one == nullptr || write_one == nullptr) {
        throw std::invalid_argument(
            fmt::format("Tensor.to: dtype must be float64, float32, bfloat16 or float16 and the source a real number, got {} from {}", name(dtype), name(dtype_)));
    }
    const bool on_device = device_.type != DeviceType::cpu;
    if (on_device && !is_floating_point(dtype_)) {
        throw std::invalid_argument(fmt::format("Tensor.to: an integer tensor must be on the host, got {} on {}", name(dtype_), name(device_)));
    }
    Tensor result = empty(shape_, dtype, device_, context);
    if (on_device) {
        copy_on_devices(result, source, context);
        return result;
    }
    const auto* from = static_cast<const std::byte*>(source.data());
    auto* to = static_cast<std::byte*>(result.mutable_data());
    for (std::int64_t i = 0; i < numel_; ++i) {
        write_one(to, read_one(from));
        from += item_size(dtype_);
        to += item_size(dtype);
    }
    return result;
}

}  // namespace ravine::inline v0
