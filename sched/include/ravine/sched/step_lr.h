#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.StepLR, under torch's names.
struct StepLROptions {
    required<std::int64_t> step_size;  ///< epochs from one decay to the next; not 0 (torch raises at the first step)
    double gamma = 0.1;                ///< the factor
    std::int64_t last_epoch = -1;      ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "StepLR";
    static constexpr auto fields() {
        using O = StepLROptions;
        return std::tuple{optim::field("step_size", &O::step_size), optim::field("gamma", &O::gamma),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const StepLROptions& options);

/// Multiplies the lr by gamma every step_size epochs.
///
/// As in torch the resuming constructor decays once more when it lands on a multiple of step_size: prefer load_state_dict.
using StepLR = SchedulerOf<StepLROptions>;

}  // namespace ravine::inline v0::sched
