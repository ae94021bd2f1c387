#include "elementwise_body.h"

#include "parameter_body.h"
#include "state_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0::optim {

/// What a device skipped, nobody else knows: the state of an algorithm that has no count is there after the first step.
bool ElementwiseBody::is_there(const StateStore::Slots& slots) const {
    return slots.exists && (algorithm_.counts_steps || !slots.count.defined() || slots.count.item(context()) > 0);
}

Dict ElementwiseBody::state(const Parameter& parameter) const {
    Dict result;
    const StateStore::Slots* slots = store_.find(parameter);
    if (slots == nullptr || !is_there(*slots)) return result;
    if (algorithm_.counts_steps) {
        const bool counted = slots->count.defined();
        result.set("step", counted ? slots->count.to(DType::f32, context()) : scalar_tensor(static_cast<double>(step_of(*slots)), DType::f32, context()));
    }
    for (std::size_t s = 0; s < state_names_.size(); ++s) {
        if (slots->tensors[s].defined()) result.set(state_names_[s], slots->tensors[s]);
    }
    return result;
}

Parameters ElementwiseBody::parameters_with_state() const {
    Parameters result;
    for (const auto& slots : store_) {
        if (is_there(*slots)) result.push_back(slots->parameter);
    }
    return result;
}

bool ElementwiseBody::load_slot(const LoadedState& state, std::string_view name, const Value& value, bool cast,
                                StateStore::Slots& slots, Complaints& complaints) const {
    const Tensor& data = state.parameter->data();
    const auto known = std::find(state_names_.begin(), state_names_.end(), name);
    const auto refuse = [&](std::string_view must) {
        complaints.add(fmt::format("{}: {} must be {}, got {}", state.where, name, must, value.to_string()));
        return false;
    };
    if (name == "step" && algorithm_.counts_steps) return read_step(value, slots.step) || refuse("a count of steps");
    if (known == state_names_.end()) return cast || refuse("no part of it");
    if (value.is_null() && !algorithm_.counts_steps) return false;
    const Tensor* tensor = value.get_if<Tensor>();
    const bool fits = tensor != nullptr && tensor->defined() && tensor->shape() == data.shape() &&
                      (tensor->dtype() == data.dtype() || (cast && is_floating_point(tensor->dtype())));
    if (!fits) return refuse(fmt::format("a {} tensor of shape {}", ravine::name(data.dtype()), data.shape().to_string()));
    Tensor& own = slots.tensors[static_cast<std::size_t>(known - state_names_.begin())];
    own = zeros_like(data, context());
    own.copy_(tensor->dtype() == data.dtype() ? *tensor : tensor->to(data.dtype(), context()), context());
    return true;
}

std::shared_ptr<void> ElementwiseBody::prepare_states(std::span<const LoadedState> states, bool cast, Complaints& complaints) const {
    auto prepared = std::make_shared<StateStore>();
    for (const LoadedState& state : states) {
        StateStore::Slots& slots = prepared->obtain(*state.parameter);
        for (const auto& [key, value] : *state.slots) {
            const auto* name = key.get_if<std::string>();
            if (name != nullptr) load_slot(state, *name, value, cast, slots, complaints);
            else complaints.add(fmt::format("{} must have strings as keys, got {}", state.where, key.to_string()));
        }
        const RuleInfo& rule = algorithm_.rules[variant_of(*state.group)];
        const bool is_complete = std::all_of(rule.state.begin(), rule.state.end(), [&](std::string_view name) { return state.slots->contains(name); }) &&
                                 (!algorithm_.counts_steps || state.slots->contains("step"));
        slots.exists = std::any_of(slots.tensors.begin(), slots.tensors.end(), [](const Tensor& t) { return t.defined(); });
        if (!is_complete && algorithm_.counts_steps) {
            complaints.add(fmt::format("{} must have step, {}, got {}", state.where, fmt::join(rule.state, ", "), Value(*state.slots).to_string()));
        }
    }
    return prepared;
}

void ElementwiseBody::commit_states(std::shared_ptr<void> prepared) noexcept {
    drop_plan();
    store_.swap(*static_cast<StateStore*>(prepared.get()));
}

void ElementwiseBody::select_rows(const Parameters& parameters, std::span<const std::int64_t> source_rows) {
    std::vector<std::pair<Tensor*, Tensor>> replacements;
    for (const Parameter& parameter : parameters) {
        StateStore::Slots* slots = store_.find(parameter);
        if (slots == nullptr) continue;
        for (Tensor& old : slots->tensors) {
            if (!old.defined()) continue;
            check_rows(name(), parameter, old, parameter.data().shape(), source_rows);
            replacements.emplace_back(&old, rows_of(old, parameter.data(), source_rows, context()));
        }
    }
    drop_plan();
    for (auto& [old, fresh] : replacements) *old = std::move(fresh);
}

}  // namespace ravine::inline v0::optim
