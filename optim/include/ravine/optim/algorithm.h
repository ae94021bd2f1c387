#pragma once
#include <ravine/kernels/step_scalars.h>
#include <ravine/optim/optimizer_class.h>

namespace ravine::inline v0 {
struct RuleInfo;
}

namespace ravine::inline v0::optim {

/// An elementwise algorithm with its types erased: what a step needs to know of it. Made by `describe` (describe.h).
struct Algorithm : OptimizerClass {
    std::span<const RuleInfo> rules;
    bool counts_steps;                            ///< whether its state has a `step`
    std::size_t (*variant)(const void* options);  ///< which of the rules these options need
    /// Terms and switches of the update number `step` (1 for the first); `first` says that the state is new.
    void (*update)(const void* options, std::int64_t step, bool first, kernels::StepArguments& out);
    /// The same for a device that counts the steps: what it makes the terms of, and the switches of a first step.
    void (*prepare)(const void* options, kernels::StepRequest& out);
    Implementation (*implementation)(const void* options);
    bool (*capturable)(const void* options);
};

namespace detail {
/// What an elementwise algorithm's class makes: `self` is an Algorithm.
RAVINE_API BodyPointer make_elementwise(const OptimizerClass& self, std::shared_ptr<Group> defaults, const Context& context);
}  // namespace detail

}  // namespace ravine::inline v0::optim
