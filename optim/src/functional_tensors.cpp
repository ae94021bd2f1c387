// The functions for optimizers that are no rules. Parameters, a group and its body live for one call: they are views, and the
// body is the one that the class steps with.
#include "functional_update.h"
#include "group_access.h"
#include "tensor_body.h"

#include <ravine/optim/functional.h>
#include <ravine/runtime/list_checks.h>

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

namespace ravine::inline v0::optim::functional {
namespace {

void check_gradients(std::string_view who, TensorList grads, TensorList params) { check_alike(who, "grads", grads, params); }
void check_gradients(std::string_view who, std::span<const SparseTensor> grads, TensorList params) {
    check_count(who, "grads", grads.size(), params.size());
    for (std::size_t i = 0; i < grads.size(); ++i) {
        if (grads[i].defined()) continue;
        throw std::invalid_argument(fmt::format("{}: grads must be defined, got an undefined tensor (tensor {})", who, i));
    }
}

void set_gradient(const Parameter& parameter, const Tensor& grad) { parameter.set_grad(grad); }
void set_gradient(const Parameter& parameter, const SparseTensor& grad) { parameter.set_sparse_grad(grad); }

template <class Gradient>
Parameters parameters_of(std::string_view who, TensorList params, std::span<const Gradient> grads) {
    check_floating_point(who, "params", params);
    check_writable(who, "params", params);
    check_gradients(who, grads, params);
    Parameters result;
    for (std::size_t i = 0; i < params.size(); ++i) {
        result.emplace_back(fmt::format("params[{}]", i), params[i]);
        set_gradient(result.back(), grads[i]);
    }
    return result;
}

/// `state` in the order of the class's slots.
template <class A>
void update(std::string_view who, Parameters parameters, std::initializer_list<StateList> state, std::span<const std::int64_t> steps,
            const typename A::Options& options, const Context& context) {
    const OptimizerClass& its_class = class_of<A>();
    if (const std::string text = its_class.contradiction(&options); !text.empty()) throw std::invalid_argument(fmt::format("{}: {}", who, text));
    if (parameters.empty()) return;
    OptionsGroup<typename A::Options> group(A::name);
    group.options = options;
    GroupAccess::params(group) = std::move(parameters);
    const detail::BodyPointer body = its_class.make_body(its_class, its_class.make_group(), context);
    static_cast<TensorBody&>(*body).update_lists(group, {state.begin(), state.size()}, steps);
}

}  // namespace

void adafactor(TensorList params, TensorList grads, TensorList row_vars, TensorList col_vars, TensorList variances, TensorList state_steps,
               const AdafactorOptions& options, const Context& context) {
    constexpr std::string_view who = "functional.adafactor";
    const Parameters parameters = parameters_of(who, params, grads);
    check_numbers(who, "state_steps", state_steps, params.size());
    std::vector<std::int64_t> steps;
    for (std::size_t i = 0; i < params.size(); ++i) steps.push_back(next_step(who, state_steps, i));
    update<AdafactorAlgorithm>(who, parameters,
                               {{"row_var", "row_vars", row_vars}, {"col_var", "col_vars", col_vars}, {"variance", "variances", variances}},
                               steps, options, context);
    for (const Tensor& step : state_steps) *static_cast<float*>(step.mutable_data()) += 1;
}

void muon(TensorList params, TensorList grads, TensorList muon_momentum_bufs, const MuonOptions& options, const Context& context) {
    constexpr std::string_view who = "functional.muon";
    const std::vector<std::int64_t> uncounted(params.size());
    update<MuonAlgorithm>(who, parameters_of(who, params, grads), {{"momentum_buffer", "muon_momentum_bufs", muon_momentum_bufs}}, uncounted, options, context);
}

void sparse_adam(TensorList params, std::span<const SparseTensor> grads, TensorList exp_avgs, TensorList exp_avg_sqs,
                 std::span<const std::int64_t> state_steps, const SparseAdamOptions& options, const Context& context) {
    constexpr std::string_view who = "functional.sparse_adam";
    const Parameters parameters = parameters_of(who, params, grads);
    check_count(who, "state_steps", state_steps.size(), params.size());
    for (std::size_t i = 0; i < state_steps.size(); ++i) {
        if (state_steps[i] >= 1) continue;
        throw std::invalid_argument(fmt::format("{}: state_steps must be numbers of steps from 1 on, got {} (tensor {})", who, state_steps[i], i));
    }
    update<SparseAdamAlgorithm>(who, parameters, {{"exp_avg", "exp_avgs", exp_avgs}, {"exp_avg_sq", "exp_avg_sqs", exp_avg_sqs}}, state_steps, options, context);
}

}  // namespace ravine::inline v0::optim::functional
