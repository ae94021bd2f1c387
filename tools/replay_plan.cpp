#include "replay_plan.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

namespace ravine::tools {
namespace {

Record read_record(const Spec& spec, std::int64_t steps) {
    const Json* json = spec.find("record");
    if (json == nullptr || *json == "last") return {.all = false, .some = {steps}};
    if (*json == "all") return {.all = true, .some = {}};
    if (!json->is_array()) spec.refuse("record must be \"last\", \"all\" or a list of steps", shown(*json));
    Record result;
    for (std::size_t i = 0; i < json->size(); ++i) {
        const Json& step = (*json)[i];
        const bool inside = step.is_number_integer() && step >= 1 && step <= steps;
        if (!inside) spec.refuse(fmt::format("record[{}] must be a step from 1 to {}", i, steps), shown(step));
        result.some.insert(step.get<std::int64_t>());
    }
    return result;
}

/// A path in a spec is relative to the spec.
std::string beside(const std::string& spec, const std::string& path) {
    return spec == "-" ? path : (std::filesystem::path(spec).parent_path() / path).string();
}

/// The parameters of a group by their names.
Parameters named(const std::vector<std::string>& names, std::size_t group, const Spec& spec, const Recording& recording) {
    Parameters result;
    for (const std::string& name : names) {
        if (const Parameter* parameter = recording.find(name)) {
            result.push_back(*parameter);
            continue;
        }
        std::vector<std::string> known;
        for (const Parameter& one : recording.parameters()) known.push_back(one.name());
        spec.refuse(fmt::format("groups[{}].params must be among {}", group, fmt::join(known, ", ")), ravine::quoted(name));
    }
    return result;
}

std::vector<ReplayPlan::Group> read_groups(const Spec& spec, const Recording& recording) {
    const auto groups = spec.groups(true);
    if (!groups) return {{recording.parameters(), {}}};
    std::vector<ReplayPlan::Group> result;
    std::set<std::string> used;
    for (const GroupSpec& group : *groups) {
        result.push_back({named(*group.params, result.size(), spec, recording), group.options});
        used.insert(group.params->begin(), group.params->end());
    }
    for (const Parameter& parameter : recording.parameters()) {
        if (used.count(parameter.name()) > 0) continue;
        spec.refuse("every parameter of the input must be in a group", ravine::quoted(parameter.name()) + " in none");
    }
    return result;
}

}  // namespace

ReplayPlan ReplayPlan::read(const SpecText& text, const Recording& recording) {
    const Spec spec("replay", text, {"optimizer", "groups", "scheduler", "steps", "implementation", "record", "load"});
    ReplayPlan plan;
    plan.optimizer = spec.optimizer();
    plan.schedulers = spec.schedulers();
    plan.implementation = spec.implementation();
    if (const auto path = spec.string("load")) plan.load = beside(spec.path(), *path);
    plan.steps = spec.steps().value_or(recording.last_step());
    plan.record = read_record(spec, plan.steps);
    check_needs_no_closure(optim::class_name(plan.optimizer.type), "replay");
    plan.groups = read_groups(spec, recording);
    return plan;
}

optim::Optimizer ReplayPlan::make_optimizer(const Context& context) const {
    optim::Optimizer made = optim::make(optimizer.type, {}, optimizer.options, context);
    for (const Group& group : groups) made.add_param_group(group.parameters, group.options);
    return made;
}

}  // namespace ravine::tools
