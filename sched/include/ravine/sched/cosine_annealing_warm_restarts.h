#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, under torch's names.
struct CosineAnnealingWarmRestartsOptions {
    required<std::int64_t> T_0;    ///< epochs of the first period, at least 1
    std::int64_t T_mult = 1;       ///< factor of the period at each restart, at least 1
    double eta_min = 0;            ///< the smallest lr
    std::int64_t last_epoch = -1;  ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "CosineAnnealingWarmRestarts";
    static constexpr auto fields() {
        using O = CosineAnnealingWarmRestartsOptions;
        return std::tuple{optim::field("T_0", &O::T_0), optim::field("T_mult", &O::T_mult),
                          optim::field("eta_min", &O::eta_min), optim::field("last_epoch", &O::last_epoch)};
    }
};
template <> RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer,
                                                                        const CosineAnnealingWarmRestartsOptions& options);

/// Follows half a cosine from the base lr down to eta_min, then starts again with a period that is T_mult times as long (SGDR,
/// Loshchilov & Hutter 2017). `step(epoch)` takes fractions, so that it can be called after every batch: `step(epoch + batch /
/// batches)`. It never warns.
///
/// As in torch, T_mult values such as 3 and 10 have restarts at which `step(epoch)` is rounded to the end of the period before,
/// and the resuming constructor handles the first period only: prefer load_state_dict.
class CosineAnnealingWarmRestarts : public SchedulerOf<CosineAnnealingWarmRestartsOptions> {
  public:
    using SchedulerOf::SchedulerOf;
    using LRScheduler::step;
    /// std::invalid_argument for a negative epoch.
    template <std::floating_point Number> void step(Number epoch) { step_with(static_cast<double>(epoch)); }
};

}  // namespace ravine::inline v0::sched
