#pragma once
#include <ravine/optim/optimizer.h>

namespace ravine::inline v0::optim {

/// The time for which an optimizer steps other parameters with another state; made by swap_in_optimizer_params_and_state.
class RAVINE_API SwappedIn {
  public:
    SwappedIn(const SwappedIn&) = delete;
    SwappedIn& operator=(const SwappedIn&) = delete;
    /// Puts back the optimizer's parameters, options and state, as they were.
    ~SwappedIn();

  private:
    friend RAVINE_API SwappedIn swap_in_optimizer_params_and_state(Optimizer&, const Parameters&, const Value&);
    struct Body;
    explicit SwappedIn(std::unique_ptr<Body> body) noexcept;
    std::unique_ptr<Body> body_;
};

/// Lets an optimizer step these parameters with this state until the returned object goes: torch's context manager of that name.
///
///     {
///         const auto swapped = optim::swap_in_optimizer_params_and_state(optimizer, others, state_dict);
///         optimizer.step();
///     }
///
/// The groups get the parameters in their order, as many as they have now; surplus ones are ignored. Options are those of the
/// state_dict, whose groups must have exactly the keys of the current ones. Nothing is copied: steps change the tensors of the
/// given state in place (its counts, where they are tensors, when the scope ends). What a parameter has no state for starts anew, and
/// what steps make then is lost. An average that follows the optimizer's steps (`set_follower`) waits until the scope ends.
///
/// The optimizer must outlive the scope and keep its groups inside of it. std::invalid_argument with all complaints, and nothing
/// has changed then: an optimizer without any state; a state_dict that does not fit, also in shapes, dtypes and devices, which torch
/// does not compare; LBFGS, whose state belongs to all parameters together.
[[nodiscard]] RAVINE_API SwappedIn swap_in_optimizer_params_and_state(Optimizer& optimizer, const Parameters& params, const Value& state_dict);

}  // namespace ravine::inline v0::optim
