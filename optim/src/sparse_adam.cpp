#include <ravine/optim/sparse_adam.h>

#include "tensor_body.h"

#include <ravine/runtime/foreach.h>

#include <array>
#include <cmath>

namespace ravine::inline v0::optim {
namespace {

constexpr std::array<std::string_view, 2> state_names = {"exp_avg", "exp_avg_sq"};

class SparseAdamBody final : public TensorBody {
  public:
    SparseAdamBody(const OptimizerClass& its_class, std::shared_ptr<Group> defaults, const Context& context)
        : TensorBody(its_class, std::move(defaults), context, Count::integer, state_names) {}

  protected:
    std::vector<SlotInfo> slots_of(const Parameter& parameter) const override {
        const Shape& shape = parameter.data().shape();
        return {{0, shape, true}, {1, shape, true}};
    }
    void check(const Group&, std::size_t, TensorUpdates updates) const override {
        for (const TensorUpdate& update : updates) update.parameter->sparse_grad().check_indices(context());
    }
    void update(const Group& group, TensorUpdates updates, const Context& context) override;
};

/// What the gradients store, and what parameters and state have there.
struct Stored {
    std::vector<SparseTensor> gradients;
    std::vector<Tensor> grad, param, exp_avg, exp_avg_sq;
    std::vector<const TensorUpdate*> updates;

    Stored(TensorUpdates all, const Context& context) {
        for (const TensorUpdate& update : all) {
            const SparseTensor gradient = update.parameter->sparse_grad().coalesce(context);
            if (gradient.values().numel() == 0) continue;
            updates.push_back(&update);
            grad.push_back(gradient.values());
            param.push_back(gradient.gather(update.parameter->data(), context));
            exp_avg.push_back(gradient.gather(update.state->tensors[0], context));
            exp_avg_sq.push_back(gradient.gather(update.state->tensors[1], context));
            gradients.push_back(gradient);
        }
    }
    void put_back(const Context& context) const {
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            gradients[i].scatter(exp_avg[i], updates[i]->state->tensors[0], context);
            gradients[i].scatter(exp_avg_sq[i], updates[i]->state->tensors[1], context);
            gradients[i].scatter(param[i], updates[i]->parameter->data(), context);
        }
    }
};

/// In torch's order; an average that moved by its sparse difference is what torch's numerator and denominator are made of.
void SparseAdamBody::update(const Group& group, TensorUpdates all, const Context& context) {
    const auto& options = options_of<SparseAdamOptions>(group);
    const auto [beta1, beta2] = options.betas;
    Stored stored(all, context);
    if (options.maximize) stored.grad = foreach::neg(stored.grad, context);
    std::vector<double> minus_step;
    for (const TensorUpdate* update : stored.updates) {
        const auto step = static_cast<double>(update->step);
        minus_step.push_back(-(options.lr * std::sqrt(1 - std::pow(beta2, step)) / (1 - std::pow(beta1, step))));
    }
    foreach::Tensors moved = foreach::sub(stored.grad, stored.exp_avg, context);
    foreach::mul_(moved, 1 - beta1, context);
    foreach::add_(stored.exp_avg, moved, context);

    moved = foreach::mul(stored.grad, stored.grad, context);
    foreach::sub_(moved, stored.exp_avg_sq, context);
    foreach::mul_(moved, 1 - beta2, context);
    foreach::add_(stored.exp_avg_sq, moved, context);

    foreach::Tensors denominator = foreach::sqrt(stored.exp_avg_sq, context);
    foreach::add_(denominator, options.eps, context);
    foreach::Tensors change = foreach::div(stored.exp_avg, denominator, context);
    foreach::mul_(change, minus_step, context);
    foreach::add_(stored.param, change, context);
    stored.put_back(context);
}

}  // namespace

template <> const OptimizerClass& class_of<SparseAdamAlgorithm>() {
    static const OptimizerClass result = describe_class<SparseAdamAlgorithm>(
        [](const OptimizerClass& self, std::shared_ptr<Group> defaults, const Context& context) {
            return detail::BodyPointer(new SparseAdamBody(self, std::move(defaults), context));
        });
    return result;
}

}  // namespace ravine::inline v0::optim
