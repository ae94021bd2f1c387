#include "train_optimizers.h"

#include "spec.h"

#include <ravine/optim/adamw.h>
#include <ravine/optim/muon.h>
#include <ravine/sched/registry.h>

#include <string_view>

namespace ravine::tools {
namespace {

/// The last layer's weight is no matter of orthogonal updates, where there are others.
optim::MuonSplit split(const Parameters& parameters) {
    std::vector<std::string_view> weights;
    for (const Parameter& parameter : parameters) {
        if (parameter.data().dim() == 2) weights.push_back(parameter.name());
    }
    const std::size_t kept = weights.size() == 1 ? 1 : weights.size() - 1;
    return optim::split_for_muon(parameters, std::span(weights).subspan(kept));
}

}  // namespace

TrainOptimizers::TrainOptimizers(const TrainSettings& settings, const Parameters& parameters, std::optional<optim::Implementation> implementation,
                                 const Context& context)
    : implementation_(implementation) {
    const auto traits = optim::make(settings.optimizer, {}, settings.options).traits();
    if (!traits.matrices_only) {
        add(settings, optim::make(settings.optimizer, parameters, settings.options, context));
        return;
    }
    const optim::MuonSplit parts = split(parameters);
    add(settings, optim::make(settings.optimizer, parts.matrices, settings.options, context));
    add(settings, optim::AdamW(parts.others, {}, context));
}

void TrainOptimizers::add(const TrainSettings& settings, optim::Optimizer optimizer) {
    Part part{std::move(optimizer), {}, {}};
    const optim::Group& group = *part.optimizer.param_groups().begin();
    for (const char* flag : {"foreach", "fused"}) {
        if (group.has(flag)) part.own_flags.set(flag, group.get(flag));
    }
    if (implementation_) part.optimizer.set_implementation(*implementation_);
    if (!settings.scheduler.empty()) part.scheduler = sched::make(settings.scheduler, part.optimizer, settings.scheduler_options);
    parts_.push_back(std::move(part));
}

void TrainOptimizers::step() {
    for (Part& part : parts_) part.optimizer.step();
}

void TrainOptimizers::end_epoch(double metric) {
    for (Part& part : parts_) {
        if (!part.scheduler) continue;
        if (part.scheduler->step_argument() == sched::StepArgument::metric) part.scheduler->step_with(metric);
        else part.scheduler->step();
    }
}

double TrainOptimizers::lr() const { return (*parts_[0].optimizer.param_groups().begin()).number("lr"); }

Dict TrainOptimizers::state_of(const Part& part) const {
    Value state = part.optimizer.state_dict();
    for (Value& group : state.at("param_groups").as<List>().items) {
        for (const auto& [flag, value] : part.own_flags) group.as<Dict>().set(flag, value);
    }
    return {{"optimizer", std::move(state)}, {"scheduler", part.scheduler ? part.scheduler->state_dict() : Value()}};
}

void TrainOptimizers::save(Dict& state) const {
    for (const auto& [key, value] : state_of(parts_[0])) state.set(key, value);
    if (parts_.size() > 1) state.set("beside", state_of(parts_[1]));
}

void TrainOptimizers::load_part(Part& part, const Dict& state) {
    if (part.scheduler) part.scheduler->load_state_dict(state.at("scheduler"));
    part.optimizer.load_state_dict(state.at("optimizer"));
    if (implementation_) part.optimizer.set_implementation(*implementation_);
}

void TrainOptimizers::load(const Dict& state) {
    load_part(parts_[0], state);
    if (parts_.size() > 1) load_part(parts_[1], state.at("beside").as<Dict>());
}

void check_trains(const TrainSettings& settings) {
    check_needs_no_closure(settings.optimizer, "train");
    if (optim::make(settings.optimizer, {}, settings.options).traits().gradients == optim::Gradients::sparse) {
        refuse("train", "--optimizer must take dense gradients", settings.optimizer);
    }
}

}  // namespace ravine::tools
