#include "hook_table.h"
#include "optimizer_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace ravine::inline v0::optim {

RemovableHandle::RemovableHandle() noexcept = default;
RemovableHandle::RemovableHandle(std::weak_ptr<HookTable> table, std::weak_ptr<Hook> hook) noexcept
    : table_(std::move(table)), hook_(std::move(hook)) {}

void RemovableHandle::remove() {
    const std::shared_ptr<HookTable> table = table_.lock();
    const std::shared_ptr<Hook> hook = hook_.lock();
    if (table != nullptr && hook != nullptr) table->remove(hook);
}

RemovableHandle HookTable::add(std::shared_ptr<Hook> hook, bool prepend) {
    List changed = list_ == nullptr ? List() : *list_;
    changed.insert(prepend ? changed.begin() : changed.end(), hook);
    list_ = std::make_shared<const List>(std::move(changed));
    return {weak_from_this(), hook};
}

void HookTable::remove(const std::shared_ptr<Hook>& hook) {
    if (hook->removed) return;
    List changed = *list_;
    std::erase(changed, hook);
    list_ = changed.empty() ? nullptr : std::make_shared<const List>(std::move(changed));
    hook->removed = true;
}

void refuse_empty_hook(std::string_view who, std::string_view what) {
    throw std::invalid_argument(fmt::format("{}: {} must be given a function, got an empty one", who, what));
}

StepHooks::StepHooks() : tables_(std::make_unique<StepTables>()) {}
StepHooks::~StepHooks() = default;

RemovableHandle StepHooks::register_optimizer_step_pre_hook(StepPreHook hook) {
    return tables_->before.add("StepHooks", "register_optimizer_step_pre_hook", std::move(hook), false);
}

RemovableHandle StepHooks::register_optimizer_step_post_hook(StepPostHook hook) {
    return tables_->after.add("StepHooks", "register_optimizer_step_post_hook", std::move(hook), false);
}

RemovableHandle Optimizer::register_step_pre_hook(StepPreHook hook) {
    return body_->hooks().step.before.add(name(), "register_step_pre_hook", std::move(hook), false);
}

RemovableHandle Optimizer::register_step_post_hook(StepPostHook hook) {
    return body_->hooks().step.after.add(name(), "register_step_post_hook", std::move(hook), false);
}

RemovableHandle Optimizer::register_state_dict_pre_hook(StateDictPreHook hook, bool prepend) {
    return body_->hooks().before_state_dict.add(name(), "register_state_dict_pre_hook", std::move(hook), prepend);
}

RemovableHandle Optimizer::register_state_dict_post_hook(StateDictPostHook hook, bool prepend) {
    return body_->hooks().after_state_dict.add(name(), "register_state_dict_post_hook", std::move(hook), prepend);
}

RemovableHandle Optimizer::register_load_state_dict_pre_hook(LoadStateDictPreHook hook, bool prepend) {
    return body_->hooks().before_load.add(name(), "register_load_state_dict_pre_hook", std::move(hook), prepend);
}

RemovableHandle Optimizer::register_load_state_dict_post_hook(LoadStateDictPostHook hook, bool prepend) {
    return body_->hooks().after_load.add(name(), "register_load_state_dict_post_hook", std::move(hook), prepend);
}

/// In torch's order. Hooks are asked for anew each time: one may register the first of another kind.
double Optimizer::hooked_step(StepArguments& arguments) {
    const StepTables* all = body_->context().step_hooks == nullptr ? nullptr : body_->context().step_hooks->tables_.get();
    const auto own = [this] { return body_->find_hooks(); };
    body_->group_set()->step_called = true;  // a hook may step a scheduler
    if (all != nullptr) all->before.run(*this, arguments);
    if (own() != nullptr) own()->step.before.run(*this, arguments);
    double loss = std::numeric_limits<double>::quiet_NaN();
    if (arguments.closure) loss = body_->step(arguments.closure);
    else body_->step();
    if (own() != nullptr) own()->step.after.run(*this, arguments);
    if (all != nullptr) all->after.run(*this, arguments);
    return loss;
}

void Optimizer::step() {
    if (!body_->has_step_hooks()) return body_->step();
    StepArguments arguments;
    hooked_step(arguments);
}

double Optimizer::step(function_ref<double()> closure) {
    if (!body_->has_step_hooks()) return body_->step(closure);
    StepArguments arguments{[closure] { return closure(); }};
    return hooked_step(arguments);
}

Value Optimizer::state_dict() const {
    const OptimizerHooks* hooks = body_->find_hooks();
    if (hooks == nullptr) return body_->state_dict();
    hooks->before_state_dict.run(*this);
    Value result = body_->state_dict();
    hooks->after_state_dict.run(*this, result);
    return result;
}

void Optimizer::load_state_dict(const Value& state_dict, const LoadOptions& options) {
    const OptimizerHooks* hooks = body_->find_hooks();
    if (hooks == nullptr) return body_->load_state_dict(state_dict, options, [] {});
    const auto load = [&](const Value& given) { body_->load_state_dict(given, options, [&] { hooks->after_load.run(*this); }); };
    if (hooks->before_load.empty()) return load(state_dict);
    Value changed = state_dict;
    hooks->before_load.run(*this, changed);
    load(changed);
}

}  // namespace ravine::inline v0::optim
