#include <ravine/optim/clip_grad.h>
#include <ravine/optim/optimizer.h>
#include <ravine/runtime/text.h>

#include "optimizer_body.h"
#include "parameter_body.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace ravine::inline v0::optim {

void detail::BodyDeleter::operator()(OptimizerBody* body) const noexcept { delete body; }

Optimizer::Optimizer(detail::BodyPointer body) noexcept : body_(std::move(body)) {}
Optimizer::Optimizer(Optimizer&&) noexcept = default;
Optimizer& Optimizer::operator=(Optimizer&&) noexcept = default;
Optimizer::~Optimizer() = default;

std::string_view Optimizer::name() const noexcept { return body_->name(); }
const Traits& Optimizer::traits() const noexcept { return body_->traits(); }

Tensor Optimizer::clip_grad_norm_(double max_norm, double norm_type) {
    return optim::clip_grad_norm_(body_->parameters(), max_norm, norm_type, body_->context());
}

void Optimizer::zero_grad(bool set_to_none) { body_->zero_grad(set_to_none); }

Group& Optimizer::add_param_group(Parameters params, const Dict& options) {
    return body_->add_param_group(std::move(params), options);
}

GroupRange<Group> Optimizer::param_groups() const noexcept { return GroupRange<Group>(body_->groups()); }

Dict Optimizer::defaults() const { return body_->defaults(); }

Dict Optimizer::state(const Parameter& parameter) const { return body_->state(parameter); }

Tensor Optimizer::state(const Parameter& parameter, std::string_view slot) const {
    const Dict slots = body_->state(parameter);
    const Value* value = slots.find(slot);
    if (value != nullptr) {
        const Tensor* tensor = value->get_if<Tensor>();
        return tensor != nullptr ? *tensor : scalar_tensor(value->number(), DType::f32, body_->context());
    }
    std::vector<std::string> known;
    for (const auto& [key, tensor] : slots) known.push_back(key.as<std::string>());
    throw std::out_of_range(fmt::format("{}: {} must be in the state of {}, which has {}", name(), quoted(slot), describe(parameter),
                                        known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
}

void Optimizer::remove_param(const Parameter& parameter) { body_->remove_param(parameter); }

void Optimizer::select_rows(const Parameters& parameters, std::span<const std::int64_t> source_rows) {
    body_->select_rows(parameters, source_rows);
}

void Optimizer::set_implementation(Implementation implementation) { body_->set_implementation(implementation); }
void Optimizer::send_options() { body_->send_options(); }
void Optimizer::set_grad_scale(Tensor grad_scale) { body_->set_grad_scale(std::move(grad_scale)); }
void Optimizer::set_found_inf(Tensor found_inf) { body_->set_found_inf(std::move(found_inf)); }

void Optimizer::set_follower(std::weak_ptr<StepFollower> follower) { body_->set_follower(std::move(follower)); }

std::string Optimizer::to_string() const { return body_->to_string(); }

const std::shared_ptr<GroupSet>& Optimizer::group_set() const noexcept { return body_->group_set(); }

}  // namespace ravine::inline v0::optim
