#include <ravine/sched/scheduler.h>

#include "body.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::sched {

LRScheduler::LRScheduler(std::shared_ptr<SchedulerBody> body) noexcept : body_(std::move(body)) {}

std::vector<std::shared_ptr<SchedulerBody>> LRScheduler::bodies_of(const std::vector<LRScheduler>& schedulers) {
    std::vector<std::shared_ptr<SchedulerBody>> result;
    for (const LRScheduler& scheduler : schedulers) result.push_back(scheduler.body_);
    return result;
}

std::string_view LRScheduler::name() const noexcept { return body_->name(); }
void LRScheduler::step() { body_->step(std::nullopt); }
void LRScheduler::step(std::int64_t epoch) { body_->step(epoch); }
StepArgument LRScheduler::step_argument() const noexcept { return body_->step_argument(); }
void LRScheduler::step_with(double argument) { body_->step_with(argument, std::nullopt); }
void LRScheduler::step_with(double metric, std::int64_t epoch) { body_->step_with(metric, epoch); }
std::vector<double> LRScheduler::lr(std::int64_t step) const { return body_->lr(step); }
std::vector<double> LRScheduler::get_last_lr() const { return body_->last_lr(); }
std::vector<double> LRScheduler::get_lr() const { return body_->get_lr(); }
std::int64_t LRScheduler::last_epoch() const noexcept { return body_->last_epoch(); }
bool LRScheduler::drives_momentum() const noexcept { return body_->drives_momentum(); }
void LRScheduler::set_added_groups(AddedGroups policy) noexcept { body_->set_added_groups(policy); }

Value LRScheduler::state_dict() const { return State::save(*body_); }

void LRScheduler::load_state_dict(const Value& state_dict) {
    const Dict* dict = state_dict.get_if<Dict>();
    if (dict == nullptr) {
        throw std::invalid_argument(fmt::format("{}: state_dict must be a dict, got {}", name(), shown(state_dict)));
    }
    State::load(*body_, *dict);
}

}  // namespace ravine::inline v0::sched
