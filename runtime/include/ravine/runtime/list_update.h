#pragma once
#include <ravine/runtime/context.h>
#include <ravine/runtime/function_ref.h>
#include <ravine/runtime/tensor.h>
#include <ravine/runtime/update.h>

#include <cstddef>
#include <span>
#include <string_view>

/// For the library: an update of lists that nobody planned, in one parallel region. `fused` and `optim::functional` are made of it.
namespace ravine::inline v0 {

/// Lists that a rule moves.
struct RAVINE_API ListUpdate {
    std::string_view who;  ///< stands in messages
    const RuleInfo& rule;
    KernelKind kind;
    std::span<const std::span<const Tensor>> slots;  ///< in the rule's order
    std::span<const std::string_view> names;         ///< of the lists, for messages
    unsigned writes;                                 ///< slots that are written, as bits

    /// std::invalid_argument unless all lists have the shapes, dtypes and devices of the first, which is floating-point, and those
    /// that are written may be.
    void check() const;
    /// Moves what was checked. `arguments_of` gives those of tensor i; equal pointers share an entry of the plan.
    void run(function_ref<const kernels::StepArguments*(std::size_t)> arguments_of, const Context& context) const;
};

}  // namespace ravine::inline v0
