#include "elementwise_body.h"

#include "parameter_body.h"
#include "state_parts.h"

#include <ravine/runtime/foreach.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ravine::inline v0::optim {

/// What a device skipped, nobody else knows: the state of an algorithm that has no count is there after the first step.
bool ElementwiseBody::is_there(const StateStore::Slots& slots) const {
    return slots.exists && (algorithm_.counts_steps || !slots.count.defined() || counted_number(slots.count, 0).item(context()) > 0);
}

Tensor ElementwiseBody::counted_number(const Tensor& count, std::size_t index) {
    return borrow(static_cast<double*>(count.mutable_data()) + index, {}, {.device = count.device()});
}

Dict ElementwiseBody::state(const Parameter& parameter) const {
    Dict result;
    const StateStore::Slots* slots = store_.find(parameter);
    if (slots == nullptr || !is_there(*slots)) return result;
    const auto show = [&](std::string_view name, double number, std::size_t index) {
        const bool counted = slots->count.defined();
        result.set(name, counted ? counted_number(slots->count, index).to(DType::f32, context()) : scalar_tensor(number, DType::f32, context()));
    };
    if (algorithm_.counts_steps) show("step", static_cast<double>(step_of(*slots)), 0);
    for (std::size_t i = 0; i < scalar_names_.size(); ++i) show(scalar_names_[i], scalars_of(*slots)[i], i + 1);
    if (slots->sparse.defined()) result.set(state_names_[0], sparse_value(slots->sparse));
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

bool ElementwiseBody::load_slot(const LoadedState& state, std::string_view name, const Value& value, const LoadRules& rules,
                                StateStore::Slots& slots, Complaints& complaints) const {
    const Tensor& data = state.parameter->data();
    const auto known = std::find(state_names_.begin(), state_names_.end(), name);
    const auto refuse = [&](std::string_view must) {
        complaints.add(fmt::format("{}: {} must be {}, got {}", state.where, name, must, value.to_string()));
        return false;
    };
    if (name == "step" && algorithm_.counts_steps) return read_step(value, slots.step) || refuse("a count of steps");
    const auto scalar = std::find(scalar_names_.begin(), scalar_names_.end(), name);
    if (scalar != scalar_names_.end()) {
        double number = 0;
        if (!read_number(value, number)) return refuse("a number");
        slots.scalars[static_cast<std::size_t>(scalar - scalar_names_.begin())] = static_cast<float>(number);
        return true;
    }
    if (known == state_names_.end()) return rules.passes_unknown || refuse("no part of it");
    if (value.is_null() && !algorithm_.counts_steps) return false;
    if (const Dict* dict = value.get_if<Dict>(); dict != nullptr && algorithm_.keeps_sparse_state && known == state_names_.begin()) {
        try {
            slots.sparse = sparse_from(*dict, data);
            return true;
        } catch (const std::logic_error& error) {
            return refuse(fmt::format("a sparse tensor of shape {} ({})", data.shape().to_string(), error.what()));
        }
    }
    const Tensor* tensor = value.get_if<Tensor>();
    const DType dtype = state_dtype(data, rules.state_dtype);
    const bool fits = tensor != nullptr && tensor->defined() && tensor->shape() == data.shape() &&
                      (tensor->dtype() == dtype || tensor->dtype() == data.dtype() ||
                       (rules.cast && is_floating_point(tensor->dtype()) && is_floating_point(data.dtype())));
    if (!fits) return refuse(fmt::format("a {} tensor of shape {}", ravine::name(dtype), data.shape().to_string()));
    Tensor& own = slots.tensors[static_cast<std::size_t>(known - state_names_.begin())];
    if (rules.adopts) {
        own = *tensor;
        return adopted_complaint(own, data).empty() || refuse(adopted_complaint(own, data));
    }
    own = dtype == data.dtype() ? zeros_like(data, context()) : zeros(data.shape(), dtype, context());
    own.copy_(tensor->dtype() == dtype ? *tensor : tensor->to(dtype, context()), context());
    return true;
}

DType ElementwiseBody::state_dtype(const Tensor& data, std::optional<DType> chosen) noexcept {
    const bool is_half = data.dtype() == DType::bf16 || data.dtype() == DType::f16;
    return chosen && is_half && data.device().type == DeviceType::cpu ? *chosen : data.dtype();
}

Tensor ElementwiseBody::like_state(const Tensor& data) const {
    const DType dtype = state_dtype(data, state_dtype_);
    return dtype == data.dtype() ? data : empty(data.shape(), dtype, context());
}

/// What `exchange_states` takes.
struct ElementwiseBody::PreparedStates {
    StateStore store;
    std::optional<DType> dtype;
};

std::shared_ptr<void> ElementwiseBody::prepare_states(std::span<const LoadedState> states, const LoadRules& rules, Complaints& complaints) const {
    auto prepared = std::make_shared<PreparedStates>();
    prepared->dtype = rules.state_dtype;
    for (const LoadedState& state : states) {
        if (state.slots->empty()) continue;  // torch makes the state of such an entry at its next step
        StateStore::Slots& slots = prepared->store.obtain(*state.parameter);
        for (const auto& [key, value] : *state.slots) {
            const auto* name = key.get_if<std::string>();
            if (name != nullptr) load_slot(state, *name, value, rules, slots, complaints);
            else complaints.add(fmt::format("{} must have strings as keys, got {}", state.where, key.to_string()));
        }
        const RuleInfo& rule = algorithm_.rules[variant_of(*state.group)];
        std::vector<std::string_view> names;
        if (algorithm_.counts_steps) names.push_back("step");
        names.insert(names.end(), rule.scalars.begin(), rule.scalars.end());
        names.insert(names.end(), rule.state.begin(), rule.state.end());
        const bool is_complete = std::all_of(names.begin(), names.end(), [&](std::string_view name) { return state.slots->contains(name); });
        slots.exists = algorithm_.has_state_from_start || slots.sparse.defined() || std::any_of(slots.tensors.begin(), slots.tensors.end(), [](const Tensor& t) { return t.defined(); });
        if (!is_complete && algorithm_.counts_steps) {
            complaints.add(fmt::format("{} must have {}, got {}", state.where, fmt::join(names, ", "), Value(*state.slots).to_string()));
        }
    }
    return prepared;
}

/// For algorithms whose parameters have state before their first step.
void ElementwiseBody::prepare_group(const Parameters& params) {
    if (!algorithm_.has_state_from_start) return;
    const RuleInfo& rule = algorithm_.rules[variant_of(default_group())];
    std::vector<NewState> fresh;
    for (const Parameter& parameter : params) {
        if (store_.find(parameter) == nullptr) fresh.push_back({&parameter, nullptr});
    }
    try {
        for (NewState& one : fresh) one.state = &store_.obtain(*one.parameter);
        make_states(default_group(), rule, fresh);
    } catch (...) {
        for (const NewState& one : fresh) store_.erase(*one.parameter);
        throw;
    }
    for (const NewState& one : fresh) one.state->exists = true;
}

std::vector<Tensor> ElementwiseBody::started(const Group& group, std::string_view slot, std::span<const Tensor> like) const {
    const double start = algorithm_.initial((algorithm_.has_state_from_start ? default_group() : group).options_data(), slot);
    for (const Tensor& data : like) {
        if (!std::isfinite(start) || std::fabs(start) <= largest_value(real_dtype(data.dtype()))) continue;
        throw std::invalid_argument(fmt::format("{}: {} must start with a number that is convertible to {} without overflow, got {}", name(), slot,
                                                ravine::name(data.dtype()), start));
    }
    std::vector<Tensor> made = zeros_like(like, context());
    if (start == 0 && !std::signbit(start)) return made;
    std::vector<Tensor> numbers;
    for (const Tensor& tensor : made) numbers.push_back(as_real(tensor));
    if (start == 0) foreach::mul_(numbers, start, context());  // 0 + -0 is 0
    else foreach::add_(numbers, start, context());
    return made;
}

/// One allocation for each slot of all new states.
void ElementwiseBody::make_states(const Group& group, const RuleInfo& rule, std::span<const NewState> fresh) const {
    for (std::size_t s = 0; s < rule.state.size(); ++s) {
        std::vector<Tensor> like;
        std::vector<Tensor*> missing;
        for (const NewState& one : fresh) {
            Tensor& tensor = one.state->tensors[slot_index(rule, s)];
            if (tensor.defined()) continue;
            like.push_back(like_state(one.parameter->data()));
            missing.push_back(&tensor);
        }
        std::vector<Tensor> made = started(group, rule.state[s], like);
        for (std::size_t i = 0; i < made.size(); ++i) *missing[i] = std::move(made[i]);
    }
}

void ElementwiseBody::exchange_states(void* prepared) noexcept {
    drop_plan();
    auto& states = *static_cast<PreparedStates*>(prepared);
    store_.swap(states.store);
    std::swap(state_dtype_, states.dtype);
}

void ElementwiseBody::select_rows(const Parameters& parameters, std::span<const std::int64_t> source_rows) {
    std::vector<std::pair<Tensor*, Tensor>> replacements;
    for (const Parameter& parameter : parameters) {
        StateStore::Slots* slots = store_.find(parameter);
        if (slots == nullptr) continue;
        if (slots->sparse.defined()) {
            throw std::invalid_argument(fmt::format("{}: select_rows: {} must not be sparse, got one ({})", name(), state_names_[0], describe(parameter)));
        }
        const auto holds = [&](const auto& group) { return std::find(group->params().begin(), group->params().end(), parameter) != group->params().end(); };
        const Group& group = **std::find_if(groups().begin(), groups().end(), holds);
        for (std::size_t s = 0; s < state_names_.size(); ++s) {
            Tensor& old = slots->tensors[s];
            if (!old.defined()) continue;
            check_rows(name(), parameter, old, parameter.data().shape(), source_rows);
            const std::vector<Tensor> fresh = started(group, state_names_[s], std::array{like_state(parameter.data())});
            replacements.emplace_back(&old, rows_of(old, fresh[0], source_rows, context()));
        }
    }
    drop_plan();
    for (auto& [old, fresh] : replacements) *old = std::move(fresh);
}

}  // namespace ravine::inline v0::optim
