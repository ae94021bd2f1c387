#pragma once
#include <ravine/kernels/audit.h>
#include <ravine/kernels/kernel_set.h>
#include <ravine/kernels/list.h>
#include <ravine/runtime/context.h>
#include <ravine/runtime/dtype.h>

#include <array>
#include <cstring>
#include <span>

namespace ravine::inline v0 {

/// One update rule with its types erased.
struct RuleInfo {
    int slots;                                  ///< parameter, gradient, state
    unsigned writes;                            ///< slots that it writes, as bits
    std::span<const char* const> state;         ///< names of the slots from 2 on
    kernels::Kernel* const* fused[3][kernels::storage_count];
    kernels::Kernel* const* stepwise[3][kernels::storage_count];
    int index;                                  ///< of the rule in its family: which kernel of the arrays above
    kernels::Kernel* list;                      ///< for tiles, operation by operation
    /// Whether torch would accept these scalars for tensors whose type and computing type have these largest values.
    bool (*scalars_fit)(const kernels::StepArguments& arguments, double largest_storage, double largest_compute) noexcept;
};

namespace detail {

template <class Family, class Rule> RuleInfo make_rule_info(int index) {
    const kernels::FamilyKernels all = kernels::family_kernels<Family>();
    RuleInfo info{Rule::slots, kernels::writes<Rule>(), std::span(Rule::state).first(Rule::slots - 2), {}, {}, index, &kernels::list_kernel<Rule>, &kernels::scalars_fit<Rule>};
    std::memcpy(info.fused, all.fused, sizeof info.fused);
    std::memcpy(info.stepwise, all.stepwise, sizeof info.stepwise);
    return info;
}

template <class Family> struct make_rule_infos;
template <class... Rules> struct make_rule_infos<kernels::family<Rules...>> {
    static std::array<RuleInfo, sizeof...(Rules)> all() {
        int index = 0;
        return {make_rule_info<kernels::family<Rules...>, Rules>(index++)...};
    }
};

}  // namespace detail

/// The rules of a family, in its order.
template <class Family> std::span<const RuleInfo> rule_infos() {
    static const auto infos = detail::make_rule_infos<Family>::all();
    return infos;
}

/// Writes a rule's scalars and switches where kernels read them.
template <class Rule>
void set_arguments(const typename Rule::template Terms<double>& terms, const typename Rule::Switches& switches,
                   kernels::StepArguments& out) {
    static_assert(sizeof terms <= sizeof out.terms && sizeof switches <= sizeof out.switches);
    std::memcpy(out.terms, &terms, sizeof terms);
    std::memcpy(out.switches, &switches, sizeof switches);
}

/// Which kernel makes an update.
enum class KernelKind { fused, stepwise, list };

/// The kernel of a rule for tensors of `dtype` (f64, f32, bf16 or f16).
RAVINE_API kernels::Kernel* kernel_of(const RuleInfo& rule, KernelKind kind, Isa isa, DType dtype) noexcept;
/// The passes that list kernels of that instruction set and dtype use.
RAVINE_API const kernels::PassTable& passes_of(Isa isa, DType dtype) noexcept;
/// Largest finite value of a floating-point dtype, and of the type that it is computed in.
RAVINE_API double largest_value(DType dtype) noexcept;
RAVINE_API double largest_computed_value(DType dtype) noexcept;

}  // namespace ravine::inline v0
