#include "floating_point.h"
#include "list_checks.h"
#include "strided.h"
#include "workers.h"

#include <ravine/runtime/foreach.h>

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <stdexcept>

namespace ravine::inline v0::foreach {
namespace {

constexpr std::int64_t block_elements = 4096;
constexpr std::int64_t running_sums = 16;
constexpr std::size_t tasks_per_thread = 8;

/// What a norm makes of its elements before the last root.
struct Magnitudes {
    static double join(double sum, double value) noexcept { return sum + std::fabs(value); }
};
struct Squares {
    static double join(double sum, double value) noexcept { return sum + value * value; }
};
struct Largest {
    static double join(double most, double value) noexcept {
        const double magnitude = std::fabs(value);
        return magnitude > most || magnitude != magnitude ? magnitude : most;
    }
};

/// Joins two halves of a tree: results of `join` are never negative, so sums add and the largest wins.
template <class Kind> double join_results(double a, double b) noexcept {
    if constexpr (std::is_same_v<Kind, Squares>) return a + b;
    else return Kind::join(a, b);
}

/// Pairwise: the second half, rounded down, is added to the first.
template <class Kind> double reduce(double* values, std::size_t count) noexcept {
    if (count == 0) return 0;
    while (count > 1) {
        const std::size_t half = (count + 1) / 2;
        for (std::size_t i = 0; i + half < count; ++i) values[i] = join_results<Kind>(values[i], values[i + half]);
        count = half;
    }
    return values[0];
}

template <class Kind, class Storage> double reduce_block(const std::byte* memory, std::int64_t count) noexcept {
    const auto* values = reinterpret_cast<const Storage*>(memory);
    const auto wide = [&](std::int64_t i) { return static_cast<double>(kernels::storage_traits<Storage>::widen(values[i])); };
    double sums[running_sums] = {};
    std::int64_t i = 0;
    for (; i + running_sums <= count; i += running_sums) {
        for (std::int64_t j = 0; j < running_sums; ++j) sums[j] = Kind::join(sums[j], wide(i + j));
    }
    for (std::int64_t j = 0; i + j < count; ++j) sums[j] = Kind::join(sums[j], wide(i + j));
    return reduce<Kind>(sums, running_sums);
}

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

template <class Kind> std::vector<double> reduce_all(TensorList given, const Context& context) {
    Tensors tensors(given.begin(), given.end());
    for (Tensor& tensor : tensors) {
        if (tensor.device().type != DeviceType::cpu) tensor = tensor.to(Device{}, context);
    }
    std::vector<Blocks> all;
    std::vector<std::uint32_t> owner;  // of each block
    for (const Tensor& tensor : tensors) {
        Blocks blocks{static_cast<const std::byte*>(tensor.data()), tensor.numel(), item_size(tensor.dtype()),
                      block_kernels<Kind>[static_cast<std::size_t>(tensor.dtype())], {}, owner.size()};
        if (!tensor.is_contiguous()) blocks.cursor.emplace(tensor.shape(), tensor.strides());
        const auto count = static_cast<std::size_t>((tensor.numel() + block_elements - 1) / block_elements);
        owner.insert(owner.end(), count, static_cast<std::uint32_t>(all.size()));
        all.push_back(std::move(blocks));
    }
    std::vector<double> partials(owner.size());
    Workers workers(tensors, context);
    const std::size_t tasks = std::min(partials.size(), tasks_per_thread * static_cast<std::size_t>(workers.executor().concurrency()));
    const auto run = [&](std::size_t task) {
        const DefaultFloatingPoint mode;
        const std::size_t end = partials.size() * (task + 1) / tasks;
        for (std::size_t b = partials.size() * task / tasks; b < end; ++b) partials[b] = all[owner[b]].partial(b);
    };
    if (tasks > 0) workers.executor().parallel_for(tasks, run);
    std::vector<double> result;
    const DefaultFloatingPoint mode;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t end = i + 1 < all.size() ? all[i + 1].first : partials.size();
        result.push_back(reduce<Kind>(partials.data() + all[i].first, end - all[i].first));
    }
    return result;
}

}  // namespace

std::vector<double> norms(TensorList tensors, double order, const Context& context) {
    check_floating_point("foreach.norm", "tensors", tensors);
    if (order == 1) return reduce_all<Magnitudes>(tensors, context);
    if (order == 2) {
        std::vector<double> result = reduce_all<Squares>(tensors, context);
        for (double& value : result) value = std::sqrt(value);
        return result;
    }
    if (order != INFINITY) throw std::invalid_argument(fmt::format("foreach.norm: order must be 1, 2 or inf, got {}", order));
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        if (tensors[i].numel() > 0) continue;
        throw std::invalid_argument(fmt::format("foreach.norm: a tensor must have elements for order inf, got shape {} (tensor {})",
                                                tensors[i].shape().to_string(), i));
    }
    return reduce_all<Largest>(tensors, context);
}

Tensors norm(TensorList tensors, double order, const Context& context) {
    const std::vector<double> values = norms(tensors, order, context);
    Tensors result;
    result.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) result.push_back(scalar_tensor(values[i], tensors[i].dtype(), context));
    return result;
}

}  // namespace ravine::inline v0::foreach
