#include <ravine/optim/adafactor.h>

#include "tensor_body.h"

#include <ravine/runtime/foreach.h>
#include <ravine/runtime/update.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace ravine::inline v0::optim {
namespace {

using foreach::Tensors;

enum Slot : std::size_t { row_var, col_var, variance };
constexpr std::array<std::string_view, 3> state_names = {"row_var", "col_var", "variance"};

bool is_factored(const Tensor& tensor) { return tensor.dim() >= 2; }

double epsilon_of(DType dtype) {
    switch (dtype) {
    case DType::f64: return 0x1p-52;
    case DType::bf16: return 0x1p-7;
    case DType::f16: return 0x1p-10;
    default: return 0x1p-23;
    }
}

/// That of a None is the first parameter's for the whole group, as in torch.
double first_eps(const AdafactorOptions& options, const Group& group) {
    if (options.eps.first) return *options.eps.first;
    const auto has_grad = [](const Parameter& parameter) { return parameter.grad().defined(); };
    return epsilon_of(std::find_if(group.params().begin(), group.params().end(), has_grad)->data().dtype());
}

double relative_step(const AdafactorOptions& options, std::int64_t step) {
    return std::min(options.lr, 1 / std::pow(static_cast<double>(step), 0.5));
}

/// The Euclidean norms, rounded to the tensors' dtypes, over the roots of the numbers of elements, times `unit`.
std::vector<double> root_mean_squares(const Tensors& tensors, double unit, const Context& context) {
    std::vector<double> result = foreach::norms(tensors, 2, context);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        result[i] = scalar_tensor(result[i], tensors[i].dtype()).item() / (std::pow(static_cast<double>(tensors[i].numel()), 0.5) * unit);
    }
    return result;
}

/// Row-major tensors whose dimensions of size 1 are repeated to those of `like`.
Tensors repeated(const Tensors& tensors, const Tensors& like) {
    Tensors result;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const Shape& shape = like[i].shape();
        Shape strides = contiguous_strides(tensors[i].shape());
        for (std::size_t d = 0; d < shape.size(); ++d) {
            if (tensors[i].shape()[d] != shape[d]) strides[d] = 0;
        }
        result.push_back(borrow(tensors[i].data(), tensors[i].dtype(), shape, {.strides = strides, .device = tensors[i].device()}));
    }
    return result;
}

/// What one call moves: parameters of one kind, matrices or not.
struct Part {
    std::vector<TensorUpdate> updates;
    Tensors data, grad;
    std::vector<double> weights;  ///< of the newest squares
    std::vector<double> steps;
};

class AdafactorBody final : public TensorBody {
  public:
    AdafactorBody(const OptimizerClass& its_class, std::shared_ptr<Group> defaults, const Context& context)
        : TensorBody(its_class, std::move(defaults), context, Count::tensor, state_names) {}

  protected:
    std::vector<SlotInfo> slots_of(const Parameter& parameter) const override;
    void check(const Group& group, std::size_t index, TensorUpdates updates) const override;
    void update(const Group& group, TensorUpdates updates, const Context& context) override;

  private:
    static void move(const AdafactorOptions& options, double eps, TensorUpdates updates, const Context& context);
    static Tensors factored_estimate(const Part& part, double eps, const Context& context);
    static Tensors full_estimate(const Part& part, const Context& context);
};

std::vector<SlotInfo> AdafactorBody::slots_of(const Parameter& parameter) const {
    const Tensor& data = parameter.data();
    if (!is_factored(data)) return {{variance, data.shape(), data.dim() == 1}};
    Shape rows = data.shape(), columns = data.shape();
    rows[data.dim() - 1] = 1;
    columns[data.dim() - 2] = 1;
    return {{row_var, rows, true}, {col_var, columns, data.dim() > 2}};
}

void AdafactorBody::check(const Group& group, std::size_t index, TensorUpdates updates) const {
    const auto& options = options_of<AdafactorOptions>(group);
    const double eps = first_eps(options, group);
    for (const TensorUpdate& update : updates) {
        const Tensor& data = update.parameter->data();
        if (data.numel() == 0) {
            throw std::invalid_argument(fmt::format("{}: parameters must have elements, got shape {} ({})", name(), data.shape().to_string(), where(update, index)));
        }
        const std::pair<std::string_view, double> scalars[] = {
            {"eps[0]", eps}, {"eps[0] squared", eps * eps}, {"eps[1] times the step", options.eps.second * relative_step(options, update.step)}};
        for (const auto& [what, value] : scalars) {
            if (!std::isfinite(value) || std::fabs(value) <= largest_value(data.dtype())) continue;
            throw std::invalid_argument(fmt::format("{}: {} must be convertible to {} without overflow, got {} ({})", name(), what,
                                                    ravine::name(data.dtype()), value, where(update, index)));
        }
    }
}

