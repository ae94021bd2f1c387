#pragma once
// Kernels as a walk over all blocks and threads of a grid.

#include "simulated.h"

#include <ravine/kernels/instantiate_copy.h>
#include <ravine/kernels/instantiate_grid.h>
#include <ravine/kernels/instantiate_reduction.h>
#include <ravine/kernels/instantiate_scalars.h>

namespace ravine::inline v0::kernels {

template <class Rule, class V, class Storage>
int start(const Launch& launch, unsigned blocks, CUstream_st* stream) noexcept {
    if (simulated::failure() != 0) return simulated::failure();
    simulated::enqueue(stream, [launch, blocks] {
        for (unsigned block = 0; block < blocks; ++block) {
            for (int thread = 0; thread < block_threads; ++thread) run_grid<Rule, V, Storage>(launch, block, thread);
        }
    });
    return 0;
}

template <class Rule> int start_scalars(const ScalarsLaunch& launch, CUstream_st* stream) noexcept {
    if (simulated::failure() != 0) return simulated::failure();
    simulated::enqueue(stream, [launch] { make_scalars<Rule>(launch); });
    return 0;
}

template <class From, class To> int start_copy(const StridedCopy& copy, CUstream_st* stream) noexcept {
    if (simulated::failure() != 0) return simulated::failure();
    simulated::enqueue(stream, [copy] {
        for (unsigned block = 0; block < copy_blocks(copy); ++block) {
            for (int thread = 0; thread < block_threads; ++thread) run_copy<From, To>(copy, block, thread);
        }
    });
    return 0;
}

template <class Kind> int start_reduction(const Reduction& reduction, CUstream_st* stream) noexcept {
    if (simulated::failure() != 0) return simulated::failure();
    simulated::enqueue(stream, [reduction] {
        for (unsigned block = 0; block < reduction_grid(reduction); ++block) {
            for (int thread = 0; thread < block_threads; ++thread) run_reduction<Kind>(reduction, block, thread);
        }
    });
    return 0;
}

}  // namespace ravine::inline v0::kernels
