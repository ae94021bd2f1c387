#pragma once
#include <ravine/optim/algorithm.h>

#include <span>
#include <string_view>

namespace ravine::inline v0::optim::functional {

/// A list of state as the caller of a function has it.
struct StateList {
    std::string_view state;     ///< its name in the state of a parameter: "exp_avg", "step"
    std::string_view argument;  ///< its name in messages
    std::span<const Tensor> tensors;
    std::span<Tensor> to_be_filled = {};  ///< the same list, where undefined tensors stand for state that is to be made
};

/// One call of a function for an elementwise algorithm. Lists that the options do not need are not looked at.
struct Call {
    std::string_view who;
    const Algorithm& algorithm;
    const void* options;
    std::span<const Tensor> params, grads;
    std::span<const StateList> state;
};

void update(const Call& call, const Context& context);

/// The number of the step to be made, after what `state_steps` says: torch counts in float32, which ends at 2**24.
/// std::invalid_argument if it is no count.
std::int64_t next_step(std::string_view who, std::span<const Tensor> state_steps, std::size_t index);

}  // namespace ravine::inline v0::optim::functional
