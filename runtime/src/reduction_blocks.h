#pragma once
#include "floating_point.h"

#include <ravine/kernels/reduction.h>
#include <ravine/runtime/context.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ravine::inline v0 {

/// Calls `each` with every block's number; no two calls share a block.
template <class F> void for_each_block(Executor& executor, std::size_t blocks, const F& each) {
    constexpr std::size_t tasks_per_thread = 8;
    const std::size_t tasks = std::min(blocks, tasks_per_thread * static_cast<std::size_t>(executor.concurrency()));
    const auto run = [&](std::size_t task) {
        const DefaultFloatingPoint mode;
        const std::size_t end = blocks * (task + 1) / tasks;
        for (std::size_t b = blocks * task / tasks; b < end; ++b) each(b);
    };
    if (tasks > 0) executor.parallel_for(tasks, run);
}

/// Joins the sums of blocks: all levels of the tree, each written over the lower one. 0 for none.
template <class Kind> double reduce_blocks(double* sums, std::int64_t count) noexcept {
    if (count == 0) return 0;
    for (; count > 1; count = kernels::level_count(count, 1)) {
        const std::int64_t upper = kernels::level_count(count, 1);
        for (std::int64_t i = 0; i < upper; ++i) sums[i] = kernels::tree_value<Kind, 1>(sums, count, i);
    }
    return sums[0];
}

}  // namespace ravine::inline v0
