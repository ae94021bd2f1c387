#pragma once
#include <ravine/sched/milestones.h>
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.MultiStepLR, under torch's names.
struct MultiStepLROptions {
    Milestones milestones;         ///< epochs, in any order; one that is listed twice counts twice
    double gamma = 0.1;            ///< the factor
    std::int64_t last_epoch = -1;  ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "MultiStepLR";
    static constexpr auto fields() {
        using O = MultiStepLROptions;
        return std::tuple{optim::field("milestones", &O::milestones), optim::field("gamma", &O::gamma),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const MultiStepLROptions& options);

/// Multiplies the lr by gamma at each milestone, once for each time that it is listed.
///
/// As in torch the resuming constructor decays once more when it lands on a milestone: prefer load_state_dict.
using MultiStepLR = SchedulerOf<MultiStepLROptions>;

}  // namespace ravine::inline v0::sched
