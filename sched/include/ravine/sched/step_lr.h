#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.StepLR, under torch's names.
struct StepLROptions {
    required<std::int64_t> step_size;  ///< epochs from one decay to the next; not 0 (torch raises at the first step)
    double gamma = 0.1;                ///< the factor
    std::int64_t last_epoch = -1;      ///< other values resume: every group must have `initial_lr`
    static constexpr auto fields() {
        using O = StepLROptions;
        return std::tuple{optim::field("step_size", &O::step_size), optim::field("gamma", &O::gamma),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};

/// Multiplies the lr by gamma every step_size epochs.
///
/// As in torch the resuming constructor decays once more when it lands on a multiple of step_size: prefer load_state_dict.
class RAVINE_API StepLR : public LRScheduler {
  public:
    /// std::invalid_argument: a bad option, an optimizer without groups. std::out_of_range: a group without `initial_lr`
    /// when resuming.
    StepLR(optim::Optimizer& optimizer, const StepLROptions& options);
};

}  // namespace ravine::inline v0::sched
