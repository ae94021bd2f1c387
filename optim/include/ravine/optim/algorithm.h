#pragma once
#include <ravine/kernels/step_scalars.h>
#include <ravine/optim/optimizer_class.h>
#include <ravine/runtime/sparse.h>

#include <array>
#include <span>

namespace ravine::inline v0 {
struct RuleInfo;
}

namespace ravine::inline v0::optim {

/// The numbers that a rule carries from step to step, in its order; those that it has not are 0.
using CarriedScalars = std::array<double, kernels::max_scalars>;

/// An elementwise algorithm with its types erased: what a step needs to know of it. Made by `describe` (describe.h).
struct Algorithm : OptimizerClass {
    std::span<const RuleInfo> rules;
    bool counts_steps;                            ///< whether its state has a `step`
    std::size_t (*variant)(const void* options);  ///< which of the rules these options need
    /// Terms and switches of the update number `step` (1 for the first); `first` says that the state is new. The numbers that
    /// the rule carries on become those after this step.
    void (*update)(const void* options, std::int64_t step, bool first, CarriedScalars& scalars, kernels::StepArguments& out);
    /// The same for a device that counts the steps: what it makes the terms of, and the switches of a first step.
    void (*prepare)(const void* options, kernels::StepRequest& out);
    /// The numbers that the rule carries on, before the first step.
    CarriedScalars (*initial_scalars)(const void* options);
    /// What a new state tensor is filled with, by its name.
    double (*initial)(const void* options, std::string_view slot);
    bool has_state_from_start;                    ///< whether parameters get their state with their group, not with their first step
    /// Update number `step` of a parameter by a sparse gradient, for classes that take those: null otherwise. `state` are its
    /// tensors in the order of the first rule's, `sparse_state` what is sparse instead of the first of them, if it is. The second is
    /// empty, or what a sparse gradient does not go with. The third: whether there is such a state.
    void (*sparse_update)(const void* options, std::int64_t step, const SparseTensor& grad, const Tensor& param, std::span<const Tensor> state,
                          SparseTensor& sparse_state, const Context& context);
    std::string_view (*sparse_complaint)(const void* options);
    bool keeps_sparse_state;
    Implementation (*implementation)(const void* options);
    bool (*capturable)(const void* options);
};

namespace detail {
/// What an elementwise algorithm's class makes: `self` is an Algorithm.
RAVINE_API BodyPointer make_elementwise(const OptimizerClass& self, std::shared_ptr<Group> defaults, const Context& context);
}  // namespace detail

}  // namespace ravine::inline v0::optim
