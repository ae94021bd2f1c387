#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.CosineAnnealingLR, under torch's names.
struct CosineAnnealingLROptions {
    required<std::int64_t> T_max;  ///< epochs from the base lr to eta_min; not 0 (torch raises at the first step)
    double eta_min = 0;            ///< the smallest lr
    std::int64_t last_epoch = -1;  ///< other values resume: every group must have `initial_lr`
    static constexpr auto fields() {
        using O = CosineAnnealingLROptions;
        return std::tuple{optim::field("T_max", &O::T_max), optim::field("eta_min", &O::eta_min),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};

/// Follows half a cosine from the base lr down to eta_min, and up again: no restart (SGDR, Loshchilov & Hutter 2017).
///
/// Each step scales the distance of the current lr from eta_min, so that other schedulers on the same groups keep their
/// effect if eta_min is 0.
class RAVINE_API CosineAnnealingLR : public LRScheduler {
  public:
    /// std::invalid_argument: a bad option, an optimizer without groups. std::out_of_range: a group without `initial_lr`
    /// when resuming.
    CosineAnnealingLR(optim::Optimizer& optimizer, const CosineAnnealingLROptions& options);
};

}  // namespace ravine::inline v0::sched
