#include <ravine/runtime/dlpack.h>

#include "dlpack_abi.h"
#include "invalid.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

namespace ravine::inline v0 {
namespace dlpack {
namespace {

constexpr std::pair<DType, Type> dl_types[] = {
    {DType::f64, {code_float, 64, 1}},   {DType::f32, {code_float, 32, 1}}, {DType::bf16, {code_bfloat, 16, 1}}, {DType::f16, {code_float, 16, 1}},
    {DType::i64, {code_int, 64, 1}},     {DType::i32, {code_int, 32, 1}},   {DType::i16, {code_int, 16, 1}},     {DType::i8, {code_int, 8, 1}},
    {DType::u64, {code_uint, 64, 1}},    {DType::u32, {code_uint, 32, 1}},  {DType::u16, {code_uint, 16, 1}},    {DType::u8, {code_uint, 8, 1}},
    {DType::boolean, {code_bool, 8, 1}}, {DType::c64, {code_complex, 64, 1}}, {DType::c128, {code_complex, 128, 1}},
    {DType::f8_e4m3fn, {code_float8_e4m3fn, 8, 1}},     {DType::f8_e5m2, {code_float8_e5m2, 8, 1}},         {DType::f8_e8m0fnu, {code_float8_e8m0fnu, 8, 1}},
    {DType::f8_e4m3fnuz, {code_float8_e4m3fnuz, 8, 1}}, {DType::f8_e5m2fnuz, {code_float8_e5m2fnuz, 8, 1}},
};

DType dtype_from(const Type& type) {
    const auto found = std::find_if(std::begin(dl_types), std::end(dl_types), [&](const auto& known) { return known.second == type; });
    if (found != std::end(dl_types)) return found->first;
    invalid("from_dlpack", "dtype must be one of DType's, of one lane", fmt::format("code {}, {} bits, {} lanes", type.code, type.bits, type.lanes));
}

Device device_from(const Array& array) {
    switch (array.device_type) {
    case on_cpu:
    case in_pinned_memory: return {};
    case on_cuda:
    case in_managed_memory: break;
    default: invalid("from_dlpack", "device must be the CPU or a CUDA device", fmt::format("device type {}", array.device_type));
    }
    using Index = decltype(Device::index);
    constexpr int most = std::numeric_limits<Index>::max();
    if (array.device_id < 0 || array.device_id > most) {
        invalid("from_dlpack", fmt::format("device_id must be from 0 to {}", most), fmt::format("{}", array.device_id));
    }
    return {DeviceType::cuda, static_cast<Index>(array.device_id)};
}

/// Strides of what has no element, or one in a dimension, may be anything.
Shape strides_from(const Array& array, const Shape& shape) {
    if (array.strides == nullptr) return contiguous_strides(shape);
    Shape strides(std::span<const std::int64_t>(array.strides, shape.size()));
    for (std::size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] <= 1) strides[d] = 1;
    }
    return strides;
}

/// `owner` keeps the memory, or its owner does.
Tensor tensor_from(const Array& array, bool read_only, std::shared_ptr<const void> owner) {
    const DType dtype = dtype_from(array.dtype);
    const Device device = device_from(array);
    if (array.ndim < 0 || array.ndim > most_dimensions) {
        invalid("from_dlpack", fmt::format("ndim must be from 0 to {}", most_dimensions), fmt::format("{}", array.ndim));
    }
    if (array.ndim > 0 && array.shape == nullptr) invalid("from_dlpack", "shape must not be null", "null");
    const Shape shape(std::span<const std::int64_t>(array.shape, static_cast<std::size_t>(array.ndim)));
    for (const std::int64_t size : shape) {
        if (size < 0) invalid("from_dlpack", "sizes must be >= 0", shape.to_string());
    }
    const BorrowOptions options{.strides = strides_from(array, shape), .device = device, .owner = std::move(owner)};
    auto* start = static_cast<std::byte*>(array.data);
    if (start != nullptr) start += array.byte_offset;
    if (read_only) return borrow(static_cast<const void*>(start), dtype, shape, options);
    return borrow(static_cast<void*>(start), dtype, shape, options);
}

/// Calls the deleter when the last copy goes.
template <class Managed> std::shared_ptr<const void> owned(Managed* managed) {
    return std::shared_ptr<const void>(managed, [managed](const void*) {
        if (managed->deleter != nullptr) managed->deleter(managed);
    });
}

/// What a managed tensor is made of; it is deleted as a whole.
template <class Managed> struct Exported {
    Managed managed;
    Tensor tensor;
    std::vector<std::int64_t> shape, strides;

    static void destroy(Managed* self) { delete static_cast<Exported*>(self->manager); }
};

template <class Managed> Managed* exported(const Tensor& tensor) {
    auto made = std::make_unique<Exported<Managed>>();
    made->tensor = tensor;
    made->shape.assign(tensor.shape().begin(), tensor.shape().end());
    for (std::size_t d = 0; d < tensor.dim(); ++d) made->strides.push_back(tensor.shape()[d] <= 1 ? 1 : tensor.strides()[d]);
    const auto type = std::find_if(std::begin(dl_types), std::end(dl_types), [&](const auto& known) { return known.first == tensor.dtype(); });
    const bool on_host = tensor.device().type == DeviceType::cpu;
    made->managed = {};
    made->managed.array = {.data = const_cast<void*>(tensor.data()),
                           .device_type = on_host ? on_cpu : on_cuda,
                           .device_id = on_host ? 0 : tensor.device().index,
                           .ndim = static_cast<std::int32_t>(tensor.dim()),
                           .dtype = type->second,
                           .shape = made->shape.data(),
                           .strides = made->strides.data(),
                           .byte_offset = 0};
    made->managed.manager = made.get();
    made->managed.deleter = &Exported<Managed>::destroy;
    return &made.release()->managed;
}

void check_exported(const char* who, const Tensor& tensor) {
    if (!tensor.defined()) invalid(who, "tensor must be defined", "an undefined one");
}

}  // namespace
}  // namespace dlpack

