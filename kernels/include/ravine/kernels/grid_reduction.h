#pragma once
// The tree of reduction.h on a grid of threads, over many tensors at once. It takes a few launches, since a thread sees what
// another one wrote only in a later launch: no barrier, so that a test can walk it thread by thread.

#include <ravine/kernels/grid.h>
#include <ravine/kernels/kernel_set.h>
#include <ravine/kernels/reduction.h>

namespace ravine::inline v0::kernels {

/// A tensor of a reduction: lines of elements in a device's memory, one after the other, each of which has a result.
struct ReducedTensor {
    const void* data;
    void* rounded;           ///< null, or where the results go in the tensor's type
    long long lines;
    long long count;         ///< elements of a line
    long long first_block;   ///< how many blocks the tensors before it have
    long long first_result;  ///< and how many lines
    Storage storage;         ///< its type
};

/// What is made of a sum.
enum class ReductionResult : int {
    sum,   ///< it
    root,  ///< its square root
    mean   ///< it over the elements of a line
};

/// The launches of a reduction, in their order.
enum class ReductionPhase : int {
    sum,          ///< a thread for each running sum
    join_sums,    ///< a thread for each block
    join_blocks,  ///< a thread for each block; again, `joined_levels` higher each time, until all of a line's are one
    finish        ///< a thread for each line
};
inline constexpr int joined_levels = 4;

/// One launch. All pointers lead to device memory.
struct Reduction {
    const ReducedTensor* tensors;
    double* sums;     ///< the running sums of each block
    double* blocks;   ///< a value for each block
    double* results;  ///< a value for each line
    long long block_count;
    long long result_count;
    int tensor_count;
    int level;        ///< of join_blocks: levels that were joined before
    ReductionResult result;
    ReductionPhase phase;
};

/// Starts a launch on a stream and returns the driver's error code.
using GridReduction = int(const Reduction& reduction, CUstream_st* stream) noexcept;

/// Null where the library has no kernels for a device.
struct GridReductions {
    GridReduction *magnitudes, *squares, *largest, *sums;
};
extern const GridReductions grid_reductions;

RAVINE_HD long long reduction_threads(const Reduction& reduction) {
    switch (reduction.phase) {
    case ReductionPhase::sum: return reduction.block_count * running_sums;
    case ReductionPhase::finish: return reduction.result_count;
    default: return reduction.block_count;
    }
}

/// The tensor that has a block or a result: the last one whose first is that or an earlier one. One without any begins where the
/// next does.
template <long long ReducedTensor::*first> RAVINE_HD const ReducedTensor& owner_of(const Reduction& reduction, long long number) {
    int low = 0, high = reduction.tensor_count - 1;
    while (low < high) {
        const int middle = low + (high - low + 1) / 2;
        if (reduction.tensors[middle].*first <= number) low = middle;
        else high = middle - 1;
    }
    return reduction.tensors[low];
}

/// A block's place in its line.
struct BlockPlace {
    const ReducedTensor& tensor;
    long long line, block;
};
RAVINE_HD BlockPlace place_of(const Reduction& reduction, long long block) {
    const ReducedTensor& tensor = owner_of<&ReducedTensor::first_block>(reduction, block);
    const long long own = block - tensor.first_block;
    if (tensor.lines == 1) return {tensor, 0, own};
    const long long blocks = reduction_blocks(tensor.count);
    return {tensor, own / blocks, own % blocks};
}
/// The number of a line's first block.
RAVINE_HD long long first_block(const ReducedTensor& tensor, long long line) { return tensor.first_block + line * reduction_blocks(tensor.count); }

/// Every sixteenth element from `first` on. Some are loaded before they are summed, so that loads do not wait for sums.
template <class Kind, class Storage> RAVINE_HD double running_sum(const Storage* values, long long first, long long end) {
    RAVINE_ASSUME_GLOBAL(values);
    constexpr int batch = 8;
    double sum = 0;
    long long i = first;
    RAVINE_ROLLED
    for (; i + (batch - 1) * running_sums < end; i += batch * running_sums) {
        double loaded[batch];
        RAVINE_UNROLL
        for (int b = 0; b < batch; ++b) loaded[b] = static_cast<double>(storage_traits<Storage>::widen(values[i + b * running_sums]));
        RAVINE_UNROLL
        for (int b = 0; b < batch; ++b) sum = Kind::join(sum, loaded[b]);
    }
    RAVINE_ROLLED
    for (; i < end; i += running_sums) sum = Kind::join(sum, static_cast<double>(storage_traits<Storage>::widen(values[i])));
    return sum;
}

template <class Kind> RAVINE_HD void sum_elements(const Reduction& reduction, long long block, int number) {
    const BlockPlace place = place_of(reduction, block);
    const ReducedTensor& tensor = place.tensor;
    const long long line = place.line * tensor.count, begin = place.block * reduction_block, first = line + begin + number;
    const long long end = line + (begin + reduction_block < tensor.count ? begin + reduction_block : tensor.count);
    double& sum = reduction.sums[block * running_sums + number];
    switch (tensor.storage) {
    case storage_f64: sum = running_sum<Kind>(static_cast<const double*>(tensor.data), first, end); break;
    case storage_f32: sum = running_sum<Kind>(static_cast<const float*>(tensor.data), first, end); break;
    case storage_bf16: sum = running_sum<Kind>(static_cast<const bf16*>(tensor.data), first, end); break;
    default: sum = running_sum<Kind>(static_cast<const f16*>(tensor.data), first, end);
    }
}

template <class Kind> RAVINE_HD void join_blocks(const Reduction& reduction, long long block) {
    const BlockPlace place = place_of(reduction, block);
    const long long count = level_count(reduction_blocks(place.tensor.count), reduction.level);
    if (place.block >= level_count(count, joined_levels)) return;
    double* values = reduction.blocks + first_block(place.tensor, place.line);
    values[place.block] = tree_value<Kind, joined_levels>(values, count, place.block);
}

template <class Storage> RAVINE_HD void store_result(void* to, long long at, double value) {
    static_cast<Storage*>(to)[at] = storage_traits<Storage>::narrow(static_cast<compute_t<Storage>>(value));
}

RAVINE_HD void finish_reduction(const Reduction& reduction, long long number) {
    const ReducedTensor& tensor = owner_of<&ReducedTensor::first_result>(reduction, number);
    const long long line = number - tensor.first_result;
    double value = tensor.count > 0 ? reduction.blocks[first_block(tensor, line)] : 0;
    if (reduction.result == ReductionResult::root) value = scalar<double>::sqrt(value);
    if (reduction.result == ReductionResult::mean) value = value / static_cast<double>(tensor.count);
    reduction.results[number] = value;
    if (tensor.rounded == nullptr) return;
    switch (tensor.storage) {
    case storage_f64: return store_result<double>(tensor.rounded, line, value);
    case storage_f32: return store_result<float>(tensor.rounded, line, value);
    case storage_bf16: return store_result<bf16>(tensor.rounded, line, value);
    default: return store_result<f16>(tensor.rounded, line, value);
    }
}

/// What thread `thread` of block `block` of the grid does.
template <class Kind> RAVINE_HD void run_reduction(const Reduction& reduction, unsigned block, int thread) {
    const long long i = static_cast<long long>(block) * block_threads + thread;
    if (i >= reduction_threads(reduction)) return;
    switch (reduction.phase) {
    case ReductionPhase::sum: return sum_elements<Kind>(reduction, i / running_sums, static_cast<int>(i % running_sums));
    case ReductionPhase::join_sums:
        reduction.blocks[i] = tree_value<Kind, running_sum_levels>(reduction.sums + i * running_sums, running_sums, 0);
        return;
    case ReductionPhase::join_blocks: return join_blocks<Kind>(reduction, i);
    case ReductionPhase::finish: return finish_reduction(reduction, i);
    }
}

}  // namespace ravine::inline v0::kernels
