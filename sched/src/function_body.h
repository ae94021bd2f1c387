#pragma once
#include "rule_body.h"

#include <ravine/sched/function.h>

namespace ravine::inline v0::sched {

/// A scheduler whose factor is a function of the user for each group.
class FunctionBody : public RuleBody {
  public:
    FunctionBody(std::string_view name, const optim::Optimizer& optimizer, const Functions& given);
    void describe(State& state) override;

  protected:
    double factor(const Moment& now) const { return functions_[now.group](now.epoch); }
    bool needs_numbers(const Moment& now) const override { return !now.initial || form() == Form::direct; }

  private:
    std::vector<Function> functions_;  // of each group; those added later have none
};

}  // namespace ravine::inline v0::sched
