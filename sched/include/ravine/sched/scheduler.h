#pragma once
#include <ravine/optim/optimizer.h>
#include <ravine/sched/required.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace ravine::inline v0::sched {

class SchedulerBody;

/// What `step` of a scheduler takes.
enum class StepArgument {
    none,      ///< nothing
    epoch,     ///< nothing or an epoch
    fraction,  ///< nothing or an epoch, which may lie between two
    metric,    ///< a metric, and perhaps an epoch
};

/// What becomes of groups that were added to the optimizer later, where a schedule has numbers of its own for each group.
enum class AddedGroups {
    refuse,  ///< a step that needs these numbers is a std::invalid_argument
    leave,   ///< their lr stays as it is: torch 2.8
};

/// A learning-rate scheduler of any class: torch.optim.lr_scheduler.LRScheduler of 2.8.0, the same lr in every bit.
///
/// A handle: copies name the same scheduler. It shares the groups of its optimizer, so either may be moved or dropped
/// first. The constructor of a concrete class makes the initial step: it writes `initial_lr` and `lr` into the groups.
/// Several schedulers on one optimizer act in the order in which they are called. Belongs to one thread at a time together
/// with its optimizer. Whatever fails leaves the scheduler and the groups as they were.
class RAVINE_API LRScheduler {
  public:
    LRScheduler(const LRScheduler&) noexcept = default;  // no move: a handle always names a scheduler
    LRScheduler& operator=(const LRScheduler&) noexcept = default;
    ~LRScheduler() = default;

    /// torch's class name: "StepLR".
    std::string_view name() const noexcept;

    /// Goes on by one and writes the new lr of every group. The first call warns (LogCode::order_violation) if the
    /// optimizer has not stepped since it got its first scheduler. std::invalid_argument where Python's arithmetic would
    /// raise, if a group has gone, or for a scheduler that must be given a metric.
    void step();
    /// Jumps to an epoch and writes the closed form, if the class has one: its last bits differ from those of as many plain
    /// steps. torch deprecates it: warns each time (LogCode::epoch_deprecated). Negative epochs extrapolate; beyond 2^53,
    /// or for a scheduler whose step takes none: std::invalid_argument.
    void step(std::int64_t epoch);
    template <std::floating_point Number> void step(Number) = delete;
    /// What `step` takes, for those who got the scheduler from `make`.
    StepArgument step_argument() const noexcept;
    /// The metric or the fractional epoch that `step` of a concrete class takes, by its `step_argument()`; the second form
    /// is for a metric. std::invalid_argument for a scheduler that takes neither.
    void step_with(double argument);
    void step_with(double metric, std::int64_t epoch);

    /// The lr of each group at a step, as `step(epoch)` of a new scheduler would write it: a function of the step alone, so
    /// that a run can begin anywhere. Changes nothing. std::invalid_argument where the class has no such form:
    /// MultiplicativeLR, SWALR, ChainedScheduler, ReduceLROnPlateau.
    std::vector<double> lr(std::int64_t step) const;
    /// The lr of each group as the last step left it.
    std::vector<double> get_last_lr() const;
    /// torch's get_lr: what the rule would write next at the current epoch, usually one factor too far. Warns
    /// (LogCode::get_lr_outside_step); use get_last_lr. std::invalid_argument for schedulers of schedulers and
    /// ReduceLROnPlateau, which have no rule.
    std::vector<double> get_lr() const;
    /// Number of steps since the start; 0 after construction. A ChainedScheduler counts none.
    std::int64_t last_epoch() const noexcept;
    /// Whether it also writes `momentum`, or the first of `betas`.
    bool drives_momentum() const noexcept;
    /// `refuse` unless told otherwise; not part of the state. Reaches the members of a scheduler of schedulers.
    void set_added_groups(AddedGroups policy) noexcept;

    /// A dict with torch's keys in torch's order; a copy.
    Value state_dict() const;
    /// Takes over what the dict has, hyperparameters included, by key: unknown keys are passed over, absent ones leave what
    /// is there. The lr itself belongs to the optimizer's state: make the scheduler first, then load the optimizer.
    /// std::invalid_argument for a value of the wrong kind, or that the constructor would refuse, or if the dict is that of
    /// another class; nothing is changed then.
    void load_state_dict(const Value& state_dict);

  protected:
    explicit LRScheduler(std::shared_ptr<SchedulerBody> body) noexcept;
    static std::vector<std::shared_ptr<SchedulerBody>> bodies_of(const std::vector<LRScheduler>& schedulers);

  private:
    std::shared_ptr<SchedulerBody> body_;
};

namespace detail {
/// A scheduler that has made its initial step; defined for the options of each class in its source.
template <class Options> std::shared_ptr<SchedulerBody> make_body(optim::Optimizer& optimizer, const Options& options);
}  // namespace detail

/// The scheduler whose options these are. Adds no data to LRScheduler.
template <class O> class SchedulerOf : public LRScheduler {
  public:
    using Options = O;
    /// std::invalid_argument: a bad option, an optimizer without groups. std::out_of_range: a group without `initial_lr`
    /// when resuming (`last_epoch` other than -1).
    explicit SchedulerOf(optim::Optimizer& optimizer, const Options& options = {})
        : LRScheduler(detail::make_body<Options>(optimizer, options)) {}
};

}  // namespace ravine::inline v0::sched
