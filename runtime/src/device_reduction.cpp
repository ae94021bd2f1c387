#include "device_reduction.h"

#include "driver.h"

#include <ravine/kernels/grid_reduction.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

constexpr std::string_view who = "foreach.norm";

/// The tensors as a launch sees them, and what they need together.
struct Table {
    std::vector<kernels::ReducedTensor> rows;
    std::size_t blocks = 0;
    long long most_blocks = 0;  ///< of one tensor

    void add(const Tensor& flat, void* rounded) {
        const long long count = flat.numel(), own = kernels::reduction_blocks(count);
        rows.push_back({flat.data(), rounded, count, static_cast<long long>(blocks), static_cast<kernels::Storage>(flat.dtype())});
        blocks += static_cast<std::size_t>(own);
        most_blocks = std::max(most_blocks, own);
    }
    std::size_t bytes() const noexcept { return rows.size() * sizeof(kernels::ReducedTensor); }
};

kernels::GridReduction* kernel_of(Norm norm) noexcept {
    if (norm == Norm::magnitudes) return kernels::grid_reductions.magnitudes;
    return norm == Norm::squares ? kernels::grid_reductions.squares : kernels::grid_reductions.largest;
}

/// Every launch of a reduction over a table that is on the device.
void launch_all(kernels::Reduction reduction, long long most_blocks, Norm norm, Device device, CUstream_st* stream) {
    const auto launch = [&](kernels::ReductionPhase phase) {
        reduction.phase = phase;
        driver().start([&] { return kernel_of(norm)(reduction, stream); }, who, device.index);
    };
    if (reduction.block_count > 0) {
        launch(kernels::ReductionPhase::sum);
        launch(kernels::ReductionPhase::join_sums);
    }
    while (kernels::level_count(most_blocks, reduction.level) > 1) {
        launch(kernels::ReductionPhase::join_blocks);
        reduction.level += kernels::joined_levels;
    }
    launch(kernels::ReductionPhase::finish);
}

}  // namespace

Tensor norms_on_device(foreach::TensorList tensors, Norm norm, foreach::TensorList rounded, const Context& context) {
    const Device device = tensors.front().device();
    if (driver().is_capturing(device.index, context.stream)) {
        throw std::runtime_error("foreach.norm: the stream must not be captured, since the table of tensors goes up in each call, got one that is");
    }
    foreach::Tensors flat;  // kept until everything is in the stream
    Table table;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        flat.push_back(tensors[i].is_contiguous() ? tensors[i] : tensors[i].clone(context));
        table.add(flat.back(), rounded.empty() ? nullptr : rounded[i].mutable_data());
    }
    const std::size_t sums = table.blocks * kernels::running_sums;
    const Tensor rows = empty({static_cast<std::int64_t>(table.bytes())}, DType::u8, device, context);
    const Tensor scratch = empty({static_cast<std::int64_t>(sums + table.blocks)}, DType::f64, device, context);
    const Tensor results = empty({static_cast<std::int64_t>(tensors.size())}, DType::f64, device, context);
    driver().copy(rows.mutable_data(), table.rows.data(), table.bytes(), device.index, context.stream);
    kernels::Reduction reduction{};
    reduction.tensors = static_cast<const kernels::ReducedTensor*>(rows.data());
    reduction.sums = static_cast<double*>(scratch.mutable_data());
    reduction.blocks = reduction.sums + sums;
    reduction.results = static_cast<double*>(results.mutable_data());
    reduction.block_count = static_cast<long long>(table.blocks);
    reduction.tensor_count = static_cast<int>(tensors.size());
    reduction.root = norm == Norm::squares;
    launch_all(reduction, table.most_blocks, norm, device, context.stream);
    return results;
}

}  // namespace ravine::inline v0
