#pragma once
// Lines of elements by their numbers on a grid of threads: what sparse tensors store, out of a dense tensor and into it, and summed.

#include <ravine/kernels/grid_copy.h>

namespace ravine::inline v0::kernels {

/// Lines of `length` elements between a dense tensor, seen in row-major order of `sizes` with strides in elements, and packed ones.
/// All pointers lead to device memory.
struct LineCopy {
    const void* from;
    void* to;
    const long long* dense_lines;   ///< `count` numbers of lines
    const long long* packed_lines;  ///< theirs among the packed ones
    long long count, length;
    bool to_dense;
    int dims;
    long long sizes[max_copy_dims];
    long long strides[max_copy_dims];
};

/// Line s of `sums` is the sum of the lines `order[starts[s]]` to before `order[starts[s + 1]]` of `values`, in that order, each sum
/// rounded to the storage type. Both are packed.
struct LineSum {
    const void* values;
    void* sums;
    const long long* order;
    const long long* starts;  ///< one more than there are sums
    long long count, length;
};

using GridLineCopy = int(const LineCopy& copy, CUstream_st* stream) noexcept;
using GridLineSum = int(const LineSum& sum, CUstream_st* stream) noexcept;

/// Elements of 1, 2, 4, 8 and 16 bytes, and sums in the order of Storage. Null where the library has no kernels for a device.
struct GridLines {
    GridLineCopy* copy[5];
    GridLineSum* sum[storage_count];
};
extern const GridLines grid_lines;

template <class Item> RAVINE_HD void run_line_copy(const LineCopy& copy, unsigned block, int thread) {
    const long long i = static_cast<long long>(block) * block_threads + thread;
    if (i >= copy.count * copy.length) return;
    const long long line = i / copy.length, element = i % copy.length;
    const long long packed = copy.packed_lines[line] * copy.length + element;
    long long rest = copy.dense_lines[line] * copy.length + element, dense = 0;
    for (int d = copy.dims - 1; d >= 0; --d) {
        dense += rest % copy.sizes[d] * copy.strides[d];
        rest /= copy.sizes[d];
    }
    const auto* from = static_cast<const Item*>(copy.from);
    auto* to = static_cast<Item*>(copy.to);
    if (copy.to_dense) to[dense] = from[packed];
    else to[packed] = from[dense];
}

template <class Storage> RAVINE_HD void run_line_sum(const LineSum& sum, unsigned block, int thread) {
    using traits = storage_traits<Storage>;
    const long long i = static_cast<long long>(block) * block_threads + thread;
    if (i >= sum.count * sum.length) return;
    const long long line = i / sum.length, element = i % sum.length;
    const auto* values = static_cast<const Storage*>(sum.values);
    Storage total = values[sum.order[sum.starts[line]] * sum.length + element];
    for (long long k = sum.starts[line] + 1; k < sum.starts[line + 1]; ++k) {
        total = traits::narrow(traits::widen(total) + traits::widen(values[sum.order[k] * sum.length + element]));
    }
    static_cast<Storage*>(sum.sums)[i] = total;
}

}  // namespace ravine::inline v0::kernels
