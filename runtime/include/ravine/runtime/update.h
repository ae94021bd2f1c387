#pragma once
#include <ravine/kernels/audit.h>
#include <ravine/kernels/grid_kernel_set.h>
#include <ravine/kernels/kernel_set.h>
#include <ravine/kernels/list.h>
#include <ravine/runtime/context.h>
#include <ravine/runtime/dtype.h>
#include <ravine/runtime/plan.h>

#include <array>
#include <cmath>
#include <cstring>
#include <span>

namespace ravine::inline v0 {

/// One update rule with its types erased.
struct RuleInfo {
    int slots;                                  ///< parameter, gradient, state
    unsigned writes;                            ///< slots that it writes, as bits
    std::span<const char* const> state;         ///< names of the slots from 2 on
    std::span<const char* const> scalars;       ///< names of the numbers that it carries from step to step
    bool sets_switches;                         ///< whether its switches depend on the step
    kernels::Kernel* const* fused[3][kernels::storage_count];
    kernels::Kernel* const* stepwise[3][kernels::storage_count];
    kernels::FamilyGridKernels grid;            ///< for devices; null without kernels for them
    int index;                                  ///< of the rule in its family: which kernel of the arrays above
    kernels::Kernel* list;                      ///< for tiles, operation by operation
    kernels::ApplyToTile* apply;                ///< the same for whole lists on a device
    /// Whether torch would accept these scalars for tensors whose type and computing type have these largest values.
    bool (*scalars_fit)(const kernels::StepArguments& arguments, double largest_storage, double largest_compute) noexcept;
};

namespace detail {

template <class Rule> std::span<const char* const> scalar_names() {
    if constexpr (kernels::scalar_count<Rule> == 0) {
        return {};
    } else {
        static_assert(std::size(Rule::carried) == kernels::scalar_count<Rule> && kernels::scalar_count<Rule> <= kernels::max_scalars);
        return Rule::carried;
    }
}

template <class Family, class Rule> RuleInfo make_rule_info(int index) {
    static_assert(Rule::slots <= kernels::average_slot);
    const kernels::FamilyKernels all = kernels::family_kernels<Family>();
    RuleInfo info{Rule::slots, kernels::writes<Rule>(), std::span(Rule::state).first(Rule::slots - 2), scalar_names<Rule>(),
                  kernels::sets_switches<Rule>, {}, {}, kernels::family_grid_kernels<Family>(), index,
                  &kernels::list_kernel<Rule>, &kernels::apply_to_tile<Rule>, &kernels::scalars_fit<Rule>};
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

/// The powers that a rule's `terms` are made with on the host: torch's, which are Python's, which are the C library's.
struct Power {
    double operator()(double base, double exponent) const { return std::pow(base, exponent); }
    double root(double value) const { return std::pow(value, 0.5); }
};

/// Which kernel makes an update.
enum class KernelKind { fused, stepwise, list };

/// An entry whose kernel updates tensors of `dtype` (f64, f32, bf16 or f16, std::invalid_argument otherwise) on `device` by a rule. std::runtime_error if the
/// rule has no kernels for devices.
RAVINE_API PlanEntry entry_of(const RuleInfo& rule, KernelKind kind, Isa isa, DType dtype, Device device);
/// The same for rule number `index` of a family whose rules are operations, not updates: each rounded like torch's.
RAVINE_API PlanEntry entry_of(const kernels::FamilyKernels& family, const kernels::FamilyGridKernels& grid_family, int index,
                              unsigned writes, Isa isa, DType dtype, Device device);
/// Lets an entry divide gradients by the loss scale and write them back. `grad_scale` is a tensor of one float; the update
/// itself reads it if it is a float32 on the entry's device; otherwise it is read at once, in the order of the context's stream.
RAVINE_API void set_grad_scale(PlanEntry& entry, const Tensor& grad_scale, const Context& context);
/// The passes that list kernels of that instruction set and dtype use.
RAVINE_API const kernels::PassTable& passes_of(Isa isa, DType dtype) noexcept;
/// The same for devices, in the order of Pass; null entries in a library without kernels for devices.
RAVINE_API kernels::GridKernel* const* device_passes_of(DType dtype) noexcept;
/// Largest finite value of a floating-point dtype, and of the type that it is computed in.
RAVINE_API double largest_value(DType dtype) noexcept;
RAVINE_API double largest_computed_value(DType dtype) noexcept;

}  // namespace ravine::inline v0
