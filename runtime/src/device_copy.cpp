#include "device_copy.h"

#include "driver.h"

#include <ravine/kernels/grid_copy.h>

#include <fmt/format.h>

#include <bit>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

bool is_host(const Tensor& tensor) noexcept { return tensor.device().type == DeviceType::cpu; }

kernels::GridCopy* copy_for(DType to, DType from) {
    if (to != from) return kernels::grid_copies.convert[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
    return kernels::grid_copies.same[std::countr_zero(item_size(to))];
}

/// Both on one device, in any layouts.
void copy_strided(const Tensor& to, const Tensor& from, const Context& context) {
    kernels::StridedCopy copy{from.data(), to.mutable_data(), to.numel(), 0, {}, {}, {}};
    for (std::size_t d = 0; d < to.dim(); ++d) {
        if (to.shape()[d] == 1) continue;
        if (copy.dims == kernels::max_copy_dims) {
            throw std::invalid_argument(fmt::format("copy_: a tensor on a device must have at most {} dimensions longer than 1, got shape {}",
                                                    kernels::max_copy_dims, to.shape().to_string()));
        }
        copy.sizes[copy.dims] = to.shape()[d];
        copy.from_strides[copy.dims] = from.strides()[d];
        copy.to_strides[copy.dims++] = to.strides()[d];
    }
    kernels::GridCopy* start = copy_for(to.dtype(), from.dtype());
    driver().start([&] { return start(copy, context.stream); }, "copy_", to.device().index);
}

/// Equal dtypes and layouts, anywhere.
void copy_bytes(const Tensor& to, const Tensor& from, const Context& context) {
    const int device = is_host(to) ? from.device().index : to.device().index;
    const bool between_devices = !is_host(to) && !is_host(from) && to.device() != from.device();
    if (between_devices) driver().synchronize(from.device().index, nullptr);
    driver().copy(to.mutable_data(), from.data(), to.nbytes(), device, context.stream);
    // Between devices too: what comes next on the other one may change the source.
    if (is_host(to) || between_devices) driver().synchronize(device, context.stream);
}

}  // namespace

void copy_on_devices(const Tensor& to, const Tensor& from, const Context& context) {
    if (to.numel() == 0 || to.is_same_view(from)) return;
    if (to.dtype() == from.dtype() && to.has_layout_of(from)) return copy_bytes(to, from, context);
    if (to.device() == from.device()) return copy_strided(to, from, context);
    // Row-major where it is, then across, then into its layout.
    const Tensor packed = from.is_contiguous() ? from : from.clone(context);
    const Tensor landed = to.is_contiguous() ? to : empty(to.shape(), to.dtype(), to.device(), context);
    copy_bytes(landed, packed, context);
    if (!to.is_contiguous()) to.copy_(landed, context);
}

void zero_on_device(const Tensor& tensor, const Context& context) {
    if (tensor.numel() == 0) return;
    if (tensor.is_dense()) return driver().zero(tensor.mutable_data(), tensor.nbytes(), tensor.device().index, context.stream);
    copy_strided(tensor, zeros_like(tensor, context), context);
}

}  // namespace ravine::inline v0
