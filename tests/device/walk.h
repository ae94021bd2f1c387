#pragma once
// Kernels as a walk over all blocks and threads of a grid.

#include "simulated.h"

#include <ravine/kernels/instantiate_copy.h>
#include <ravine/kernels/instantiate_grid.h>
#include <ravine/kernels/instantiate_lines.h>
#include <ravine/kernels/instantiate_reduction.h>
#include <ravine/kernels/instantiate_scalars.h>

namespace ravine::inline v0::kernels {

/// Gives a stream the walk of a kernel over a grid.
template <class Kernel> int walk(CUstream_st* stream, unsigned blocks, Kernel kernel) noexcept {
    if (simulated::failure() != 0) return simulated::failure();
    simulated::enqueue(stream, [blocks, kernel] {
        for (unsigned block = 0; block < blocks; ++block) {
            for (int thread = 0; thread < block_threads; ++thread) kernel(block, thread);
        }
    });
    return 0;
}

template <class Rule, class V, class Storage>
int start(const Launch& launch, unsigned blocks, CUstream_st* stream) noexcept {
    return walk(stream, blocks, [launch](unsigned block, int thread) { run_grid<Rule, V, Storage>(launch, block, thread); });
}

template <class Rule> int start_scalars(const ScalarsLaunch& launch, CUstream_st* stream) noexcept {
    if (simulated::failure() != 0) return simulated::failure();
    simulated::enqueue(stream, [launch] { make_scalars<Rule>(launch); });
    return 0;
}

template <class From, class To> int start_copy(const StridedCopy& copy, CUstream_st* stream) noexcept {
    return walk(stream, copy_blocks(copy), [copy](unsigned block, int thread) { run_copy<From, To>(copy, block, thread); });
}

template <class Item> int start_line_copy(const LineCopy& copy, CUstream_st* stream) noexcept {
    return walk(stream, line_blocks(copy), [copy](unsigned block, int thread) { run_line_copy<Item>(copy, block, thread); });
}

template <class Storage> int start_line_sum(const LineSum& sum, CUstream_st* stream) noexcept {
    return walk(stream, line_blocks(sum), [sum](unsigned block, int thread) { run_line_sum<Storage>(sum, block, thread); });
}

template <class Kind> int start_reduction(const Reduction& reduction, CUstream_st* stream) noexcept {
    return walk(stream, reduction_grid(reduction), [reduction](unsigned block, int thread) { run_reduction<Kind>(reduction, block, thread); });
}

}  // namespace ravine::inline v0::kernels
