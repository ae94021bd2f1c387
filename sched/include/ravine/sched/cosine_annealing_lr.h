#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.CosineAnnealingLR, under torch's names.
struct CosineAnnealingLROptions {
    required<std::int64_t> T_max;  ///< epochs from the base lr to eta_min; not 0 (torch raises at the first step)
    double eta_min = 0;            ///< the smallest lr
    std::int64_t last_epoch = -1;  ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "CosineAnnealingLR";
    static constexpr auto fields() {
        using O = CosineAnnealingLROptions;
        return std::tuple{optim::field("T_max", &O::T_max), optim::field("eta_min", &O::eta_min),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <> RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer,
                                                                        const CosineAnnealingLROptions& options);

/// Follows half a cosine from the base lr down to eta_min, and up again: no restart (SGDR, Loshchilov & Hutter 2017).
///
/// Each step scales the distance of the current lr from eta_min, so that other schedulers on the same groups keep their
/// effect if eta_min is 0.
using CosineAnnealingLR = SchedulerOf<CosineAnnealingLROptions>;

}  // namespace ravine::inline v0::sched
