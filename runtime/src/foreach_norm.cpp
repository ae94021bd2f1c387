#include "device_parts.h"
#include "device_reduction.h"
#include "floating_point.h"
#include "line_sum.h"
#include <ravine/runtime/list_checks.h>
#include "reduction_blocks.h"
#include "storage.h"
#include "strided.h"
#include "workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace ravine::inline v0::foreach {
namespace {

constexpr std::int64_t block_elements = kernels::reduction_block;

using ReduceBlock = double(const std::byte*, std::int64_t) noexcept;
/// For the dtypes in their order.
template <class Kind>
constexpr std::array<ReduceBlock*, 4> block_kernels = {&reduce_block<Kind, double>, &reduce_block<Kind, float>, &reduce_block<Kind, bf16>, &reduce_block<Kind, f16>};

/// One tensor as blocks of its elements in row-major order.
struct Blocks {
    const std::byte* data;
    std::int64_t count;
    std::size_t item;
    ReduceBlock* reduce;
    std::optional<StridedCursor> cursor;  ///< where it is not contiguous
    std::size_t first;                    ///< number of its first block

    double partial(std::size_t block) const noexcept {
        const std::int64_t begin = static_cast<std::int64_t>(block - first) * block_elements;
        const std::int64_t length = std::min(block_elements, count - begin);
        if (!cursor) return reduce(data + begin * static_cast<std::int64_t>(item), length);
        alignas(64) std::byte flat[block_elements * sizeof(double)];
        cursor->gather(data, begin, length, item, flat);
        return reduce(flat, length);
    }
};

template <class Kind> std::vector<double> reduce_all(TensorList tensors, const Context& context) {
    std::vector<Blocks> all;
    std::vector<std::uint32_t> owner;  // of each block
    for (const Tensor& tensor : tensors) {
        Blocks blocks{static_cast<const std::byte*>(tensor.data()), tensor.numel(), item_size(tensor.dtype()),
                      block_kernels<Kind>[static_cast<std::size_t>(tensor.dtype())], {}, owner.size()};
        if (!tensor.is_contiguous()) blocks.cursor.emplace(tensor.shape(), tensor.strides());
        const auto count = static_cast<std::size_t>(kernels::reduction_blocks(tensor.numel()));
        owner.insert(owner.end(), count, static_cast<std::uint32_t>(all.size()));
        all.push_back(std::move(blocks));
    }
    std::vector<double> partials(owner.size());
    Workers workers(tensors, context);
    for_each_block(workers.executor(), partials.size(), [&](std::size_t b) { partials[b] = all[owner[b]].partial(b); });
    std::vector<double> result;
    const DefaultFloatingPoint mode;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t end = i + 1 < all.size() ? all[i + 1].first : partials.size();
        result.push_back(reduce_blocks<Kind>(partials.data() + all[i].first, static_cast<std::int64_t>(end - all[i].first)));
    }
    return result;
}

std::vector<double> norms_on_cpu(TensorList tensors, Norm norm, const Context& context) {
    if (norm == Norm::magnitudes) return reduce_all<kernels::Magnitudes>(tensors, context);
    if (norm == Norm::largest) return reduce_all<kernels::Largest>(tensors, context);
    std::vector<double> result = reduce_all<kernels::Squares>(tensors, context);
    for (double& value : result) value = std::sqrt(value);
    return result;
}

Norm checked_norm(TensorList tensors, double order) {
    check_floating_point("foreach.norm", "tensors", tensors);
    if (order == 1) return Norm::magnitudes;
    if (order == 2) return Norm::squares;
    if (order != INFINITY) throw std::invalid_argument(fmt::format("foreach.norm: order must be 1, 2 or inf, got {}", order));
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        if (tensors[i].numel() > 0) continue;
        throw std::invalid_argument(fmt::format("foreach.norm: a tensor must have elements for order inf, got shape {} (tensor {})",
                                                tensors[i].shape().to_string(), i));
    }
    return Norm::largest;
}

/// Uninitialised 0-d tensors of the dtypes of `tensors`, in one block of their device.
Tensors empty_scalars(const DevicePart& part, const Context& context) {
    constexpr std::size_t room = sizeof(double);
    const auto storage = std::make_shared<Storage>(part.tensors.size() * room, part.device, Storage::Kind::device, context);
    Tensors result;
    for (const Tensor& tensor : part.tensors) result.push_back(slice_of(storage, result.size() * room, {}, {}, tensor.dtype()));
    return result;
}

Tensors norm_of_part(const DevicePart& part, Norm norm, const Context& context) {
    if (part.device.type != DeviceType::cpu) {
        Tensors result = empty_scalars(part, context);
        (void)norms_on_device(part.tensors, norm, result, context);
        return result;
    }
    Tensors result;
    const std::vector<double> values = norms_on_cpu(part.tensors, norm, context);
    for (std::size_t i = 0; i < values.size(); ++i) result.push_back(scalar_tensor(values[i], part.tensors[i].dtype(), context));
    return result;
}

std::vector<double> norms_of_part(const DevicePart& part, Norm norm, const Context& context) {
    if (part.device.type == DeviceType::cpu) return norms_on_cpu(part.tensors, norm, context);
    const Tensor values = norms_on_device(part.tensors, norm, {}, context).to(Device{}, context);
    const auto span = values.span<const double>();
    return {span.begin(), span.end()};
}

}  // namespace

std::vector<double> norms(TensorList tensors, double order, const Context& context) {
    const Norm norm = checked_norm(tensors, order);
    std::vector<double> result(tensors.size());
    for (const DevicePart& part : device_parts(tensors)) {
        const std::vector<double> values = norms_of_part(part, norm, context);
        for (std::size_t i = 0; i < values.size(); ++i) result[part.places[i]] = values[i];
    }
    return result;
}

Tensors norm(TensorList tensors, double order, const Context& context) {
    const Norm kind = checked_norm(tensors, order);
    Tensors result(tensors.size());
    for (const DevicePart& part : device_parts(tensors)) {
        const Tensors values = norm_of_part(part, kind, context);
        for (std::size_t i = 0; i < values.size(); ++i) result[part.places[i]] = values[i];
    }
    return result;
}

}  // namespace ravine::inline v0::foreach
