#include "device_reduction.h"

#include "driver.h"

#include <ravine/kernels/grid_reduction.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

/// The tensors as a launch sees them, and what they need together.
struct Table {
    std::vector<kernels::ReducedTensor> rows;
    foreach::Tensors kept;  ///< until everything is in the stream
    long long blocks = 0, results = 0;
    long long most_blocks = 0;  ///< of one line

    /// `lines` is row-major and divided evenly.
    void add(const Tensor& lines, long long count, long long length, void* rounded) {
        const long long own = kernels::reduction_blocks(length);
        rows.push_back({lines.data(), rounded, count, length, blocks, results, static_cast<kernels::Storage>(lines.dtype())});
        kept.push_back(lines);
        blocks += own * count;
        results += count;
        most_blocks = std::max(most_blocks, own);
    }
    std::size_t bytes() const noexcept { return rows.size() * sizeof(kernels::ReducedTensor); }
};

/// Every launch of a reduction over a table that is on the device.
void launch_all(std::string_view who, kernels::GridReduction* kernel, kernels::Reduction reduction, long long most_blocks, Device device,
                CUstream_st* stream) {
    const auto launch = [&](kernels::ReductionPhase phase) {
        reduction.phase = phase;
        driver().start([&] { return kernel(reduction, stream); }, who, device.index);
    };
    if (reduction.block_count > 0) {
        launch(kernels::ReductionPhase::sum);
        launch(kernels::ReductionPhase::join_sums);
    }
    while (kernels::level_count(most_blocks, reduction.level) > 1) {
        launch(kernels::ReductionPhase::join_blocks);
        reduction.level += kernels::joined_levels;
    }
    if (reduction.result_count > 0) launch(kernels::ReductionPhase::finish);
}

void check_not_captured(std::string_view who, Device device, const Context& context) {
    if (!driver().is_capturing(device.index, context.stream)) return;
    throw std::runtime_error(fmt::format("{}: the stream must not be captured, since the table of tensors goes up in each call, got one that is", who));
}

/// The results in float64, one for each line.
Tensor reduce(std::string_view who, const Table& table, kernels::GridReduction* kernel, kernels::ReductionResult result, Device device,
              const Context& context) {
    const long long sums = table.blocks * kernels::running_sums;
    const Tensor rows = empty({static_cast<std::int64_t>(table.bytes())}, DType::u8, device, context);
    const Tensor scratch = empty({sums + table.blocks}, DType::f64, device, context);
    const Tensor results = empty({table.results}, DType::f64, device, context);
    driver().copy(rows.mutable_data(), table.rows.data(), table.bytes(), device.index, context.stream);
    kernels::Reduction reduction{};
    reduction.tensors = static_cast<const kernels::ReducedTensor*>(rows.data());
    reduction.sums = static_cast<double*>(scratch.mutable_data());
    reduction.blocks = reduction.sums + sums;
    reduction.results = static_cast<double*>(results.mutable_data());
    reduction.block_count = table.blocks;
    reduction.result_count = table.results;
    reduction.tensor_count = static_cast<int>(table.rows.size());
    reduction.result = result;
    launch_all(who, kernel, reduction, table.most_blocks, device, context.stream);
    return results;
}

Tensor row_major(const Tensor& tensor, const Context& context) { return tensor.is_contiguous() ? tensor : tensor.clone(context); }

/// A tensor with a dimension moved to the end, in row-major order.
Tensor lines_of(const Tensor& tensor, std::size_t dim, const Context& context) {
    Shape shape = tensor.shape(), strides = tensor.strides();
    std::rotate(shape.begin() + static_cast<std::ptrdiff_t>(dim), shape.begin() + static_cast<std::ptrdiff_t>(dim) + 1, shape.end());
    std::rotate(strides.begin() + static_cast<std::ptrdiff_t>(dim), strides.begin() + static_cast<std::ptrdiff_t>(dim) + 1, strides.end());
    return row_major(borrow(tensor.data(), tensor.dtype(), shape, {.strides = strides, .device = tensor.device()}), context);
}

}  // namespace

Tensor norms_on_device(foreach::TensorList tensors, Norm norm, foreach::TensorList rounded, const Context& context) {
    constexpr std::string_view who = "foreach.norm";
    const Device device = tensors.front().device();
    check_not_captured(who, device, context);
    Table table;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        table.add(row_major(tensors[i], context), 1, tensors[i].numel(), rounded.empty() ? nullptr : rounded[i].mutable_data());
    }
    const kernels::GridReductions& all = kernels::grid_reductions;
    kernels::GridReduction* kernel = norm == Norm::magnitudes ? all.magnitudes : norm == Norm::squares ? all.squares : all.largest;
    return reduce(who, table, kernel, norm == Norm::squares ? kernels::ReductionResult::root : kernels::ReductionResult::sum, device, context);
}

foreach::Tensors lines_on_device(std::string_view who, foreach::TensorList tensors, const std::vector<std::size_t>& dims, LineResult result,
                                 const Context& context) {
    const Device device = tensors.front().device();
    check_not_captured(who, device, context);
    foreach::Tensors reduced;
    Table table;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        Shape shape = tensors[i].shape();
        const std::int64_t length = shape[dims[i]];
        shape[dims[i]] = 1;
        reduced.push_back(empty(shape, tensors[i].dtype(), device, context));
        table.add(lines_of(tensors[i], dims[i], context), reduced[i].numel(), length, reduced[i].mutable_data());
    }
    const bool is_mean = result == LineResult::mean;
    (void)reduce(who, table, is_mean ? kernels::grid_reductions.sums : kernels::grid_reductions.squares,
                 is_mean ? kernels::ReductionResult::mean : kernels::ReductionResult::root, device, context);
    return reduced;
}

}  // namespace ravine::inline v0
