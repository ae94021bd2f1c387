#include "followed_optimizer.h"

#include <ravine/kernels/rules/average.h>
#include <ravine/optim/optimizer.h>
#include <ravine/runtime/update.h>

#include <algorithm>

namespace ravine::inline v0::swa {

FollowedOptimizer::FollowedOptimizer(AveragedModel::Body& body, const Parameters& model, const Buffers& buffers)
    : body_(body), model_(model), buffers_(buffers), carried_(body.averaged) {
    for (std::size_t i = 0; i < model.size(); ++i) index_.emplace(model[i].body(), i);
}

/// What is carried was checked when the plan was made that carries it.
void FollowedOptimizer::check() {
    if (carries_ == 0) return body_.check(model_, buffers_);
    for (const std::size_t i : rest()) {
        if (i < model_.size()) body_.check_parameter(i, model_[i]);
    }
}

void FollowedOptimizer::begin_plan() {
    body_.check(model_, buffers_);
    carried_.assign(carried_.size(), false);
    carries_ = 0;
}

const std::vector<std::size_t>& FollowedOptimizer::rest() {
    if (rest_.size() + carries_ == carried_.size()) return rest_;
    rest_.clear();
    rest_plan_.reset();
    for (std::size_t i = 0; i < carried_.size(); ++i) {
        if (!carried_[i]) rest_.push_back(i);
    }
    return rest_;
}

Tensor FollowedOptimizer::average_of(const Parameter& parameter) const {
    const auto found = index_.find(parameter.body());
    if (found == index_.end() || !body_.form) return {};
    const Tensor& average = body_.tensors[found->second];
    const Tensor& data = parameter.data();
    if (average.device() != data.device()) return {};
    if (data.device().type == DeviceType::cpu) return average;
    const bool in_float = average.dtype() == DType::f32 && item_size(data.dtype()) == 2;
    const bool has_kernel = body_.form->rule == AveragingForm::lerp && (average.dtype() == data.dtype() || in_float);
    return has_kernel ? average : Tensor();
}

void FollowedOptimizer::carry(const Parameter& parameter) {
    carried_[index_.at(parameter.body())] = true;
    ++carries_;
    rest_.clear();  // as many may be left as before, but others
}

/// The first update copies.
bool FollowedOptimizer::moves_in_step() const noexcept { return body_.form && body_.n_averaged > 0; }

void FollowedOptimizer::set_terms(DType average, DType parameter, EntryAverage& how) const {
    body_.form->set_terms(body_.n_averaged, how.arguments);
    how.kernel = entry_of(kernels::family_kernels<kernels::Averages>(), kernels::family_grid_kernels<kernels::Averages>(), body_.form->rule,
                          kernels::AverageSlots::writes, default_isa(), average, Device{}).kernel;
    how.in_float = average != parameter;
}

bool FollowedOptimizer::repeats() const noexcept { return moves_in_step() && body_.form->decay && carries_ == carried_.size() && body_.buffers.empty(); }

void FollowedOptimizer::finish(bool carried) {
    if (!carried) return body_.update(model_, buffers_);
    const auto current = [this](std::size_t i) { return i < model_.size() ? model_[i].data() : buffers_[i - model_.size()].data; };
    if (!rest().empty()) {
        if (!rest_plan_) {
            std::vector<Tensor> averages;
            for (const std::size_t i : rest_) averages.push_back(body_.tensors[i]);
            rest_plan_.emplace(*body_.form, std::move(averages), body_.context);
        }
        currents_.clear();
        for (const std::size_t i : rest_) currents_.push_back(current(i));
        rest_plan_->run(currents_, body_.n_averaged);
    }
    for (std::size_t i = body_.averaged; i < body_.tensors.size(); ++i) body_.tensors[i].copy_(current(i), body_.context);
    ++body_.n_averaged;
}

void AveragedModel::follow(optim::Optimizer& optimizer, const Parameters& model, const Buffers& buffers) {
    body_->check(model, buffers);
    auto followed = std::make_shared<FollowedOptimizer>(*body_, model, buffers);
    optimizer.set_follower(followed);
    body_->followed = std::move(followed);
}

void AveragedModel::unfollow() noexcept { body_->followed.reset(); }

}  // namespace ravine::inline v0::swa
