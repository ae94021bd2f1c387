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

void adadelta(TensorList params, TensorList grads, TensorList square_avgs, TensorList acc_deltas, const kernels::AdadeltaTerms<double>& terms,
              const kernels::Common& switches, double grad_scale, const Context& context) {
    update<kernels::Adadelta, kernels::AdadeltaRule>("fused.adadelta", {params, grads, square_avgs, acc_deltas}, terms, switches, grad_scale, context);
}

void adagrad(TensorList params, TensorList grads, TensorList state_sums, const kernels::AdagradTerms<double>& terms, const kernels::Common& switches,
             double grad_scale, const Context& context) {
    update<kernels::Adagrad, kernels::AdagradRule>("fused.adagrad", {params, grads, state_sums}, terms, switches, grad_scale, context);
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

void adamax(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_infs, const kernels::AdamaxTerms<double>& terms,
            const kernels::Common& switches, double grad_scale, const Context& context) {
    update<kernels::Adamax, kernels::AdamaxRule>("fused.adamax", {params, grads, exp_avgs, exp_infs}, terms, switches, grad_scale, context);
}

void asgd(TensorList params, TensorList grads, TensorList axs, const kernels::ASGDTerms<double>& terms, const kernels::ASGDSwitches& switches, double grad_scale,
          const Context& context) {
    update<kernels::ASGD, kernels::ASGDRule>("fused.asgd", {params, grads, axs}, terms, switches, grad_scale, context);
}

void nadam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, const kernels::NAdamTerms<double>& terms,
           const kernels::Common& switches, double grad_scale, const Context& context) {
    update<kernels::NAdam, kernels::NAdamRule>("fused.nadam", {params, grads, exp_avgs, exp_avg_sqs}, terms, switches, grad_scale, context);
}

void radam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, const kernels::RAdamTerms<double>& terms,
           const kernels::RAdamSwitches& switches, double grad_scale, const Context& context) {
    update<kernels::RAdam, kernels::RAdamRule>("fused.radam", {params, grads, exp_avgs, exp_avg_sqs}, terms, switches, grad_scale, context);
}

void rmsprop(TensorList params, TensorList grads, TensorList square_avgs, TensorList grad_avgs, TensorList momentum_buffers,
             const kernels::RMSpropTerms<double>& terms, const kernels::Common& switches, double grad_scale, const Context& context) {
    using kernels::RMSprop, kernels::RMSpropRule;
    const auto call = [&]<class Rule>(Rule, const std::array<TensorList, Rule::slots>& slots) {
        update<RMSprop, Rule>("fused.rmsprop", slots, terms, switches, grad_scale, context);
    };
    const bool has_momentum = !momentum_buffers.empty(), is_centered = !grad_avgs.empty();
    if (has_momentum && is_centered) call(RMSpropRule<true, true>(), {params, grads, square_avgs, momentum_buffers, grad_avgs});
    else if (has_momentum) call(RMSpropRule<true, false>(), {params, grads, square_avgs, momentum_buffers});
    else if (is_centered) call(RMSpropRule<false, true>(), {params, grads, square_avgs, grad_avgs});
    else call(RMSpropRule<false, false>(), {params, grads, square_avgs});
}

void rprop(TensorList params, TensorList grads, TensorList prevs, TensorList step_sizes, const kernels::RpropTerms<double>& terms,
           const kernels::Common& switches, double grad_scale, const Context& context) {
    update<kernels::Rprop, kernels::RpropRule>("fused.rprop", {params, grads, prevs, step_sizes}, terms, switches, grad_scale, context);
}

void sgd(TensorList params, TensorList grads, TensorList momentum_buffers, const kernels::SgdTerms<double>& terms,
         const kernels::SgdSwitches& switches, double grad_scale, const Context& context) {
    using kernels::SGD, kernels::SgdRule;
    if (momentum_buffers.empty()) update<SGD, SgdRule<false>>("fused.sgd", {params, grads}, terms, switches, grad_scale, context);
    else update<SGD, SgdRule<true>>("fused.sgd", {params, grads, momentum_buffers}, terms, switches, grad_scale, context);
}

}  // namespace ravine::inline v0::fused
