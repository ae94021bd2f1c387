#pragma once
#include "body.h"

namespace ravine::inline v0::sched {

/// What a rule sees of one group in one step.
struct Moment {
    std::int64_t epoch;       ///< last_epoch, already advanced
    std::int64_t step_count;  ///< torch's _step_count, already advanced
    bool initial;             ///< the constructor's own step
    std::size_t group;        ///< its index
    double lr;                ///< as it is now
    double base_lr;           ///< NaN for a group that was added later, unless the rule needs base lrs
};

/// How the lr follows from the step.
enum class Form {
    recursive,  ///< from the lr before, only
    closed,     ///< from the lr before, or from the base lr by a second formula
    direct,     ///< from the base lr; the rule is the only formula
};

/// A scheduler that gives each group an lr from its current one: torch's LRScheduler as a base class.
class RuleBody : public CountingBody {
  public:
    using CountingBody::CountingBody;

    StepArgument step_argument() const noexcept override { return StepArgument::epoch; }
    void step(std::optional<std::int64_t> epoch) override;
    std::vector<double> lr(std::int64_t step) const override;
    std::vector<double> get_lr() const override;

  protected:
    virtual Form form() const noexcept = 0;
    /// The rule of `step()`. To keep the lr is to return `moment.lr`.
    virtual double next_lr(const Moment& moment) const = 0;
    /// The lr at `moment.epoch` from the base lr, whatever the current lr is.
    virtual double closed_form(const Moment& moment) const { return next_lr(moment); }
    /// Whether the rule uses base lrs or other numbers of its own for each group.
    virtual bool needs_numbers(const Moment&) const { return form() == Form::direct; }
    /// What must hold of an epoch besides. Throws.
    virtual void check_reachable(std::int64_t) const {}
    /// The momentum of each group; empty where the class does not drive it.
    virtual std::vector<double> momenta(std::int64_t) const { return {}; }

  private:
    std::vector<double> evaluate(std::int64_t epoch, std::int64_t step_count, bool initial, bool closed) const;
};

}  // namespace ravine::inline v0::sched
