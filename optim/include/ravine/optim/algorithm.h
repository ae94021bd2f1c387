#pragma once
#include <ravine/kernels/step_scalars.h>
#include <ravine/optim/group.h>

namespace ravine::inline v0 {
struct RuleInfo;
}

namespace ravine::inline v0::optim {

/// An elementwise algorithm with its types erased: what a step needs to know of it. Made by `describe` (describe.h).
struct Algorithm {
    std::string_view name;  ///< torch's class name
    std::shared_ptr<Group> (*make_group)();
    std::span<const FieldInfo> fields;
    std::span<const RuleInfo> rules;
    bool counts_steps;                            ///< whether its state has a `step`
    std::size_t (*variant)(const void* options);  ///< which of the rules these options need
    /// Terms and switches of the update number `step` (1 for the first); `first` says that the state is new.
    void (*update)(const void* options, std::int64_t step, bool first, kernels::StepArguments& out);
    /// The same for a device that counts the steps: what it makes the terms of, and the switches of a first step.
    void (*prepare)(const void* options, kernels::StepRequest& out);
    Implementation (*implementation)(const void* options);
    /// Empty, or why these options contradict one another, after each was checked alone.
    std::string (*contradiction)(const void* options);
    bool (*capturable)(const void* options);
    /// Puts right what a loaded group may not say (AdamW: its decay is always decoupled).
    void (*after_load)(void* options);
};

/// The description of A; defined for each algorithm in one source file by RAVINE_ALGORITHM(A) (describe.h).
template <class A> const Algorithm& algorithm_of();

}  // namespace ravine::inline v0::optim
