#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.SequentialLR, under torch's names.
struct SequentialLROptions {
    std::vector<std::int64_t>
        milestones;                ///< the steps at which the next scheduler takes over: one fewer than there are schedulers
    std::int64_t last_epoch = -1;  ///< where its own count starts
    static constexpr std::string_view name = "SequentialLR";
    static constexpr auto fields() {
        using O = SequentialLROptions;
        return std::tuple{optim::field("milestones", &O::milestones), optim::field("last_epoch", &O::last_epoch)};
    }
};

/// One scheduler after another: `SequentialLR(optimizer, {LinearLR(optimizer), ExponentialLR(optimizer, {0.9})},
/// {.milestones = {5}})`. By name the option `schedulers` is a list of dicts, each with `type`.
///
/// At a milestone the next scheduler makes `step(0)`: it starts from the base lr, not from where the one before ended, unless it
/// has no closed form (MultiplicativeLR, SWALR). That warns (LogCode::epoch_deprecated), as in torch 2.8. As there, a scheduler
/// of schedulers can only be the first: another one is a std::invalid_argument at its milestone. `lr(step)` needs milestones
/// that are positive and rise.
class RAVINE_API SequentialLR : public LRScheduler {
  public:
    /// Takes back the initial steps of the schedulers, and makes that of the first one again. std::invalid_argument: no
    /// scheduler, one of another optimizer, a ReduceLROnPlateau, another number of milestones.
    SequentialLR(optim::Optimizer& optimizer, const std::vector<LRScheduler>& schedulers, const SequentialLROptions& options);
};

}  // namespace ravine::inline v0::sched
