#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of WarmupCosineLR, which torch does not have.
struct WarmupCosineLROptions {
    required<std::int64_t> warmup_iters;  ///< steps until the base lr, from 0
    required<std::int64_t> total_iters;   ///< steps until eta_min, more than warmup_iters
    double start_factor = 0;              ///< of the base lr at the start, from 0 to 1
    double eta_min = 0;                   ///< the smallest lr
    std::int64_t last_epoch = -1;         ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "WarmupCosineLR";
    static constexpr auto fields() {
        using O = WarmupCosineLROptions;
        return std::tuple{optim::field("warmup_iters", &O::warmup_iters), optim::field("total_iters", &O::total_iters),
                          optim::field("start_factor", &O::start_factor), optim::field("eta_min", &O::eta_min),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const WarmupCosineLROptions& options);

/// Rises linearly from start_factor times the base lr to the base lr, then follows half a cosine down to eta_min, where it
/// stays. Sets the lr from the base lr, whatever it was before, so that any step can be jumped to.
using WarmupCosineLR = SchedulerOf<WarmupCosineLROptions>;

}  // namespace ravine::inline v0::sched
