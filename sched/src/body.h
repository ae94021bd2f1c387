#pragma once
#include "state.h"

#include <ravine/sched/scheduler.h>

#include <optional>

namespace ravine::inline v0::sched {

/// What a scheduler is behind its handle.
class SchedulerBody {
  public:
    SchedulerBody(std::string_view name, const optim::Optimizer& optimizer);
    virtual ~SchedulerBody();
    SchedulerBody(const SchedulerBody&) = delete;
    SchedulerBody& operator=(const SchedulerBody&) = delete;

    std::string_view name() const noexcept { return name_; }
    std::int64_t last_epoch() const noexcept { return last_epoch_; }
    const std::vector<double>& last_lr() const noexcept { return last_lr_; }

    virtual StepArgument step_argument() const noexcept = 0;
    virtual void step(std::optional<std::int64_t> epoch) = 0;
    virtual std::vector<double> get_lr() const = 0;
    /// Names every member of the state in the order of torch's state_dict.
    virtual void describe(State& state) = 0;

  protected:
    optim::GroupSet& group_set() const noexcept { return *groups_; }
    std::span<const std::shared_ptr<optim::Group>> groups() const noexcept { return groups_->groups; }
    void warn(LogCode code, std::string_view text) const;
    [[noreturn]] void invalid(std::string_view what) const;

    std::int64_t last_epoch_ = 0;
    std::vector<double> last_lr_;

  private:
    std::string_view name_;
    std::shared_ptr<optim::GroupSet> groups_;
};

/// What a rule sees of one group in one step.
struct Moment {
    std::int64_t epoch;             ///< last_epoch, already advanced
    std::int64_t step_count;        ///< torch's _step_count, already advanced
    bool initial;                   ///< the constructor's own step
    double lr;                      ///< as it is now
    std::optional<double> base_lr;  ///< none for a group that was added later
};

/// A scheduler that gives each group an lr from its current one: torch's LRScheduler as a base class. A class states its
/// rule, its closed form if it has one, and its state.
class RuleBody : public SchedulerBody {
  public:
    using SchedulerBody::SchedulerBody;

    /// The constructor's work after the options were checked: base lrs, then the initial step.
    void start(std::int64_t last_epoch);

    StepArgument step_argument() const noexcept override { return StepArgument::epoch; }
    void step(std::optional<std::int64_t> epoch) override;
    std::vector<double> get_lr() const override;

  protected:
    /// The recursive rule. To keep the lr is to return `moment.lr`.
    virtual double next_lr(const Moment& moment) const = 0;
    virtual bool has_closed_form() const noexcept { return false; }
    /// The lr at `moment.epoch` from the base lr, whatever the current lr is. Called with a base lr only.
    virtual double closed_form(const Moment& moment) const { return next_lr(moment); }
    /// The keys that come last in the state of all these classes.
    void describe_common(State& state);

  private:
    std::vector<double> base_lrs_for(std::int64_t last_epoch) const;
    std::vector<double> evaluate(std::int64_t epoch, std::int64_t step_count, bool initial, bool closed) const;
    void write(const std::vector<double>& lrs);
    void warn_about_order() const;

    std::vector<double> base_lrs_;
    std::int64_t step_count_ = 0;
    bool is_initial_ = false;
};

/// A new body that has made its initial step.
template <class Body, class Options>
std::shared_ptr<SchedulerBody> started(const optim::Optimizer& optimizer, const Options& options) {
    auto body = std::make_shared<Body>(optimizer, options);
    body->start(options.last_epoch);
    return body;
}

}  // namespace ravine::inline v0::sched
