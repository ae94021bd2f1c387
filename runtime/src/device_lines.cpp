#include "device_lines.h"

#include "driver.h"

#include <ravine/kernels/grid_lines.h>

#include <fmt/format.h>

#include <bit>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace ravine::inline v0 {
namespace {

constexpr std::string_view sparse_tensor = "SparseTensor";

/// Numbers in the memory of a device. Both kinds of number are the same to it.
Tensor uploaded(std::span<const std::int64_t> numbers, Device device, const Context& context) {
    const Tensor result = empty({static_cast<std::int64_t>(numbers.size())}, DType::i64, device, context);
    driver().copy(result.mutable_data(), numbers.data(), numbers.size_bytes(), device.index, context.stream);
    return result;
}

const long long* numbers_in(const Tensor& tensor) { return static_cast<const long long*>(tensor.data()); }

void see_layout(const Tensor& dense, kernels::LineCopy& copy) {
    for (std::size_t d = 0; d < dense.dim(); ++d) {
        if (dense.shape()[d] == 1) continue;
        if (copy.dims == kernels::max_copy_dims) {
            throw std::invalid_argument(fmt::format("{}: a tensor on a device must have at most {} dimensions longer than 1, got shape {}", sparse_tensor,
                                                    kernels::max_copy_dims, dense.shape().to_string()));
        }
        copy.sizes[copy.dims] = dense.shape()[d];
        copy.strides[copy.dims++] = dense.strides()[d];
    }
}

void copy_lines(kernels::LineCopy copy, const Tensor& dense, std::span<const std::int64_t> lines, std::span<const std::int64_t> packed_lines,
                const Context& context) {
    if (lines.empty() || copy.length == 0) return;
    see_layout(dense, copy);
    const Device device = dense.device();
    const Tensor dense_numbers = uploaded(lines, device, context), packed_numbers = uploaded(packed_lines, device, context);
    copy.dense_lines = numbers_in(dense_numbers);
    copy.packed_lines = numbers_in(packed_numbers);
    copy.count = static_cast<long long>(lines.size());
    kernels::GridLineCopy* start = kernels::grid_lines.copy[std::countr_zero(item_size(dense.dtype()))];
    driver().start([&] { return start(copy, context.stream); }, sparse_tensor, device.index);
}

}  // namespace

void gather_lines(const Tensor& dense, std::span<const std::int64_t> lines, std::int64_t length, const Tensor& packed, const Context& context) {
    std::vector<std::int64_t> packed_lines(lines.size());
    std::iota(packed_lines.begin(), packed_lines.end(), std::int64_t{0});
    kernels::LineCopy copy{};
    copy.from = dense.data();
    copy.to = packed.mutable_data();
    copy.length = length;
    copy_lines(copy, dense, lines, packed_lines, context);
}

void scatter_lines(const Tensor& packed, std::span<const std::int64_t> packed_lines, std::span<const std::int64_t> lines, std::int64_t length,
                   const Tensor& dense, const Context& context) {
    kernels::LineCopy copy{};
    copy.from = packed.data();
    copy.to = dense.mutable_data();
    copy.length = length;
    copy.to_dense = true;
    copy_lines(copy, dense, lines, packed_lines, context);
}

void sum_lines(const Tensor& values, std::span<const std::int64_t> order, std::span<const std::int64_t> starts, std::int64_t length,
               const Tensor& sums, const Context& context) {
    if (sums.numel() == 0) return;
    const Device device = values.device();
    const Tensor order_there = uploaded(order, device, context), starts_there = uploaded(starts, device, context);
    const kernels::LineSum sum{values.data(), sums.mutable_data(), numbers_in(order_there), numbers_in(starts_there),
                               static_cast<long long>(starts.size()) - 1, length};
    kernels::GridLineSum* start = kernels::grid_lines.sum[static_cast<std::size_t>(values.dtype())];
    driver().start([&] { return start(sum, context.stream); }, sparse_tensor, device.index);
}

}  // namespace ravine::inline v0
