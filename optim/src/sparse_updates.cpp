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

}  // namespace

void SGDAlgorithm::sparse_update(const Options& options, std::int64_t, const SparseTensor& grad, const Tensor& param, std::span<const Tensor>,
                                 const Context& context) {
    const bool in_two = multiplies_first(grad, grad.is_coalesced());
    const double alpha = options.maximize ? options.lr : -options.lr;
    for (const SparseTensor& round : grad.rounds(context)) add_at(round, round.values(), alpha, in_two, param, context);
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
