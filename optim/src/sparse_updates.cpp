// Updates of elementwise classes by sparse gradients: tensor code over what the gradients store.
#include <ravine/optim/adagrad.h>
#include <ravine/optim/sgd.h>
#include <ravine/runtime/foreach.h>

#include <cstring>
#include <map>

namespace ravine::inline v0::optim {
namespace {

/// The columns of a matrix of indices that are chosen.
Tensor columns_of(const Tensor& indices, std::span<const std::int64_t> chosen, const Context& context) {
    const std::int64_t rows = indices.shape()[0], all = indices.shape()[1];
    const Tensor result = empty({rows, static_cast<std::int64_t>(chosen.size())}, DType::i64, context);
    const auto from = indices.span<const std::int64_t>();
    const auto to = result.span<std::int64_t>();
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::size_t i = 0; i < chosen.size(); ++i) to[static_cast<std::size_t>(row) * chosen.size() + i] = from[static_cast<std::size_t>(row * all + chosen[i])];
    }
    return result;
}

/// The chosen ones of many values, in new memory.
Tensor values_of(const Tensor& values, std::span<const std::int64_t> chosen, const Context& context) {
    Shape shape = values.shape();
    const std::size_t bytes = values.nbytes() / static_cast<std::size_t>(shape[0]);
    shape[0] = static_cast<std::int64_t>(chosen.size());
    const Tensor result = empty(shape, values.dtype(), context);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        std::memcpy(static_cast<std::byte*>(result.mutable_data()) + i * bytes,
                    static_cast<const std::byte*>(values.data()) + static_cast<std::size_t>(chosen[i]) * bytes, bytes);
    }
    return result;
}

/// A gradient as several in which no place is twice: one after the other they add its values in the order in which they are stored.
std::vector<SparseTensor> rounds_of(const SparseTensor& grad, const Context& context) {
    if (grad.is_coalesced()) return {grad};
    const std::int64_t rows = grad.indices().shape()[0], all = grad.nnz();
    const auto indices = grad.indices().span<const std::int64_t>();
    std::map<std::vector<std::int64_t>, std::size_t> times;
    std::vector<std::vector<std::int64_t>> rounds;
    for (std::int64_t i = 0; i < all; ++i) {
        std::vector<std::int64_t> place;
        for (std::int64_t row = 0; row < rows; ++row) place.push_back(indices[static_cast<std::size_t>(row * all + i)]);
        const std::size_t round = times[std::move(place)]++;
        if (round == rounds.size()) rounds.emplace_back();
        rounds[round].push_back(i);
    }
    std::vector<SparseTensor> result;
    for (const auto& chosen : rounds) result.emplace_back(columns_of(grad.indices(), chosen, context), values_of(grad.values(), chosen, context), grad.shape());
    return result;
}

}  // namespace

void SGDAlgorithm::sparse_update(const Options& options, std::int64_t, const SparseTensor& grad, const Tensor& param, std::span<const Tensor>,
                                 const Context& context) {
    // torch multiplies and adds where it knows that no place is twice, unless values have dimensions of their own.
    const bool in_two = grad.values().dim() == 1 && (grad.is_coalesced() || grad.nnz() < 2);
    const double alpha = options.maximize ? options.lr : -options.lr;
    for (const SparseTensor& round : rounds_of(grad, context)) {
        const Tensor moved[] = {round.gather(param, context)};
        const Tensor values[] = {round.values()};
        if (in_two) foreach::add_(moved, foreach::mul(values, alpha, context), context);
        else foreach::add_(moved, values, alpha, context);
        round.scatter(moved[0], param);
    }
}

void AdagradAlgorithm::sparse_update(const Options& options, std::int64_t step, const SparseTensor& grad, const Tensor& param,
                                     std::span<const Tensor> state, const Context& context) {
    const SparseTensor summed = grad.coalesce(context);
    if (summed.values().numel() == 0) return;
    const double clr = options.lr / (1 + static_cast<double>(step - 1) * options.lr_decay);
    const Tensor values[] = {summed.values()};
    const foreach::Tensors gradient = options.maximize ? foreach::neg(values, context) : foreach::Tensors{values[0]};
    const foreach::Tensors squares = foreach::mul(gradient, gradient, context);
    const Tensor sum[] = {summed.gather(state[0], context)};
    foreach::add_(sum, squares, context);
    const foreach::Tensors std = foreach::sqrt(sum, context);
    foreach::add_(std, options.eps, context);
    const foreach::Tensors direction = foreach::div(gradient, std, context);
    const Tensor moved[] = {summed.gather(param, context)};
    foreach::add_(moved, direction, -clr, context);
    summed.scatter(sum[0], state[0]);
    summed.scatter(moved[0], param);
}

}  // namespace ravine::inline v0::optim
