#include "device_parts.h"
#include "device_reduction.h"
#include "floating_point.h"
#include "line_sum.h"
#include <ravine/runtime/list_checks.h>
#include "reduction_blocks.h"
#include "workers.h"

#include <ravine/runtime/foreach.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace ravine::inline v0::foreach {
namespace {

constexpr std::int64_t block_rows = kernels::reduction_block;
/// Lines side by side in memory that are summed together.
constexpr std::int64_t widest_band = 64;
constexpr std::int64_t elements_per_task = 1 << 15;
constexpr std::size_t runs_per_thread = 8;

struct Root {
    static constexpr LineResult on_device = LineResult::norm;
    using Kind = kernels::Squares;
    static double finish(double sum, std::int64_t) { return std::sqrt(sum); }
};
struct Mean {
    static constexpr LineResult on_device = LineResult::mean;
    using Kind = kernels::Sums;
    static double finish(double sum, std::int64_t count) {
        return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
    }
};

struct Lines;
using ReduceBand = void(const Lines&, std::int64_t, double*) noexcept;

/// A row-major tensor seen as (outer, length, inner): lines along the middle, in bands of neighbours.
struct Lines {
    const std::byte* data;
    std::byte* out;
    std::int64_t length, inner;
    std::int64_t bands;           ///< in all
    std::int64_t bands_per_task;
    std::size_t first_task;
    ReduceBand* reduce;

