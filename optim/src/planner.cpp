#include "planner.h"

#include "elementwise_scalars.h"
#include "parameter_body.h"

#include <ravine/runtime/device.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0::optim {

void Planner::make() {
    check_capture();
    if (body_.follower() != nullptr) body_.follower()->begin_plan();
    body_.drop_plan();
    body_.members_.clear();
    body_.rows_.clear();
    body_.entries_.clear();
    body_.waves_.clear();
    body_.sparse_.clear();
    body_.makes_state_ = false;
    for (std::size_t g = 0; g < body_.groups().size(); ++g) add_group(g);
    add_rows();
    for (auto& wave : body_.waves_) wave.plan.seal(wave.serial ? 1 : body_.executor().concurrency(), body_.context());
    for (const auto& row : body_.rows_) {
        const auto& entry = body_.entries_[row.entry];
        if (row.state == nullptr || body_.waves_[entry.wave].occurrence != 0) continue;
        row.state->entry = row.entry;
        if (entry.counted) row.state->count = entry.count;
    }
    body_.planned_ = true;
}

/// A new plan takes memory and copies, which no graph may repeat.
void Planner::check_capture() const {
    for (std::size_t g = 0; g < body_.groups().size(); ++g) {
        for (const Parameter& parameter : body_.groups()[g]->params()) {
            if (!is_capturing(parameter.data().device(), body_.context().stream)) continue;
            throw std::runtime_error(fmt::format("{}: a captured step must follow one that was not captured, with the same parameters, gradients "
                                                 "and options, got one that differs (group {})", body_.name(), g));
        }
    }
}

void Planner::add_group(std::size_t index) {
    const Group& group = *body_.groups()[index];
    const std::size_t variant = body_.variant_of(group), first_candidate = candidates_.size();
    const RuleInfo& rule = body_.algorithm_.rules[variant];
    const Implementation implementation = body_.implementation_of(group);

    std::vector<ElementwiseBody::NewState> fresh_states;
    std::unordered_map<const Parameter::Body*, std::size_t> times, seen;
    for (const Parameter& parameter : group.params()) ++times[parameter.body()];
    for (const Parameter& parameter : group.params()) {
        body_.members_.push_back({parameter.body(), parameter.body()->generation, ElementwiseBody::no_row});
        const bool is_sparse = parameter.sparse_grad().defined();
        if (!parameter.grad().defined() && !is_sparse) continue;
        check_complex(parameter, group, index);
        StateStore::Slots* state = state_for(parameter, rule);
        if (is_sparse) {
            body_.sparse_.push_back({index, parameter, state});
            if (state != nullptr && !body_.algorithm_.keeps_sparse_state) fresh_states.push_back({&parameter, state});
            continue;
        }
        check_dense_state(parameter, state, index);
        const std::size_t occurrence = seen[parameter.body()]++;
        const Device device = parameter.data().device();
        const bool counted = state != nullptr && body_.counts_there(group, device);
        if (state != nullptr) settle_count(*state, counted);
        const bool has_step = state != nullptr && !state->count.defined();
        const bool fresh = state != nullptr && !state->exists && occurrence == 0;
        if (fresh && has_step && !rule.scalars.empty()) state->scalars = body_.algorithm_.initial_scalars(group.options_data());
        CarriedScalars scalars = has_step ? state->scalars : CarriedScalars{};
        if (!rule.scalars.empty()) body_.advance(group, has_step ? state->step : 0, static_cast<std::int64_t>(occurrence), scalars);
        body_.makes_state_ = body_.makes_state_ || fresh;
        const std::size_t entry = entry_for({.wave = wave_for(occurrence, implementation == Implementation::for_loop),
                                             .group = index,
                                             .dtype = real_dtype(ElementwiseBody::state_dtype(parameter.data(), body_.state_dtype_)),
                                             .device = device,
                                             .step = (has_step ? state->step : 0) + static_cast<std::int64_t>(occurrence),
                                             .scalars = scalars,
                                             .next = {},
                                             .stride = static_cast<std::int64_t>(times[parameter.body()]),
                                             .first = fresh && !body_.algorithm_.counts_steps && !counted,
                                             .counted = counted,
                                             .counts = counted && state->count.defined() ? state->count.data() : nullptr,
                                             .count = Tensor(),
                                             .average = {},
                                             .variant = variant,
                                             .implementation = implementation,
                                             .plan_entry = 0},
                                            state);
        candidates_.push_back({&parameter, state, occurrence, body_.members_.size() - 1, entry});
    }
    for (std::size_t i = first_candidate; i < candidates_.size(); ++i) {
        if (candidates_[i].state != nullptr && candidates_[i].occurrence == 0) fresh_states.push_back({candidates_[i].parameter, candidates_[i].state});
    }
    body_.make_states(group, rule, fresh_states);
}

