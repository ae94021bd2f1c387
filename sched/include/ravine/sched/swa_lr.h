#pragma once
#include <ravine/sched/per_group.h>
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.swa_utils.SWALR, under torch's names.
struct SWALROptions {
    PerGroup swa_lr;                      ///< the lr to end with
    std::int64_t anneal_epochs = 10;      ///< steps, at least 0
    std::string anneal_strategy = "cos";  ///< or "linear"
    std::int64_t last_epoch = -1;         ///< other values resume: every group must have `initial_lr`
    static constexpr std::string_view name = "SWALR";
    static constexpr auto fields() {
        using O = SWALROptions;
        return std::tuple{optim::field("swa_lr", &O::swa_lr), optim::field("anneal_epochs", &O::anneal_epochs),
                          optim::field("anneal_strategy", &O::anneal_strategy), optim::field("last_epoch", &O::last_epoch)};
    }
};
template <>
RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const SWALROptions& options);

/// Anneals whatever lr the groups have to swa_lr over anneal_epochs steps: torch.optim.swa_utils.SWALR, for the time in which
/// weights are averaged.
///
/// It counts its own steps, so that `step(epoch)` takes the next one, and only load_state_dict resumes it. The constructor
/// writes `swa_lr` into the groups, and with anneal_epochs 0 the lr too. The state has torch 2.10's `_anneal_strategy`,
/// where 2.8 stored a function; a state without it keeps the strategy.
using SWALR = SchedulerOf<SWALROptions>;

}  // namespace ravine::inline v0::sched
