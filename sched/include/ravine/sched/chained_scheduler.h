#pragma once
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Several schedulers of one optimizer stepped together, in order: their factors multiply. By name the option `schedulers` is a
/// list of dicts, each with `type`.
///
/// As torch's it counts nothing: `last_epoch()` stays 0. If one of them cannot make its step, none does.
class RAVINE_API ChainedScheduler : public LRScheduler {
  public:
    /// std::invalid_argument: no scheduler, one of another optimizer, a ReduceLROnPlateau.
    explicit ChainedScheduler(const std::vector<LRScheduler>& schedulers);
    ChainedScheduler(const std::vector<LRScheduler>& schedulers, optim::Optimizer& optimizer);
};

}  // namespace ravine::inline v0::sched
