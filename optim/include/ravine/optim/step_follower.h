#pragma once
#include <ravine/optim/parameter.h>
#include <ravine/runtime/plan.h>

namespace ravine::inline v0::optim {

/// Tensors that take in the parameters at the end of every step: what an average of weights is to an optimizer
/// (`swa::AveragedModel::follow` makes one). An elementwise optimizer moves them in its own pass over memory where it can; what it
/// leaves, `finish` does. See Optimizer::set_follower.
class RAVINE_API StepFollower {
  public:
    virtual ~StepFollower();

    /// A step begins: throws if what is not carried could not take the parameters in. Nothing has been written yet.
    virtual void check() = 0;

    /// The optimizer looks at its parameters anew, and carries none from here on. Throws if any could not be taken in.
    virtual void begin_plan() = 0;
    /// The average of a parameter that may move in the step's own pass: on its device, of its shape, of a floating-point dtype that the pass
    /// has. Undefined for other parameters. It must stay where it is for the follower's life.
    virtual Tensor average_of(const Parameter& parameter) const = 0;
    /// From now on every step that says so to `finish` has moved the average of that parameter.
    virtual void carry(const Parameter& parameter) = 0;

    /// Whether carried averages move in the pass of the step that has begun.
    virtual bool moves_in_step() const noexcept = 0;
    /// How they do: everything but `moves`.
    virtual void set_terms(DType average, DType parameter, EntryAverage& how) const = 0;
    /// Whether replays of a captured step do what such steps would.
    virtual bool repeats() const noexcept = 0;

    /// The parameters have their new values. `carried`: averages that are carried have moved; if not, they have not.
    virtual void finish(bool carried) = 0;

  protected:
    StepFollower() = default;
    StepFollower(const StepFollower&) = default;
    StepFollower& operator=(const StepFollower&) = default;
};

}  // namespace ravine::inline v0::optim
