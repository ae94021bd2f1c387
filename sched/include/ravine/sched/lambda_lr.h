#pragma once
#include <ravine/sched/function.h>
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.LambdaLR, under torch's names.
struct LambdaLROptions {
    Functions lr_lambda;           ///< the factor at an epoch; one for all groups or one for each
    std::int64_t last_epoch = -1;  ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "LambdaLR";
    static constexpr auto fields() {
        using O = LambdaLROptions;
        return std::tuple{optim::field("lr_lambda", &O::lr_lambda), optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const LambdaLROptions& options);

/// Sets the lr to the base lr times a function of the epoch, whatever it was before: it overrides schedulers called earlier.
///
/// By name the functions are `{"table": [...]}`, the value at min(epoch, last), or `{"power": [base, exponent_scale]}`, which
/// is base ** (epoch * exponent_scale); a list has one for each group. The state has what a function object keeps (see
/// Function). What a function throws passes through `step`, which then has changed nothing.
using LambdaLR = SchedulerOf<LambdaLROptions>;

}  // namespace ravine::inline v0::sched
