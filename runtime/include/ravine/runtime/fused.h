#pragma once
#include <ravine/kernels/rules/adadelta.h>
#include <ravine/kernels/rules/adagrad.h>
#include <ravine/kernels/rules/adam.h>
#include <ravine/kernels/rules/adamax.h>
#include <ravine/kernels/rules/asgd.h>
#include <ravine/kernels/rules/nadam.h>
#include <ravine/kernels/rules/radam.h>
#include <ravine/kernels/rules/rmsprop.h>
#include <ravine/kernels/rules/rprop.h>
#include <ravine/kernels/rules/sgd.h>
#include <ravine/runtime/tensor.h>
#include <ravine/runtime/update.h>

#include <array>
#include <span>

/// One call per algorithm over lists of parameters, gradients and state: a whole update without an Optimizer.
///
/// A function takes a rule's *terms*, the scalars of one step (`kernels::AdamRule<false>::terms({1e-3, 0.9, 0.999, 1e-8},
/// step, Power())` gives torch's; see the rule's header), and its switches, and writes parameters and state in place, in one
/// parallel region: float32 and float64 bit for bit as
/// torch's for-loop with correctly rounded roots; 16-bit tensors compute in float32 and round each stored element once.
/// Lists may mix shapes, dtypes (float64, float32, bfloat16, float16) and layouts; all tensors of one index have equal
/// shape and dtype. With the switch `unscale` gradients are divided by `grad_scale` and written back first; otherwise
/// gradients are only read.
///
/// All checks come before the first write. std::invalid_argument: lists of other lengths, shapes or dtypes that differ, a
/// dtype that is not floating-point, an undefined or read-only tensor, a finite term that overflows a dtype where torch
/// refuses it. The context gives the executor.
namespace ravine::inline v0::fused {

using TensorList = std::span<const Tensor>;

namespace detail {
RAVINE_API void update(std::string_view who, const RuleInfo& rule, std::span<const TensorList> slots, const kernels::StepArguments& arguments,
                       const Context& context);

template <class Family, class Rule> struct index_in;
template <class... Rules, class Rule> struct index_in<kernels::family<Rules...>, Rule> {
    static constexpr std::size_t value = [] {
        constexpr bool is_it[] = {std::is_same_v<Rules, Rule>...};
        std::size_t i = 0;
        while (!is_it[i]) ++i;
        return i;
    }();
};
}  // namespace detail

/// One update by a rule of a family whose kernels are compiled (RAVINE_INSTANTIATE). `slots` are the lists in the order of
/// the rule's slots: parameters, gradients, state. `who` stands in messages.
template <class Family, class Rule>
void update(std::string_view who, const std::array<TensorList, Rule::slots>& slots, const typename Rule::template Terms<double>& terms,
            const typename Rule::Switches& switches = {}, double grad_scale = 1, const Context& context = {}) {
    kernels::StepArguments arguments{};
    set_arguments<Rule>(terms, switches, arguments);
    arguments.grad_scale = grad_scale;
    detail::update(who, rule_infos<Family>()[detail::index_in<Family, Rule>::value], slots, arguments, context);
}

RAVINE_API void adadelta(TensorList params, TensorList grads, TensorList square_avgs, TensorList acc_deltas, const kernels::AdadeltaTerms<double>& terms,
                         const kernels::Common& switches = {}, double grad_scale = 1, const Context& context = {});
RAVINE_API void adagrad(TensorList params, TensorList grads, TensorList state_sums, const kernels::AdagradTerms<double>& terms,
                        const kernels::Common& switches = {}, double grad_scale = 1, const Context& context = {});

/// Adam, and AdamW with the decay in `terms.keep`; AMSGrad if `max_exp_avg_sqs` is not empty.
RAVINE_API void adam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList max_exp_avg_sqs,
                     const kernels::AdamTerms<double>& terms, const kernels::Common& switches = {}, double grad_scale = 1,
                     const Context& context = {});

RAVINE_API void adamax(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_infs, const kernels::AdamaxTerms<double>& terms,
                       const kernels::Common& switches = {}, double grad_scale = 1, const Context& context = {});
/// ASGD, whose averages are the parameters until `switches.averages`.
RAVINE_API void asgd(TensorList params, TensorList grads, TensorList axs, const kernels::ASGDTerms<double>& terms, const kernels::ASGDSwitches& switches = {},
                     double grad_scale = 1, const Context& context = {});
RAVINE_API void nadam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, const kernels::NAdamTerms<double>& terms,
                      const kernels::Common& switches = {}, double grad_scale = 1, const Context& context = {});
RAVINE_API void radam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, const kernels::RAdamTerms<double>& terms,
                      const kernels::RAdamSwitches& switches = {}, double grad_scale = 1, const Context& context = {});
/// RMSprop; centered if `grad_avgs`, with momentum if `momentum_buffers` is not empty.
RAVINE_API void rmsprop(TensorList params, TensorList grads, TensorList square_avgs, TensorList grad_avgs, TensorList momentum_buffers,
                        const kernels::RMSpropTerms<double>& terms, const kernels::Common& switches = {}, double grad_scale = 1, const Context& context = {});
RAVINE_API void rprop(TensorList params, TensorList grads, TensorList prevs, TensorList step_sizes, const kernels::RpropTerms<double>& terms,
                      const kernels::Common& switches = {}, double grad_scale = 1, const Context& context = {});

/// SGD; with momentum if `momentum_buffers` is not empty.
RAVINE_API void sgd(TensorList params, TensorList grads, TensorList momentum_buffers, const kernels::SgdTerms<double>& terms,
                    const kernels::SgdSwitches& switches = {}, double grad_scale = 1, const Context& context = {});

}  // namespace ravine::inline v0::fused
