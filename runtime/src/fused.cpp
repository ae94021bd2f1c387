#include <ravine/runtime/fused.h>

#include "list_checks.h"
#include "workers.h"

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <stdexcept>

namespace ravine::inline v0::fused {
namespace {

/// The argument's name in messages.
std::string_view name_of(const RuleInfo& rule, std::size_t slot) {
    if (slot == kernels::param_slot) return "params";
    if (slot == kernels::grad_slot) return "grads";
    return rule.state[slot - 2];
}

void check(std::string_view who, const RuleInfo& rule, std::span<const TensorList> slots, unsigned writes,
           const kernels::StepArguments& arguments) {
    const TensorList params = slots[kernels::param_slot];
    check_floating_point(who, "params", params);
    for (std::size_t s = 0; s < slots.size(); ++s) {
        check_alike(who, name_of(rule, s), slots[s], params);
        if (writes >> s & 1u) check_writable(who, name_of(rule, s), slots[s]);
    }
    for (std::size_t i = 0; i < params.size(); ++i) {
        const DType dtype = params[i].dtype();
        if (rule.scalars_fit(arguments, largest_value(dtype), largest_computed_value(dtype))) continue;
        throw std::invalid_argument(
            fmt::format("{}: every term must be convertible to {} without overflow, got one that is not (tensor {})", who, name(dtype), i));
    }
}

}  // namespace

void detail::update(std::string_view who, const RuleInfo& rule, std::span<const TensorList> slots, const kernels::StepArguments& arguments,
                    const Context& context) {
    kernels::Common common;
    std::memcpy(&common, arguments.switches, sizeof common);
    const unsigned writes = rule.writes | (common.unscale ? 1u << kernels::grad_slot : 0u);
    check(who, rule, slots, writes, arguments);

    const TensorList params = slots[kernels::param_slot];
    const Isa isa = default_isa();
    Workers workers(params, context);
    Plan plan;
    std::map<std::pair<Device, DType>, unsigned> entries;
    for (std::size_t i = 0; i < params.size(); ++i) {
        const DType dtype = params[i].dtype();
        const auto [entry, is_new] = entries.try_emplace({params[i].device(), dtype});
        if (is_new) {
            PlanEntry planned = entry_of(rule, KernelKind::fused, isa, dtype, params[i].device());
            planned.arguments = arguments;
            planned.writes = writes;
            entry->second = plan.add_entry(planned);
        }
        const Tensor* row[kernels::max_slots] = {};
        for (std::size_t s = 0; s < slots.size(); ++s) row[s] = &slots[s][i];
        plan.add_row(entry->second, std::span(row, slots.size()));
    }
    plan.seal(workers.executor().concurrency(), context);
    plan.run(workers.executor());
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