/// torch's fused kernels are for floating-point parameters alone, and whoever names them expects to be told.
void Planner::check_dense_state(const Parameter& parameter, const StateStore::Slots* state, std::size_t index) const {
    if (state == nullptr || !state->sparse.defined()) return;
    throw std::invalid_argument(fmt::format("{}: gradients must be sparse where {} is, got a dense one ({}, group {})", body_.name(), body_.state_names_[0],
                                            describe(parameter), index));
}

void Planner::check_complex(const Parameter& parameter, const Group& group, std::size_t index) const {
    if (!is_complex(parameter.data().dtype()) || body_.algorithm_.implementation(group.options_data()) != Implementation::fused) return;
    throw std::invalid_argument(fmt::format("{}: implementation must not be fused with complex parameters, got {} ({}, group {})", body_.name(),
                                            name(parameter.data().dtype()), describe(parameter), index));
}

/// A count that is the host's from now on is read, which waits for the device.
void Planner::settle_count(StateStore::Slots& state, bool counted) {
    if (counted || !state.count.defined()) return;
    const auto [known, is_new] = counted_.emplace(state.count.data(), Tensor());
    if (is_new) known->second = state.count.to(Device{}, body_.context());
    const std::span<const double> numbers = known->second.span<const double>();
    state.step = static_cast<std::int64_t>(numbers[0]);
    std::copy(numbers.begin() + 1, numbers.end(), state.scalars.begin());
    state.exists = state.exists && (body_.algorithm_.counts_steps || state.step > 0);
    state.count = Tensor();
}

/// A count of an entry's own: rows that shared one until now may be stepped apart from here on.
Tensor Planner::new_count(const StateStore::Slots& state, const RuleInfo& rule, Device device) const {
    if (state.count.defined()) return state.count.clone(body_.context());
    const bool has_stepped = state.exists && !body_.algorithm_.counts_steps;
    const Tensor count = empty({1 + static_cast<std::int64_t>(rule.scalars.size())}, DType::f64);
    const std::span<double> numbers = count.span<double>();
    numbers[0] = static_cast<double>(has_stepped ? std::max<std::int64_t>(state.step, 1) : state.step);
    std::copy_n(state.scalars.begin(), rule.scalars.size(), numbers.begin() + 1);
    return count.to(device, body_.context());
}

/// Null for a rule without state.
StateStore::Slots* Planner::state_for(const Parameter& parameter, const RuleInfo& rule) {
    if (!body_.keeps_state(rule)) return nullptr;
    StateStore::Slots& state = body_.store_.obtain(parameter);
    for (std::size_t s = 0; s < rule.state.size(); ++s) {
        Tensor& tensor = state.tensors[body_.slot_index(rule, s)];
        if (!state.exists && tensor.defined() && !(tensor.shape() == parameter.data().shape())) tensor = Tensor();
        if (!state.exists) continue;
        const bool is_sparse = s == 0 && state.sparse.defined();
        if (!tensor.defined() && !is_sparse) {
            throw std::invalid_argument(fmt::format("{}: the state of {} must have {} with these options, got a state made without it",
                                                    body_.name(), describe(parameter), rule.state[s]));
        }
        const DType dtype = ElementwiseBody::state_dtype(parameter.data(), body_.state_dtype_);
        if (!is_sparse && tensor.dtype() != dtype) {
            throw std::invalid_argument(fmt::format("{}: {} of {} must be {}, got {} (after rebind to another device load_state_dict makes it so)",
                                                    body_.name(), rule.state[s], describe(parameter), name(dtype), name(tensor.dtype())));
        }
        const Shape& shape = is_sparse ? state.sparse.shape() : tensor.shape();
        if (!(shape == parameter.data().shape())) {
            throw std::invalid_argument(fmt::format("{}: {} of {} must have the parameter's shape {}, got {} (after rebind see select_rows)",
                                                    body_.name(), rule.state[s], describe(parameter),
                                                    parameter.data().shape().to_string(), shape.to_string()));
        }
    }
    return &state;
}

