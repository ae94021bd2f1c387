#include <ravine/runtime/tensor.h>

#include "strided.h"

#include <algorithm>

namespace ravine::inline v0 {

void visit_bytes(const Tensor& tensor, function_ref<void(std::span<const std::byte>)> visit) {
    if (tensor.device().type != DeviceType::cpu) return visit_bytes(tensor.to(Device{}), visit);
    const auto* data = static_cast<const std::byte*>(tensor.data());
    if (tensor.is_contiguous()) return visit({data, tensor.nbytes()});
    constexpr std::int64_t tile = 4096;
    const std::size_t item = item_size(tensor.dtype());
    std::byte flat[tile * 16];
    const StridedCursor cursor(tensor.shape(), tensor.strides());
    for (std::int64_t first = 0; first < tensor.numel(); first += tile) {
        const std::int64_t count = std::min(tile, tensor.numel() - first);
        cursor.gather(data, first, count, item, flat);
        visit({flat, static_cast<std::size_t>(count) * item});
    }
}

}  // namespace ravine::inline v0
