#pragma once
#include <ravine/sched/per_group.h>
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.OneCycleLR, under torch's names.
struct OneCycleLROptions {
    PerGroup max_lr;                                             ///< the upper lr
    std::optional<std::int64_t> total_steps = std::nullopt;      ///< at least 1; none is epochs * steps_per_epoch
    std::optional<std::int64_t> epochs = std::nullopt;           ///< at least 1
    std::optional<std::int64_t> steps_per_epoch = std::nullopt;  ///< at least 1
    double pct_start = 0.3;                ///< the part of the steps in which the lr rises, from 0 to 1; by name no integer
    std::string anneal_strategy = "cos";   ///< or "linear"
    bool cycle_momentum = true;            ///< whether momentum is driven too
    PerGroup base_momentum = 0.85;         ///< the momentum at max_lr
    PerGroup max_momentum = 0.95;          ///< the momentum at the start
    double div_factor = 25;                ///< of max_lr over the initial lr
    double final_div_factor = 1e4;         ///< of the initial lr over the smallest
    bool three_phase = false;              ///< whether it first goes back to the initial lr, as fast as it rose
    std::int64_t last_epoch = -1;          ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "OneCycleLR";
    static constexpr auto fields() {
        using O = OneCycleLROptions;
        return std::tuple{optim::field("max_lr", &O::max_lr),
                          optim::field("total_steps", &O::total_steps),
                          optim::field("epochs", &O::epochs),
                          optim::field("steps_per_epoch", &O::steps_per_epoch),
                          optim::field("pct_start", &O::pct_start, optim::unchecked(), true),
                          optim::field("anneal_strategy", &O::anneal_strategy),
                          optim::field("cycle_momentum", &O::cycle_momentum),
                          optim::field("base_momentum", &O::base_momentum),
                          optim::field("max_momentum", &O::max_momentum),
                          optim::field("div_factor", &O::div_factor),
                          optim::field("final_div_factor", &O::final_div_factor),
                          optim::field("three_phase", &O::three_phase),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const OneCycleLROptions& options);

/// Raises the lr from max_lr / div_factor to max_lr, then lowers it to far less (Smith & Topin 2018), and momentum the other
/// way round. Steps once a batch: total_steps - 1 times after the constructor. One step more is possible and, as in torch,
/// rebounds; the next is an error.
///
/// The constructor overwrites `initial_lr` of the groups. With cycle_momentum the optimizer must have `momentum` or `betas`, of
/// which the first is driven. As in torch a pct_start * total_steps of exactly 1 is an error, because the first phase has no
/// length.
using OneCycleLR = SchedulerOf<OneCycleLROptions>;

}  // namespace ravine::inline v0::sched
