#pragma once
#include "momentum.h"
#include "rule_body.h"

#include <ravine/sched/per_group.h>

namespace ravine::inline v0::sched {

/// A scheduler that may drive momentum, or the first of betas, between two bounds: torch's `cycle_momentum`.
class MomentumBody : public RuleBody {
  public:
    /// std::invalid_argument if the optimizer has no momentum to drive, or for lists that do not fit its groups.
    MomentumBody(std::string_view name, const optim::Optimizer& optimizer, bool cycle_momentum, const PerGroup& base_momentum,
                 const PerGroup& max_momentum);
    bool drives_momentum() const noexcept override { return cycle_momentum_; }

  protected:
    /// What the constructor of a new schedule writes: the momentum and its bounds.
    void prepare_momentum();
    /// torch's keys `cycle_momentum` and `use_beta1`; returns the first one.
    bool describe_momentum(State& state);

    bool cycle_momentum_;
    std::vector<double> base_momentums_, max_momentums_;  // empty without cycle_momentum
};

}  // namespace ravine::inline v0::sched
