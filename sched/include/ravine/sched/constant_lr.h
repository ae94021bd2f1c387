#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.ConstantLR, under torch's names.
struct ConstantLROptions {
    double factor = 1.0 / 3;       ///< from 0 to 1
    std::int64_t total_iters = 5;  ///< epochs with the factor
    std::int64_t last_epoch = -1;  ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "ConstantLR";
    static constexpr auto fields() {
        using O = ConstantLROptions;
        return std::tuple{optim::field("factor", &O::factor), optim::field("total_iters", &O::total_iters),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const ConstantLROptions& options);

/// Multiplies the lr by factor at the start, and by 1 / factor after total_iters epochs.
///
/// As in torch a total_iters of 0 keeps the factor for ever when stepped, but not in the closed form; a factor of 0 is an error
/// at the step that would divide by it.
using ConstantLR = SchedulerOf<ConstantLROptions>;

}  // namespace ravine::inline v0::sched
