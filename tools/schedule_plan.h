#pragma once
#include "spec.h"

namespace ravine::tools {

/// What the spec file of `schedule` says.
class SchedulePlan {
  public:
    ClassSpec optimizer;
    std::vector<GroupSpec> groups;
    std::vector<ClassSpec> schedulers;
    std::vector<double> metrics;  ///< one for each step, or none at all
    std::vector<Value> epochs;    ///< integers and floats, one for each step; empty: plain steps
    std::int64_t steps = 0;
    std::optional<optim::Implementation> implementation;

    /// std::invalid_argument.
    static SchedulePlan read(const SpecText& text);
    /// std::invalid_argument if metrics or epochs are not what the steps of these schedulers take.
    void check(const std::vector<sched::LRScheduler>& made) const;

  private:
    void check_epochs(const sched::LRScheduler& scheduler) const;
};

}  // namespace ravine::tools