void AdafactorBody::update(const Group& group, TensorUpdates updates, const Context& context) {
    const auto& options = options_of<AdafactorOptions>(group);
    const double eps = first_eps(options, group);
    if (options.implementation != Implementation::for_loop) return move(options, eps, updates, context);
    SerialExecutor serial;
    Context alone = context;
    alone.executor = &serial;
    for (std::size_t i = 0; i < updates.size(); ++i) move(options, eps, updates.subspan(i, 1), alone);
}

/// R = lerp(R, mean of squares of the rows), C alike, and their outer product over the mean of R.
Tensors AdafactorBody::factored_estimate(const Part& part, double eps, const Context& context) {
    const Tensors averages[] = {state_of(part.updates, row_var), state_of(part.updates, col_var)};
    for (const std::int64_t dim : {-1, -2}) {
        std::vector<double> lengths;
        for (const Tensor& grad : part.grad) lengths.push_back(static_cast<double>(grad.shape()[static_cast<std::size_t>(static_cast<std::int64_t>(grad.dim()) + dim)]));
        const Tensors means = foreach::norm_over(part.grad, dim, context);
        foreach::mul_(means, means, context);
        foreach::div_(means, lengths, context);
        foreach::lerp_(averages[dim == -1 ? 0 : 1], means, part.weights, context);
    }
    const Tensors size = foreach::mean_over(averages[0], -2, context);
    foreach::maximum_(size, eps, context);
    Tensors estimate = foreach::mul(repeated(averages[0], part.grad), repeated(averages[1], part.grad), context);
    foreach::div_(estimate, repeated(size, part.grad), context);
    foreach::maximum_(estimate, eps * eps, context);
    return estimate;
}

Tensors AdafactorBody::full_estimate(const Part& part, const Context& context) {
    const Tensors average = state_of(part.updates, variance);
    foreach::lerp_(average, foreach::mul(part.grad, part.grad, context), part.weights, context);
    return average;
}

void AdafactorBody::move(const AdafactorOptions& options, double eps, TensorUpdates updates, const Context& context) {
    for (const bool factored : {true, false}) {
        Part part;
        for (const TensorUpdate& update : updates) {
            if (is_factored(update.parameter->data()) == factored) part.updates.push_back(update);
        }
        if (part.updates.empty()) continue;
        part.data = data_of(part.updates);
        part.grad = options.maximize ? foreach::neg(gradients_of(part.updates), context) : gradients_of(part.updates);
        part.steps = root_mean_squares(part.data, 1, context);
        for (std::size_t i = 0; i < part.updates.size(); ++i) {
            part.weights.push_back(std::pow(static_cast<double>(part.updates[i].step), options.beta2_decay));
            part.steps[i] = std::max(options.eps.second, part.steps[i]) * relative_step(options, part.updates[i].step);
        }
        if (options.weight_decay != 0) foreach::mul_(part.data, 1 - options.lr * options.weight_decay, context);

        const Tensors change = factored ? factored_estimate(part, eps, context) : foreach::maximum(full_estimate(part, context), eps * eps, context);
        foreach::rsqrt_(change, context);
        foreach::mul_(change, part.grad, context);
        const std::vector<double> sizes = root_mean_squares(change, options.d, context);
        for (std::size_t i = 0; i < sizes.size(); ++i) part.steps[i] = -part.steps[i] / std::max(1.0, sizes[i]);
        if (options.implementation != Implementation::foreach) {
            foreach::add_(part.data, change, part.steps, context);
        } else {
            foreach::mul_(change, part.steps, context);
            foreach::add_(part.data, change, context);
        }
    }
}

}  // namespace

template <> const OptimizerClass& class_of<AdafactorAlgorithm>() {
    static const OptimizerClass result = describe_class<AdafactorAlgorithm>(
        [](const OptimizerClass& self, std::shared_ptr<Group> defaults, const Context& context) {
            return detail::BodyPointer(new AdafactorBody(self, std::move(defaults), context));
        });
    return result;
}

}  // namespace ravine::inline v0::optim
