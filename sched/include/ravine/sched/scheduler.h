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
    none,   ///< nothing
    epoch,  ///< nothing or an epoch
};

/// A learning-rate scheduler of any class: torch.optim.lr_scheduler.LRScheduler of 2.8.0, the same lr in every bit.
///
/// A handle: copies name the same scheduler. It shares the groups of its optimizer, so either may be moved or dropped
/// first. The constructor of a concrete class makes the initial step: it writes `initial_lr` and `lr` into the groups.
/// Several schedulers on one optimizer act in the order in which they are called. Belongs to one thread at a time together
/// with its optimizer. Every error comes before the first write.
class RAVINE_API LRScheduler {
  public:
    LRScheduler(const LRScheduler&) noexcept = default;  // no move: a handle always names a scheduler
    LRScheduler& operator=(const LRScheduler&) noexcept = default;
    ~LRScheduler() = default;

    /// torch's class name: "StepLR".
    std::string_view name() const noexcept;

    /// Goes on by one and writes the new lr of every group. The first call warns (LogCode::order_violation) if the
    /// optimizer has not stepped since it got its first scheduler. std::invalid_argument where Python's arithmetic would
    /// raise, or if a group has gone.
    void step();
    /// Jumps to an epoch and writes the closed form, if the class has one: its last bits differ from those of as many plain
    /// steps. torch deprecates it: warns each time (LogCode::epoch_deprecated). Negative epochs extrapolate; beyond 2^53:
    /// std::invalid_argument.
    void step(std::int64_t epoch);
    template <std::floating_point Number> void step(Number) = delete;
    /// What `step` takes, for those who got the scheduler from `make`.
    StepArgument step_argument() const noexcept;

    /// The lr of each group as the last step left it.
    std::vector<double> get_last_lr() const;
    /// torch's get_lr: what the rule would write next at the current epoch, usually one factor too far. Warns
    /// (LogCode::get_lr_outside_step); use get_last_lr.
    std::vector<double> get_lr() const;
    /// Number of steps since the start; 0 after construction.
    std::int64_t last_epoch() const noexcept;

    /// A dict with torch's keys in torch's order; a copy.
    Value state_dict() const;
    /// Takes over what the dict has, hyperparameters included, by key: unknown keys are passed over, absent ones leave what
    /// is there. The lr itself belongs to the optimizer's state: make the scheduler first, then load the optimizer.
    /// std::invalid_argument for a value of the wrong kind, or that the constructor would refuse; nothing is changed then.
    void load_state_dict(const Value& state_dict);

  protected:
    explicit LRScheduler(std::shared_ptr<SchedulerBody> body) noexcept;

  private:
    std::shared_ptr<SchedulerBody> body_;
};

}  // namespace ravine::inline v0::sched
