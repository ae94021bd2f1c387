#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of WarmupStableDecayLR, which torch does not have.
struct WarmupStableDecayLROptions {
    required<std::int64_t> warmup_iters;  ///< steps until the base lr, from 0
    required<std::int64_t> stable_iters;  ///< steps with the base lr, from 0
    required<std::int64_t> decay_iters;   ///< steps of the decay, at least 1
    std::string decay = "linear";         ///< or "cosine", "1-sqrt": 1 minus the root of the part of the decay that is done
    double start_factor = 0;              ///< of the base lr at the start, from 0 to 1
    double end_factor = 0;                ///< of the base lr at the end, from 0 to 1
    std::int64_t last_epoch = -1;         ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "WarmupStableDecayLR";
    static constexpr auto fields() {
        using O = WarmupStableDecayLROptions;
        return std::tuple{optim::field("warmup_iters", &O::warmup_iters), optim::field("stable_iters", &O::stable_iters),
                          optim::field("decay_iters", &O::decay_iters),   optim::field("decay", &O::decay),
                          optim::field("start_factor", &O::start_factor), optim::field("end_factor", &O::end_factor),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <> RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer,
                                                                        const WarmupStableDecayLROptions& options);

/// Rises linearly from start_factor times the base lr to the base lr, stays there, and falls to end_factor times the base lr,
/// where it stays (WSD: Hu et al. 2024, Hägele et al. 2024). Sets the lr from the base lr, whatever it was before, so that any
/// step can be jumped to.
using WarmupStableDecayLR = SchedulerOf<WarmupStableDecayLROptions>;

}  // namespace ravine::inline v0::sched
