#include <ravine/runtime/fused.h>

#include <ravine/runtime/list_update.h>

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace ravine::inline v0::fused {
void detail::update(std::string_view who, const RuleInfo& rule, std::span<const TensorList> slots, const kernels::StepArguments& arguments,
                    const Context& context) {
    std::vector<std::string_view> names = {"params", "grads"};
    names.insert(names.end(), rule.state.begin(), rule.state.end());
    kernels::Common common;
    std::memcpy(&common, arguments.switches, sizeof common);
    const unsigned writes = rule.writes | (common.unscale ? 1u << kernels::grad_slot : 0u);
    const ListUpdate update{who, rule, KernelKind::fused, slots, names, writes};
    update.check();

    const TensorList params = slots[kernels::param_slot];
    for (std::size_t i = 0; i < params.size(); ++i) {
        const DType dtype = params[i].dtype();
        if (rule.scalars_fit(arguments, largest_value(dtype), largest_computed_value(dtype))) continue;
        throw std::invalid_argument(
            fmt::format("{}: every term must be convertible to {} without overflow, got one that is not (tensor {})", who, name(dtype), i));
    }
    update.run([&](std::size_t) { return &arguments; }, context);
}

void adam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList max_exp_avg_sqs,
          const kernels::AdamTerms<double>& terms, const kernels::Common& switches, double grad_scale, const Context& context) {
    using kernels::Adam, kernels::AdamRule;
    if (max_exp_avg_sqs.empty()) {
        update<Adam, AdamRule<false>>("fused.adam", {params, grads, exp_avgs, exp_avg_sqs}, terms, switches, grad_scale, context);
    } else {
        update<Adam, AdamRule<true>>("fused.adam", {params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs}, terms, switches, grad_scale, context);
    }
}

void sgd(TensorList params, TensorList grads, TensorList momentum_buffers, const kernels::SgdTerms<double>& terms,
         const kernels::SgdSwitches& switches, double grad_scale, const Context& context) {
    using kernels::SGD, kernels::SgdRule;
    if (momentum_buffers.empty()) update<SGD, SgdRule<false>>("fused.sgd", {params, grads}, terms, switches, grad_scale, context);
    else update<SGD, SgdRule<true>>("fused.sgd", {params, grads, momentum_buffers}, terms, switches, grad_scale, context);
}

}  // namespace ravine::inline v0::fused