std::size_t Planner::wave_for(std::size_t occurrence, bool serial) {
    auto& waves = body_.waves_;
    const auto found = std::find_if(waves.begin(), waves.end(), [&](const auto& wave) {
        return wave.occurrence == occurrence && wave.serial == serial;
    });
    if (found != waves.end()) return static_cast<std::size_t>(found - waves.begin());
    waves.push_back({occurrence, serial, Plan()});
    return waves.size() - 1;
}

std::size_t Planner::entry_for(ElementwiseBody::Entry entry, const StateStore::Slots* state) {
    const auto [known, inserted] = entry_of_.emplace(entry.key(), body_.entries_.size());
    if (!inserted) return known->second;
    const RuleInfo& rule = body_.algorithm_.rules[entry.variant];
    if (entry.counted) entry.count = new_count(*state, rule, entry.device);
    // Which operations a list runs, the host must know: where it does not, the stepwise kernel does the same.
    KernelKind kind = kind_of(entry.implementation);
    if (kind == KernelKind::list && entry.counted && rule.sets_switches) kind = KernelKind::stepwise;
    PlanEntry planned = ravine::entry_of(rule, kind, body_.isa_, entry.dtype, entry.device);
    planned.dtype = entry.dtype;
    entry.plan_entry = body_.waves_[entry.wave].plan.add_entry(planned);
    body_.entries_.push_back(entry);
    return known->second;
}

/// Undefined, or the average that moves with a row. One kernel moves those of an entry: the first one says in which dtype.
Tensor Planner::average_for(const Candidate& candidate) const {
    if (body_.follower() == nullptr) return {};
    auto& entry = body_.entries_[candidate.entry];
    const PlanEntry& planned = body_.waves_[entry.wave].plan.entry(entry.plan_entry);
    if (entry.stride != 1 || planned.device_list != nullptr || real_dtype(candidate.parameter->data().dtype()) != entry.dtype) return {};
    Tensor average = body_.follower()->average_of(*candidate.parameter);
    if (!average.defined() || real_dtype(average.dtype()) != entry.average.value_or(real_dtype(average.dtype()))) return {};
    entry.average = real_dtype(average.dtype());
    body_.follower()->carry(*candidate.parameter);
    return average;
}

/// Rows of one entry lie together, so that few kernel calls run them.
void Planner::add_rows() {
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.entry < b.entry; });
    body_.rows_.reserve(candidates_.size());
    for (const Candidate& candidate : candidates_) {
        const auto& entry = body_.entries_[candidate.entry];
        const RuleInfo& rule = body_.algorithm_.rules[entry.variant];
        const Tensor* slots[kernels::max_slots] = {&candidate.parameter->data(), &candidate.parameter->grad()};
        for (std::size_t s = 0; s < rule.state.size(); ++s) slots[s + 2] = &candidate.state->tensors[body_.slot_index(rule, s)];
        const std::span used(slots, rule.state.size() + 2);
        const Tensor average = average_for(candidate);
        const std::size_t plan_row = body_.waves_[entry.wave].plan.add_row(entry.plan_entry, used, average.defined() ? &average : nullptr);
        body_.members_[candidate.member].row = body_.rows_.size();
        body_.rows_.push_back({candidate.parameter->data(), candidate.parameter->grad(), candidate.state, candidate.entry, plan_row});
    }
}

}  // namespace ravine::inline v0::optim
