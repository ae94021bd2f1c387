#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.LinearLR, under torch's names.
struct LinearLROptions {
    double start_factor = 1.0 / 3;  ///< above 0, at most 1
    double end_factor = 1;          ///< from 0 to 1
    std::int64_t total_iters = 5;   ///< epochs from one to the other
    std::int64_t last_epoch = -1;   ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "LinearLR";
    static constexpr auto fields() {
        using O = LinearLROptions;
        return std::tuple{optim::field("start_factor", &O::start_factor), optim::field("end_factor", &O::end_factor),
                          optim::field("total_iters", &O::total_iters), optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const LinearLROptions& options);

/// Moves the factor of the lr from start_factor to end_factor in equal steps over total_iters epochs.
using LinearLR = SchedulerOf<LinearLROptions>;

}  // namespace ravine::inline v0::sched
