#pragma once
// What the device tests share: tensors on the device in every kind of layout.
#include "../complaints.h"
#include "../tensors.h"

#include <ravine/runtime/device.h>

#include <doctest/doctest.h>

#include <cstring>

namespace ravine::testing {

inline constexpr Device gpu{DeviceType::cuda, 0};
inline constexpr DType every_type[] = {DType::f64, DType::f32, DType::bf16, DType::f16};

/// How a copy lies in memory.
enum class Layout { packed, shifted, spread, columns };
inline constexpr Layout every_layout[] = {Layout::packed, Layout::shifted, Layout::spread, Layout::columns};

/// The same elements on the device: row-major, from an odd address, with gaps, or columns first.
inline Tensor place(const Tensor& host, Layout layout, const Context& context = {}) {
    const Shape& shape = host.shape();
    Shape strides = shape;
    const std::int64_t gap = layout == Layout::spread ? 3 : 1;
    std::int64_t stride = gap;
    const bool reversed = layout == Layout::columns;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const std::size_t d = reversed ? i : shape.size() - 1 - i;
        strides[d] = stride;
        stride *= std::max<std::int64_t>(shape[d], 1);
    }
    const std::int64_t offset = layout == Layout::packed ? 0 : 1;
    const Tensor memory = zeros({std::max<std::int64_t>(stride, 1) + offset}, host.dtype(), gpu, context);
    // A view that keeps its memory: a row of the block, as engines hand them out.
    static std::vector<Tensor> kept;
    kept.push_back(memory);
    auto* first = static_cast<std::byte*>(memory.mutable_data()) + offset * static_cast<std::int64_t>(item_size(host.dtype()));
    const Tensor result = borrow(static_cast<void*>(first), host.dtype(), shape, {.strides = strides, .device = gpu});
    result.copy_(host, context);
    return result;
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
    const Tensor left = a.to(Device{}), right = b.to(Device{});
    return left.dtype() == right.dtype() && left.shape() == right.shape() && std::memcmp(left.data(), right.data(), left.nbytes()) == 0;
}

}  // namespace ravine::testing
