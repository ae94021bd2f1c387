#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.ExponentialLR, under torch's names.
struct ExponentialLROptions {
    required<double> gamma;        ///< the factor
    std::int64_t last_epoch = -1;  ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "ExponentialLR";
    static constexpr auto fields() {
        using O = ExponentialLROptions;
        return std::tuple{optim::field("gamma", &O::gamma), optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const ExponentialLROptions& options);

/// Multiplies the lr by gamma every epoch.
using ExponentialLR = SchedulerOf<ExponentialLROptions>;

}  // namespace ravine::inline v0::sched
