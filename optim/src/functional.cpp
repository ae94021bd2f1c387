#include <ravine/optim/functional.h>

#include "functional_update.h"

#include <initializer_list>

namespace ravine::inline v0::optim::functional {
namespace {

template <class A>
void update(std::string_view who, TensorList params, TensorList grads, std::initializer_list<StateList> state, const typename A::Options& options,
            const Context& context) {
    const auto& algorithm = static_cast<const Algorithm&>(class_of<A>());
    functional::update({who, algorithm, &options, params, grads, {state.begin(), state.size()}}, context);
}

/// Adam's and AdamW's.
template <class A>
void update_adam(std::string_view who, TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList max_exp_avg_sqs,
                 TensorList state_steps, const typename A::Options& options, const Context& context) {
    update<A>(who, params, grads,
              {{"exp_avg", "exp_avgs", exp_avgs},
               {"exp_avg_sq", "exp_avg_sqs", exp_avg_sqs},
               {"max_exp_avg_sq", "max_exp_avg_sqs", max_exp_avg_sqs},
               {"step", "state_steps", state_steps}},
              options, context);
}

}  // namespace

void adam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList max_exp_avg_sqs, TensorList state_steps,
          const AdamOptions& options, const Context& context) {
    update_adam<AdamAlgorithm>("functional.adam", params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, options, context);
}

void adamw(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList max_exp_avg_sqs, TensorList state_steps,
           const AdamWOptions& options, const Context& context) {
    update_adam<AdamWAlgorithm>("functional.adamw", params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, options, context);
}

void sgd(TensorList params, TensorList grads, std::span<Tensor> momentum_buffer_list, const SGDOptions& options, const Context& context) {
    update<SGDAlgorithm>("functional.sgd", params, grads,
                         {{"momentum_buffer", "momentum_buffer_list", momentum_buffer_list, momentum_buffer_list}}, options, context);
}

void adagrad(TensorList params, TensorList grads, TensorList state_sums, TensorList state_steps, const AdagradOptions& options, const Context& context) {
    update<AdagradAlgorithm>("functional.adagrad", params, grads, {{"sum", "state_sums", state_sums}, {"step", "state_steps", state_steps}}, options, context);
}

void adadelta(TensorList params, TensorList grads, TensorList square_avgs, TensorList acc_deltas, TensorList state_steps, const AdadeltaOptions& options,
              const Context& context) {
    update<AdadeltaAlgorithm>("functional.adadelta", params, grads,
                              {{"square_avg", "square_avgs", square_avgs}, {"acc_delta", "acc_deltas", acc_deltas}, {"step", "state_steps", state_steps}},
                              options, context);
}

void adamax(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_infs, TensorList state_steps, const AdamaxOptions& options,
            const Context& context) {
    update<AdamaxAlgorithm>("functional.adamax", params, grads,
                            {{"exp_avg", "exp_avgs", exp_avgs}, {"exp_inf", "exp_infs", exp_infs}, {"step", "state_steps", state_steps}}, options, context);
}

void asgd(TensorList params, TensorList grads, TensorList axs, TensorList mus, TensorList etas, TensorList state_steps, const ASGDOptions& options,
          const Context& context) {
    update<ASGDAlgorithm>("functional.asgd", params, grads, {{"ax", "axs", axs}, {"mu", "mus", mus}, {"eta", "etas", etas}, {"step", "state_steps", state_steps}},
                          options, context);
}

void nadam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList mu_products, TensorList state_steps,
           const NAdamOptions& options, const Context& context) {
    update<NAdamAlgorithm>("functional.nadam", params, grads,
                           {{"exp_avg", "exp_avgs", exp_avgs},
                            {"exp_avg_sq", "exp_avg_sqs", exp_avg_sqs},
                            {"mu_product", "mu_products", mu_products},
                            {"step", "state_steps", state_steps}},
                           options, context);
}

void radam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList state_steps, const RAdamOptions& options,
           const Context& context) {
    update<RAdamAlgorithm>("functional.radam", params, grads,
                           {{"exp_avg", "exp_avgs", exp_avgs}, {"exp_avg_sq", "exp_avg_sqs", exp_avg_sqs}, {"step", "state_steps", state_steps}}, options,
                           context);
}

void rmsprop(TensorList params, TensorList grads, TensorList square_avgs, TensorList grad_avgs, TensorList momentum_buffer_list, TensorList state_steps,
             const RMSpropOptions& options, const Context& context) {
    update<RMSpropAlgorithm>("functional.rmsprop", params, grads,
                             {{"square_avg", "square_avgs", square_avgs},
                              {"grad_avg", "grad_avgs", grad_avgs},
                              {"momentum_buffer", "momentum_buffer_list", momentum_buffer_list},
                              {"step", "state_steps", state_steps}},
                             options, context);
}

void rprop(TensorList params, TensorList grads, TensorList prevs, TensorList step_sizes, TensorList state_steps, const RpropOptions& options,
           const Context& context) {
    update<RpropAlgorithm>("functional.rprop", params, grads,
                           {{"prev", "prevs", prevs}, {"step_size", "step_sizes", step_sizes}, {"step", "state_steps", state_steps}}, options, context);
}

}  // namespace ravine::inline v0::optim::functional
