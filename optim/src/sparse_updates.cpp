// Updates of elementwise classes by sparse gradients: tensor code over what the gradients store.
#include <ravine/optim/adagrad.h>
#include <ravine/optim/sgd.h>
#include <ravine/runtime/foreach.h>

namespace ravine::inline v0::optim {
namespace {

/// Adds `alpha * values` to the places of `where`, none of which is there twice.
void add_at(const SparseTensor& where, const Tensor& values, double alpha, bool multiplies_first, const Tensor& param, const Context& context) {
    const Tensor moved[] = {where.gather(param, context)};
    if (multiplies_first) foreach::add_(moved, foreach::mul(std::span(&values, 1), alpha, context), context);
    else foreach::add_(moved, std::span(&values, 1), alpha, context);
    where.scatter(moved[0], param, context);
}

/// torch multiplies and adds where it knows that no place is twice, unless values have dimensions of their own; elsewhere it
/// makes one fma of the two.
bool multiplies_first(const SparseTensor& sparse, bool coalesced) { return sparse.values().dim() == 1 && (coalesced || sparse.nnz() < 2); }

/// Adds alpha * grad, value after value.
void add_all(const SparseTensor& grad, double alpha, const Tensor& param, const Context& context) {
    const bool in_two = multiplies_first(grad, grad.is_coalesced());
    for (const SparseTensor& round : grad.rounds(context)) add_at(round, round.values(), alpha, in_two, param, context);
}

SparseTensor times(const SparseTensor& sparse, double factor, const Context& context) {
    return sparse.with_values(foreach::mul(std::span(&sparse.values(), 1), factor, context)[0]);
}

}  // namespace

void SGDAlgorithm::sparse_update(const Options& options, const SparseTensor& grad, const Tensor& param, std::span<const Tensor> state, SparseTensor& buffer,
                                 const Context& context) {
    if (options.momentum == 0) return add_all(grad, options.maximize ? options.lr : -options.lr, param, context);
    const SparseTensor gradient = options.maximize ? times(grad, -1, context) : grad;
    if (!state.empty() && state[0].defined()) {
        const auto dense = state.first(1);
        foreach::mul_(dense, options.momentum, context);
        add_all(gradient, 1 - options.dampening, dense[0], context);
        const foreach::Tensors change = options.nesterov ? foreach::mul(dense, options.momentum, context) : foreach::Tensors(dense.begin(), dense.end());
        if (options.nesterov) add_all(gradient, 1, change[0], context);
        return foreach::add_(std::span(&param, 1), change, -options.lr, context);
    }
    if (!buffer.defined()) buffer = gradient.clone(context);
    else buffer = times(buffer, options.momentum, context).add(gradient, 1 - options.dampening, context);
    add_all(options.nesterov ? gradient.add(buffer, options.momentum, context) : buffer, -options.lr, param, context);
}

void AdagradAlgorithm::sparse_update(const Options& options, std::int64_t step, const SparseTensor& grad, const Tensor& param,
                                     std::span<const Tensor> state, const Context& context) {
    const SparseTensor summed = grad.coalesce(context);
    if (summed.values().numel() == 0) return;
    const double clr = options.lr / (1 + static_cast<double>(step - 1) * options.lr_decay);
    const foreach::Tensors gradient = options.maximize ? foreach::neg(std::span(&summed.values(), 1), context) : foreach::Tensors{summed.values()};
    const Tensor sum[] = {summed.gather(state[0], context)};
    foreach::add_(sum, foreach::mul(gradient, gradient, context), context);
    const foreach::Tensors std = foreach::sqrt(sum, context);
    foreach::add_(std, options.eps, context);
    const foreach::Tensors direction = foreach::div(gradient, std, context);
    summed.scatter(sum[0], state[0], context);
    // torch makes a sparse tensor of the quotients that it does not know to be coalesced.
    add_at(summed, direction[0], -clr, multiplies_first(summed, false), param, context);
}

}  // namespace ravine::inline v0::optim
