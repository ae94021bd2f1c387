#pragma once
#include <ravine/sched/function.h>
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.MultiplicativeLR, under torch's names.
struct MultiplicativeLROptions {
    Functions lr_lambda;           ///< the factor of a step; one for all groups or one for each
    std::int64_t last_epoch = -1;  ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "MultiplicativeLR";
    static constexpr auto fields() {
        using O = MultiplicativeLROptions;
        return std::tuple{optim::field("lr_lambda", &O::lr_lambda), optim::field("last_epoch", &O::last_epoch)};
    }
};
template <> RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer,
                                                                        const MultiplicativeLROptions& options);

/// Multiplies the lr by a function of the epoch at every step; the function is not called for the constructor's own step.
///
/// As in torch `step(epoch)` multiplies every time it is called. Functions by name and in the state are as in LambdaLR.
using MultiplicativeLR = SchedulerOf<MultiplicativeLROptions>;

}  // namespace ravine::inline v0::sched
