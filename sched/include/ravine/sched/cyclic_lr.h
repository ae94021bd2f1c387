#pragma once
#include <ravine/sched/function.h>
#include <ravine/sched/per_group.h>
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.CyclicLR, under torch's names.
struct CyclicLROptions {
    PerGroup base_lr;                                     ///< the lower lr, which the constructor writes
    PerGroup max_lr;                                      ///< the upper lr
    double step_size_up = 2000;                           ///< steps from the lower to the upper lr; not 0
    std::optional<double> step_size_down = std::nullopt;  ///< steps back; none is as many as up
    std::string mode = "triangular";                      ///< or "triangular2", "exp_range", see below; ignored with a scale_fn
    double gamma = 1;                                     ///< of exp_range
    std::optional<Function> scale_fn = std::nullopt;      ///< factor of the height
    std::string scale_mode = "cycle";                     ///< what scale_fn is given, or "iterations"
    bool cycle_momentum = true;                           ///< whether momentum is driven too
    PerGroup base_momentum = 0.8;                         ///< the momentum at max_lr
    PerGroup max_momentum = 0.9;                          ///< the momentum at base_lr
    std::int64_t last_epoch = -1;                         ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "CyclicLR";
    static constexpr auto fields() {
        using O = CyclicLROptions;
        return std::tuple{optim::field("base_lr", &O::base_lr),
                          optim::field("max_lr", &O::max_lr),
                          optim::field("step_size_up", &O::step_size_up),
                          optim::field("step_size_down", &O::step_size_down),
                          optim::field("mode", &O::mode),
                          optim::field("gamma", &O::gamma),
                          optim::field("scale_fn", &O::scale_fn),
                          optim::field("scale_mode", &O::scale_mode),
                          optim::field("cycle_momentum", &O::cycle_momentum),
                          optim::field("base_momentum", &O::base_momentum),
                          optim::field("max_momentum", &O::max_momentum),
                          optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const CyclicLROptions& options);

/// Moves the lr between base_lr and max_lr, linearly up and down (Smith 2017), and momentum the other way round.
///
/// In mode "triangular2" each cycle is half as high as the one before, in "exp_range" the height is multiplied by gamma ** step.
/// A scale_fn is given the number of the cycle, from 1, or with scale_mode "iterations" the number of steps.
///
/// With cycle_momentum the optimizer must have `momentum` or `betas`, of which the first is driven; as in torch a momentum of 0
/// is overwritten. Built after another scheduler it starts, as in torch, from the groups' `initial_lr`; the next step uses
/// base_lr.
///
/// The state does not hold a plain scale_fn, only what a function object keeps (see Function).
using CyclicLR = SchedulerOf<CyclicLROptions>;

}  // namespace ravine::inline v0::sched
