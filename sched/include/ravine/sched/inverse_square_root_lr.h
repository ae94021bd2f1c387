#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of InverseSquareRootLR, which torch does not have.
struct InverseSquareRootLROptions {
    required<std::int64_t> warmup_iters;  ///< steps until the base lr, at least 1
    double start_factor = 0;              ///< of the base lr at the start, from 0 to 1
    std::int64_t last_epoch = -1;         ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "InverseSquareRootLR";
    static constexpr auto fields() {
        using O = InverseSquareRootLROptions;
        return std::tuple{optim::field("warmup_iters", &O::warmup_iters), optim::field("start_factor", &O::start_factor),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <> RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer,
                                                                        const InverseSquareRootLROptions& options);

/// Rises linearly from start_factor times the base lr to the base lr, then falls as 1 over the root of the step (Vaswani et al.
/// 2017). Sets the lr from the base lr, whatever it was before, so that any step can be jumped to.
using InverseSquareRootLR = SchedulerOf<InverseSquareRootLROptions>;

}  // namespace ravine::inline v0::sched
