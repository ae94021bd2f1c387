#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.PolynomialLR, under torch's names.
struct PolynomialLROptions {
    std::int64_t total_iters = 5;  ///< epochs until the lr is 0
    double power = 1;              ///< of the polynomial; 1 is a straight line
    std::int64_t last_epoch = -1;  ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "PolynomialLR";
    static constexpr auto fields() {
        using O = PolynomialLROptions;
        return std::tuple{optim::field("total_iters", &O::total_iters), optim::field("power", &O::power),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const PolynomialLROptions& options);

/// Lowers the lr to 0 over total_iters epochs, as (1 - epoch / total_iters) ** power.
using PolynomialLR = SchedulerOf<PolynomialLROptions>;

}  // namespace ravine::inline v0::sched