    std::int64_t bands_per_outer() const noexcept { return (inner + widest_band - 1) / widest_band; }
    std::size_t tasks() const noexcept { return static_cast<std::size_t>((bands + bands_per_task - 1) / bands_per_task); }
    /// What `reduce` needs to write to.
    std::size_t partials() const noexcept { return static_cast<std::size_t>(kernels::reduction_blocks(length) * std::min(inner, widest_band)); }
    void run(std::size_t task, double* scratch) const noexcept {
        const std::int64_t first = static_cast<std::int64_t>(task - first_task) * bands_per_task;
        for (std::int64_t band = first; band < std::min(first + bands_per_task, bands); ++band) reduce(*this, band, scratch);
    }
};

/// Sums `count` rows of a band that is `width` wide into `sums`, 16 running sums for each line.
template <class Kind, class Storage>
void sum_block(const Storage* rows, std::int64_t count, std::int64_t inner, std::int64_t width, double* result) noexcept {
    double sums[kernels::running_sums][widest_band] = {};
    for (std::int64_t i = 0; i < count; ++i) {
        double* to = sums[i % kernels::running_sums];
        const Storage* row = rows + i * inner;
        for (std::int64_t c = 0; c < width; ++c) to[c] = Kind::join(to[c], static_cast<double>(kernels::storage_traits<Storage>::widen(row[c])));
    }
    for (int half = kernels::running_sums / 2; half > 0; half /= 2) {
        for (int j = 0; j < half; ++j) {
            for (std::int64_t c = 0; c < width; ++c) sums[j][c] = Kind::join_sums(sums[j][c], sums[j + half][c]);
        }
    }
    std::copy_n(sums[0], width, result);
}

template <class How, class Storage> void reduce_band(const Lines& lines, std::int64_t band, double* partials) noexcept {
    using Kind = typename How::Kind;
    const std::int64_t outer = band / lines.bands_per_outer(), column = band % lines.bands_per_outer() * widest_band;
    const std::int64_t width = std::min(widest_band, lines.inner - column);
    const auto* first = reinterpret_cast<const Storage*>(lines.data) + outer * lines.length * lines.inner + column;
    auto* out = reinterpret_cast<Storage*>(lines.out) + outer * lines.inner + column;
    const auto blocks = static_cast<std::int64_t>(kernels::reduction_blocks(lines.length));
    for (std::int64_t b = 0; b < blocks; ++b) {
        const std::int64_t count = std::min(block_rows, lines.length - b * block_rows);
        const Storage* rows = first + b * block_rows * lines.inner;
        if (lines.inner > 1) {
            double sums[widest_band];
            sum_block<Kind>(rows, count, lines.inner, width, sums);
            for (std::int64_t c = 0; c < width; ++c) partials[c * blocks + b] = sums[c];
        } else {
            partials[b] = reduce_block<Kind, Storage>(reinterpret_cast<const std::byte*>(rows), count);
        }
    }
    for (std::int64_t c = 0; c < width; ++c) {
        const double value = How::finish(reduce_blocks<Kind>(partials + c * blocks, blocks), lines.length);
        out[c] = kernels::storage_traits<Storage>::narrow(static_cast<kernels::compute_t<Storage>>(value));
    }
}

/// For the dtypes in their order.
template <class How>
constexpr std::array<ReduceBand*, 4> band_kernels = {&reduce_band<How, double>, &reduce_band<How, float>, &reduce_band<How, bf16>, &reduce_band<How, f16>};

/// The dimension of a tensor that `dim` means.
std::size_t checked_dimension(std::string_view who, const Tensor& tensor, std::int64_t dim, std::size_t index) {
    const auto dims = static_cast<std::int64_t>(tensor.dim());
    if (dim >= -dims && dim < dims) return static_cast<std::size_t>(dim < 0 ? dim + dims : dim);
    throw std::invalid_argument(fmt::format("{}: dim must be a dimension of every tensor, got {} for shape {} (tensor {})", who, dim,
                                            tensor.shape().to_string(), index));
}

Lines lines_of(const Tensor& tensor, const Tensor& out, std::size_t dim, std::size_t first_task, ReduceBand* reduce) {
    const Shape& shape = tensor.shape();
    std::int64_t outer = 1, inner = 1;
    for (std::size_t d = 0; d < dim; ++d) outer *= shape[d];
    for (std::size_t d = dim + 1; d < shape.size(); ++d) inner *= shape[d];
    Lines lines{static_cast<const std::byte*>(tensor.data()), static_cast<std::byte*>(out.mutable_data()), shape[dim], inner, 0, 1, first_task, reduce};
    lines.bands = outer * lines.bands_per_outer();
    lines.bands_per_task = std::max<std::int64_t>(1, elements_per_task / std::max<std::int64_t>(1, lines.length * std::min(inner, widest_band)));
    return lines;
}

template <class How> Tensors reduce_on_cpu(TensorList tensors, const std::vector<std::size_t>& dims, const Context& context) {
    Tensors row_major, result;
    std::vector<Lines> all;
    std::vector<std::uint32_t> owner;  // of each task
    std::size_t partials = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        Shape shape = tensors[i].shape();
        shape[dims[i]] = 1;
        result.push_back(empty(shape, tensors[i].dtype(), context));
        row_major.push_back(tensors[i].is_contiguous() ? tensors[i] : tensors[i].clone(context));
        all.push_back(lines_of(row_major[i], result[i], dims[i], owner.size(), band_kernels<How>[static_cast<std::size_t>(tensors[i].dtype())]));
        owner.insert(owner.end(), all[i].tasks(), static_cast<std::uint32_t>(i));
        partials = std::max(partials, all[i].partials());
    }
    Workers workers(tensors, context);
    const std::size_t runs = std::min(owner.size(), runs_per_thread * static_cast<std::size_t>(workers.executor().concurrency()));
    std::vector<double> scratch(runs * partials);
    const auto run = [&](std::size_t r) {
        const DefaultFloatingPoint mode;
        const std::size_t end = owner.size() * (r + 1) / runs;
        for (std::size_t task = owner.size() * r / runs; task < end; ++task) all[owner[task]].run(task, scratch.data() + r * partials);
    };
    if (runs > 0) workers.executor().parallel_for(runs, run);
    return result;
}

template <class How> Tensors reduce_over(std::string_view who, TensorList tensors, std::int64_t dim, const Context& context) {
    check_floating_point(who, "tensors", tensors);
    std::vector<std::size_t> dims;
    for (std::size_t i = 0; i < tensors.size(); ++i) dims.push_back(checked_dimension(who, tensors[i], dim, i));
    Tensors result(tensors.size());
    for (const DevicePart& part : device_parts(tensors)) {
        std::vector<std::size_t> own_dims;
        for (const std::size_t place : part.places) own_dims.push_back(dims[place]);
        const Tensors reduced = part.device.type == DeviceType::cpu ? reduce_on_cpu<How>(part.tensors, own_dims, context)
                                                                    : lines_on_device(who, part.tensors, own_dims, How::on_device, context);
        for (std::size_t i = 0; i < reduced.size(); ++i) result[part.places[i]] = reduced[i];
    }
    return result;
}

}  // namespace

Tensors norm_over(TensorList tensors, std::int64_t dim, const Context& context) {
    return reduce_over<Root>("foreach.norm_over", tensors, dim, context);
}

Tensors mean_over(TensorList tensors, std::int64_t dim, const Context& context) {
    return reduce_over<Mean>("foreach.mean_over", tensors, dim, context);
}

}  // namespace ravine::inline v0::foreach