Tensor from_dlpack(DLManagedTensorVersioned* managed) {
    if (managed == nullptr) invalid("from_dlpack", "managed must not be null", "null");
    auto* versioned = reinterpret_cast<dlpack::Versioned*>(managed);
    auto owner = dlpack::owned(versioned);
    if (versioned->major != dlpack::major_version) {
        invalid("from_dlpack", fmt::format("version must be {}.x", dlpack::major_version), fmt::format("{}.{}", versioned->major, versioned->minor));
    }
    return dlpack::tensor_from(versioned->array, (versioned->flags & dlpack::flag_read_only) != 0, std::move(owner));
}

Tensor from_dlpack(DLManagedTensor* managed) {
    if (managed == nullptr) invalid("from_dlpack", "managed must not be null", "null");
    auto* legacy = reinterpret_cast<dlpack::Legacy*>(managed);
    return dlpack::tensor_from(legacy->array, false, dlpack::owned(legacy));
}

Tensor view_dlpack(const void* dl_tensor) {
    if (dl_tensor == nullptr) invalid("view_dlpack", "dl_tensor must not be null", "null");
    return dlpack::tensor_from(*static_cast<const dlpack::Array*>(dl_tensor), false, {});
}

DLManagedTensorVersioned* to_dlpack(const Tensor& tensor) {
    dlpack::check_exported("to_dlpack", tensor);
    auto* versioned = dlpack::exported<dlpack::Versioned>(tensor);
    versioned->major = dlpack::major_version;
    versioned->flags = tensor.read_only() ? dlpack::flag_read_only : 0;
    return reinterpret_cast<DLManagedTensorVersioned*>(versioned);
}

DLManagedTensor* to_dlpack_legacy(const Tensor& tensor) {
    dlpack::check_exported("to_dlpack_legacy", tensor);
    if (tensor.read_only()) invalid("to_dlpack_legacy", "tensor must be writable, or go out by to_dlpack", "a read-only one");
    return reinterpret_cast<DLManagedTensor*>(dlpack::exported<dlpack::Legacy>(tensor));
}

}  // namespace ravine::inline v0
