#include "schedule_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::tools {
namespace {

/// The numbers of a list; none if the key is absent.
std::vector<Value> read_numbers(const Spec& spec, std::string_view key, std::string_view wanted) {
    const Json* json = spec.find(key);
    if (json == nullptr) return {};
    if (!json->is_array() || json->empty())
        spec.refuse(fmt::format("{} must be a list of at least one number", key), shown(*json));
    std::vector<Value> result;
    for (const Json& item : *json) {
        const std::string name = fmt::format("{}[{}]", key, result.size());
        const auto refuse = [&](std::string_view what, std::string_view got) { spec.refuse(what, got); };
        Value value = value_from_json(item, name, refuse);
        if (!value.is(Value::Kind::integer) && !value.is(Value::Kind::floating))
            spec.refuse(fmt::format("{} must be {}", name, wanted), shown(item));
        result.push_back(std::move(value));
    }
    return result;
}

/// As many as there are metrics, or epochs, unless it is given.
std::int64_t read_steps(const Spec& spec, std::size_t metrics, std::size_t epochs) {
    const auto given = spec.steps();
    if (!given && metrics == 0 && epochs == 0) spec.refuse("steps must be given", "none");
    return given.value_or(static_cast<std::int64_t>(metrics == 0 ? epochs : metrics));
}

}  // namespace

SchedulePlan SchedulePlan::read(const SpecText& text) {
    const Spec spec("schedule", text, {"optimizer", "groups", "scheduler", "steps", "metrics", "epochs"});
    SchedulePlan plan;
    plan.optimizer = spec.optimizer();
    plan.groups = spec.groups(false).value_or(std::vector<GroupSpec>(1));
    plan.schedulers = spec.schedulers();
    if (plan.schedulers.empty()) spec.refuse("scheduler must be given", "none");
    for (const Value& metric : read_numbers(spec, "metrics", "a number")) plan.metrics.push_back(metric.number());
    plan.epochs = read_numbers(spec, "epochs", "an integer, or a number for a scheduler that takes fractions");
    if (!plan.epochs.empty() && plan.schedulers.size() != 1) {
        spec.refuse("epochs must go with one scheduler", fmt::format("{} of them", plan.schedulers.size()));
    }
    plan.steps = read_steps(spec, plan.metrics.size(), plan.epochs.size());
    return plan;
}

void SchedulePlan::check(const std::vector<sched::LRScheduler>& made) const {
    using sched::StepArgument;
    const auto takes_metric = [](const auto& scheduler) { return scheduler.step_argument() == StepArgument::metric; };
    const auto by_metric = std::find_if(made.begin(), made.end(), takes_metric);
    if (by_metric != made.end() && metrics.empty() && steps > 0)
        refuse("schedule", fmt::format("metrics must be given for {}", by_metric->name()), "none");
    if (by_metric == made.end() && !metrics.empty())
        refuse("schedule", "metrics must go with a scheduler whose step takes one", made[0].name());
    check_epochs(made[0]);
    for (const auto& [key, count] : {std::pair("metrics", metrics.size()), std::pair("epochs", epochs.size())}) {
        if (count == 0 || steps <= static_cast<std::int64_t>(count)) continue;
        refuse("schedule", fmt::format("{} must have one for each of the {} steps", key, steps), fmt::format("{} of them", count));
    }
}

void SchedulePlan::check_epochs(const sched::LRScheduler& scheduler) const {
    using sched::StepArgument;
    if (epochs.empty()) return;
    const StepArgument argument = scheduler.step_argument();
    if (argument == StepArgument::none) refuse("schedule", "epochs must go with a scheduler whose step takes one", scheduler.name());
    for (std::size_t i = 0; i < epochs.size(); ++i) {
        if (argument == StepArgument::fraction || epochs[i].is(Value::Kind::integer)) continue;
        refuse("schedule", fmt::format("epochs[{}] must be an integer for {}", i, scheduler.name()), epochs[i].to_string());
    }
}

}  // namespace ravine::tools
