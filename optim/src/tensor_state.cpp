#include "tensor_body.h"

#include "parameter_body.h"
#include "state_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ravine::inline v0::optim {

Dict TensorBody::state(const Parameter& parameter) const {
    Dict result;
    const StateStore::Slots* slots = store_.find(parameter);
    if (slots == nullptr || !slots->exists) return result;
    if (count_ == Count::integer) result.set("step", slots->step);
    if (count_ == Count::tensor) result.set("step", scalar_tensor(static_cast<double>(slots->step), DType::f32, context()));
    for (std::size_t s = 0; s < names_.size(); ++s) {
        if (slots->tensors[s].defined()) result.set(names_[s], slots->tensors[s]);
    }
    return result;
}

Parameters TensorBody::parameters_with_state() const {
    Parameters result;
    for (const auto& slots : store_) {
        if (slots->exists) result.push_back(slots->parameter);
    }
    return result;
}

void TensorBody::load(const LoadedState& state, const LoadRules& rules, StateStore::Slots& slots, Complaints& complaints) const {
    const Tensor& data = state.parameter->data();
    const std::vector<SlotInfo> expected = slots_of(*state.parameter);
    for (const auto& entry : *state.slots) {
        const auto& key = entry.first;
        const Value& value = entry.second;
        const std::string name = key.is(Value::Kind::string) ? key.as<std::string>() : key.to_string();
        const auto refuse = [&](std::string_view must) { complaints.add(fmt::format("{}: {} must be {}, got {}", state.where, name, must, value.to_string())); };
        const auto slot = std::find_if(expected.begin(), expected.end(), [&](const SlotInfo& one) { return names_[one.index] == name; });
        if (name == "step" && count_ != Count::none) {
            if (!read_step(value, slots.step)) refuse("a count of steps");
        } else if (slot == expected.end()) {
            if (!rules.passes_unknown) refuse("no part of it");
        } else {
            const Tensor* tensor = value.get_if<Tensor>();
            const bool fits = tensor != nullptr && tensor->defined() && tensor->shape() == slot->shape &&
                              (tensor->dtype() == data.dtype() || (rules.cast && is_floating_point(tensor->dtype())));
            if (!fits) {
                refuse(fmt::format("a {} tensor of shape {}", ravine::name(data.dtype()), slot->shape.to_string()));
                continue;
            }
            if (rules.adopts) {
                slots.tensors[slot->index] = *tensor;
                if (const std::string text = adopted_complaint(*tensor, data); !text.empty()) refuse(text);
                continue;
            }
            Tensor& own = slots.tensors[slot->index] = make_slot(*slot, data);
            own.copy_(tensor->dtype() == data.dtype() ? *tensor : tensor->to(data.dtype(), context()), context());
        }
    }
}

std::shared_ptr<void> TensorBody::prepare_states(std::span<const LoadedState> states, const LoadRules& rules, Complaints& complaints) const {
    auto prepared = std::make_shared<StateStore>();
    for (const LoadedState& state : states) {
        if (state.slots->empty()) continue;  // torch makes the state of such an entry at its next step
        StateStore::Slots& slots = prepared->obtain(*state.parameter);
        slots.exists = true;
        load(state, rules, slots, complaints);
        std::vector<std::string_view> required;
        if (count_ != Count::none) required.push_back("step");
        for (const SlotInfo& slot : slots_of(*state.parameter)) required.push_back(names_[slot.index]);
        if (std::all_of(required.begin(), required.end(), [&](std::string_view one) { return state.slots->contains(one); })) continue;
        complaints.add(fmt::format("{} must have {}, got {}", state.where, fmt::join(required, ", "), Value(*state.slots).to_string()));
    }
    return prepared;
}

void TensorBody::exchange_states(void* prepared) noexcept { store_.swap(*static_cast<StateStore*>(prepared)); }

void TensorBody::select_rows(const Parameters& parameters, std::span<const std::int64_t> source_rows) {
    std::vector<std::pair<Tensor*, Tensor>> replacements;
    for (const Parameter& parameter : parameters) {
        StateStore::Slots* slots = store_.find(parameter);
        if (slots == nullptr || !slots->exists) continue;
        for (const SlotInfo& slot : slots_of(parameter)) {
            Tensor& old = slots->tensors[slot.index];
            if (!slot.has_rows || !old.defined()) continue;
            check_rows(name(), parameter, old, slot.shape, source_rows);
            replacements.emplace_back(&old, rows_of(old, make_slot(slot, parameter.data()), source_rows, context()));
        }
    }
    for (auto& [old, fresh] : replacements) *old = std::move(fresh);
}

}  // namespace ravine::inline v0::optim
