#include <ravine/optim/muon.h>

#include "orthogonal.h"
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

constexpr std::array<std::string_view, 1> state_names = {"momentum_buffer"};
/// In the order of AdjustLr, after its None.
constexpr std::array<std::string_view, 3> adjustments = {"original", "match_rms_adamw", "spectral_unclamped"};

/// What the lr of a matrix is multiplied by.
double adjustment(AdjustLr how, const Shape& shape) {
    const auto rows = static_cast<double>(shape[0]), columns = static_cast<double>(shape[1]);
    if (how == AdjustLr::match_rms_adamw) return 0.2 * std::sqrt(std::max(rows, columns));
    const double ratio = rows / columns;
    return std::sqrt(how == AdjustLr::spectral_unclamped ? ratio : std::max(1.0, ratio));
}

class MuonBody final : public TensorBody {
  public:
    MuonBody(const OptimizerClass& its_class, std::shared_ptr<Group> defaults, const Context& context)
        : TensorBody(its_class, std::move(defaults), context, Count::none, state_names) {}

  protected:
    std::vector<SlotInfo> slots_of(const Parameter& parameter) const override { return {{0, parameter.data().shape(), true}}; }
    void check(const Group& group, std::size_t index, TensorUpdates updates) const override;
    void update(const Group& group, TensorUpdates updates, const Context& context) override;

  private:
    void check_scalar(std::string_view what, double value, double largest, const TensorUpdate& update, std::size_t group) const;
};

void MuonBody::check_scalar(std::string_view what, double value, double largest, const TensorUpdate& update, std::size_t group) const {
    if (!std::isfinite(value) || std::fabs(value) <= largest) return;
    throw std::invalid_argument(fmt::format("{}: {} must be convertible to {} without overflow, got {} ({})", name(), what,
                                            ravine::name(update.parameter->data().dtype()), value, where(update, group)));
}

void MuonBody::check(const Group& group, std::size_t index, TensorUpdates updates) const {
    const auto& options = options_of<MuonOptions>(group);
    for (const TensorUpdate& update : updates) {
        const Tensor& data = update.parameter->data();
        const Shape& shape = data.shape();
        const bool has_ratio = shape.size() == 2 && (shape[1] > 0 || options.adjust_lr_fn == AdjustLr::match_rms_adamw);
        if (!has_ratio) {
            throw std::invalid_argument(fmt::format("{}: parameters must be matrices with columns, got shape {} ({})", name(), shape.to_string(),
                                                    where(update, index)));
        }
        check_scalar("momentum", options.momentum, largest_computed_value(data.dtype()), update, index);
        check_scalar("the adjusted lr", options.lr * adjustment(options.adjust_lr_fn, shape), largest_value(data.dtype()), update, index);
    }
}

void MuonBody::update(const Group& group, TensorUpdates updates, const Context& context) {
    const auto& options = options_of<MuonOptions>(group);
    const Tensors data = data_of(updates), grads = gradients_of(updates), buffers = state_of(updates, 0);
    foreach::lerp_(buffers, grads, 1 - options.momentum, context);
    const Tensors average = options.nesterov ? foreach::lerp(grads, buffers, options.momentum, context) : buffers;
    const NewtonSchulz iteration{options.ns_coefficients, options.ns_steps, options.eps};
    const Tensors directions = orthogonal(average, iteration, context);
    std::vector<double> minus_lr;
    for (const Tensor& tensor : data) minus_lr.push_back(-(options.lr * adjustment(options.adjust_lr_fn, tensor.shape())));
    foreach::mul_(data, 1 - options.lr * options.weight_decay, context);
    foreach::add_(data, directions, minus_lr, context);
}

}  // namespace

Value detail::OptionType<AdjustLr>::get(AdjustLr member) {
    return member == AdjustLr::unset ? Value() : Value(adjustments[static_cast<std::size_t>(member) - 1]);
}

bool detail::OptionType<AdjustLr>::set(AdjustLr& member, const Value& value, bool) {
    if (value.is_null()) {
        member = AdjustLr::unset;
        return true;
    }
    const auto* name = value.get_if<std::string>();
    const auto found = name == nullptr ? adjustments.end() : std::find(adjustments.begin(), adjustments.end(), *name);
    if (found == adjustments.end()) return false;
    member = static_cast<AdjustLr>(found - adjustments.begin() + 1);
    return true;
}

template <> const OptimizerClass& class_of<MuonAlgorithm>() {
    static const OptimizerClass result = describe_class<MuonAlgorithm>(
        [](const OptimizerClass& self, std::shared_ptr<Group> defaults, const Context& context) {
            return detail::BodyPointer(new MuonBody(self, std::move(defaults), context));
        });
    return result;
}

}  // namespace ravine::inline v0::optim
