#pragma once
#include <ravine/optim/adadelta.h>
#include <ravine/optim/adafactor.h>
#include <ravine/optim/adagrad.h>
#include <ravine/optim/adam.h>
#include <ravine/optim/adamax.h>
#include <ravine/optim/adamw.h>
#include <ravine/optim/asgd.h>
#include <ravine/optim/muon.h>
#include <ravine/optim/nadam.h>
#include <ravine/optim/radam.h>
#include <ravine/optim/rmsprop.h>
#include <ravine/optim/rprop.h>
#include <ravine/optim/sgd.h>
#include <ravine/optim/sparse_adam.h>
#include <ravine/runtime/sparse.h>

#include <span>

/// torch.optim's functional forms: one step over parallel lists of parameters, gradients and state that the caller keeps, without an
/// optimizer object. `functional::adam(params, grads, exp_avgs, exp_avg_sqs, {}, state_steps, {.lr = 1e-3})` moves `params[i]` by
/// `grads[i]`, and the state beside it, in place: the bits of the class with these options and this state.
///
/// **Lists** are in torch's order and have one tensor for each parameter. A list that the options do not need (max_exp_avg_sqs
/// without amsgrad) is not looked at and may be empty. Parameters are float64, float32, bfloat16 or float16 in any shape and layout, a list may
/// mix all of these; gradients, which are only read, and state have the parameter's shape, dtype and device.
///
/// **Numbers** (state_steps, mu_products, mus, etas) are float32 tensors of one element on the host, also for parameters on a device. They are
/// read, and those after the step are written: a function increments state_steps. Parameters of one call may be at different steps.
///
/// **New state** is zeros, but for a mu_product and a mu of 1, an eta of lr, step_sizes of lr and state_sums of
/// initial_accumulator_value, which no function reads from the options.
///
/// **Options** are the class's, without its checks of ranges, as in torch. `implementation` chooses as there: automatic is fused.
/// `differentiable` is without effect, `capturable` is refused, and gradients are dense, but for sparse_adam's.
///
/// All memory stays the caller's; nothing is kept. Memory that is written must not overlap other memory of the call: not even numbers may be
/// shared. The context gives the executor and sgd's new buffers.
///
/// All checks come before the first write, so what throws has changed nothing. std::invalid_argument: lists of other lengths, shapes,
/// dtypes or devices that differ, a dtype that is not floating-point, an undefined tensor, one that is read-only but to be written, a
/// state_step that is no count, an option that overflows a dtype where torch refuses it. std::runtime_error from a device.
namespace ravine::inline v0::optim::functional {

using TensorList = std::span<const Tensor>;

/// `max_exp_avg_sqs` with amsgrad.
RAVINE_API void adam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList max_exp_avg_sqs, TensorList state_steps,
                     const AdamOptions& options, const Context& context = {});
RAVINE_API void adamw(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList max_exp_avg_sqs, TensorList state_steps,
                      const AdamWOptions& options, const Context& context = {});

/// `momentum_buffer_list` with momentum. Its undefined tensors stand for parameters without a step so far: their buffers are made, in the
/// parameter's layout, and put into the list.
RAVINE_API void sgd(TensorList params, TensorList grads, std::span<Tensor> momentum_buffer_list, const SGDOptions& options, const Context& context = {});

RAVINE_API void adagrad(TensorList params, TensorList grads, TensorList state_sums, TensorList state_steps, const AdagradOptions& options,
                        const Context& context = {});
RAVINE_API void adadelta(TensorList params, TensorList grads, TensorList square_avgs, TensorList acc_deltas, TensorList state_steps,
                         const AdadeltaOptions& options, const Context& context = {});
RAVINE_API void adamax(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_infs, TensorList state_steps,
                       const AdamaxOptions& options, const Context& context = {});
RAVINE_API void asgd(TensorList params, TensorList grads, TensorList axs, TensorList mus, TensorList etas, TensorList state_steps,
                     const ASGDOptions& options, const Context& context = {});
RAVINE_API void nadam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList mu_products, TensorList state_steps,
                      const NAdamOptions& options, const Context& context = {});
RAVINE_API void radam(TensorList params, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs, TensorList state_steps,
                      const RAdamOptions& options, const Context& context = {});
/// `grad_avgs` if centered, `momentum_buffer_list` with momentum.
RAVINE_API void rmsprop(TensorList params, TensorList grads, TensorList square_avgs, TensorList grad_avgs, TensorList momentum_buffer_list,
                        TensorList state_steps, const RMSpropOptions& options, const Context& context = {});
RAVINE_API void rprop(TensorList params, TensorList grads, TensorList prevs, TensorList step_sizes, TensorList state_steps, const RpropOptions& options,
                      const Context& context = {});

/// What the classes of these three refuse, beside what they say of ranges, is refused here too; see there.
///
/// A matrix (or more dimensions) has a row_var and a col_var, whose last and last but one dimension is 1, any other parameter a
/// variance: those that it does not have may be undefined.
RAVINE_API void adafactor(TensorList params, TensorList grads, TensorList row_vars, TensorList col_vars, TensorList variances, TensorList state_steps,
                          const AdafactorOptions& options, const Context& context = {});
RAVINE_API void muon(TensorList params, TensorList grads, TensorList muon_momentum_bufs, const MuonOptions& options, const Context& context = {});
/// `state_steps` are the numbers of the steps to be made, 1 for the first, and stay: here the caller counts, as in torch.
RAVINE_API void sparse_adam(TensorList params, std::span<const SparseTensor> grads, TensorList exp_avgs, TensorList exp_avg_sqs,
                            std::span<const std::int64_t> state_steps, const SparseAdamOptions& options, const Context& context = {});

}  // namespace ravine::inline v0::optim::functional
