#include "elementwise_body.h"

#include "elementwise_scalars.h"
#include "parameter_body.h"
#include "planner.h"

#include <ravine/optim/elementwise.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0::optim {

detail::BodyPointer detail::make_elementwise(const OptimizerClass& self, std::shared_ptr<Group> defaults, const Context& context) {
    return BodyPointer(new ElementwiseBody(static_cast<const Algorithm&>(self), std::move(defaults), context));
}

ElementwiseBody::ElementwiseBody(const Algorithm& algorithm, std::shared_ptr<Group> defaults, const Context& context)
    : OptimizerBody(algorithm, std::move(defaults), context), algorithm_(algorithm), isa_(default_isa()) {
    const auto widest = std::max_element(algorithm.rules.begin(), algorithm.rules.end(),
                                         [](const RuleInfo& a, const RuleInfo& b) { return a.slots < b.slots; });
    state_names_.assign(widest->state.begin(), widest->state.end());
    scalar_names_ = widest->scalars;
}

/// A group that can be captured in a graph, and one whose steps may be skipped without the host's knowing. foreach must know
/// whether a step is the first one.
bool ElementwiseBody::counts_there(const Group& group, Device device) const {
    const RuleInfo& rule = algorithm_.rules[variant_of(group)];
    if (device.type == DeviceType::cpu || rule.grid.scalars == nullptr) return false;
    if (algorithm_.capturable(group.options_data())) return true;
    return keeps_state(rule) && found_inf().defined() && found_inf().device() == device && implementation_of(group) != Implementation::foreach;
}

bool ElementwiseBody::sees_found_inf(const Entry& entry) const {
    return found_inf().device() == entry.device && entry.device.type != DeviceType::cpu &&
           (entry.counted || !keeps_state(algorithm_.rules[entry.variant]));
}

/// Waits for a device only if somebody else must know what it found.
bool ElementwiseBody::is_skipped() const {
    if (!found_inf().defined()) return false;
    const bool nobody_asks = std::all_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return sees_found_inf(entry); });
    return !nobody_asks && found_inf().item(context()) != 0;
}

Implementation ElementwiseBody::implementation_of(const Group& group) const {
    return ravine::optim::implementation_of(algorithm_, group.options_data());
}

std::size_t ElementwiseBody::slot_index(const RuleInfo& rule, std::size_t slot) const {
    const auto found = std::find(state_names_.begin(), state_names_.end(), std::string_view(rule.state[slot]));
    return static_cast<std::size_t>(found - state_names_.begin());
}

std::int64_t ElementwiseBody::step_of(const StateStore::Slots& slots) const noexcept {
    return slots.entry == StateStore::no_entry ? slots.step : entries_[slots.entry].step;
}

const CarriedScalars& ElementwiseBody::scalars_of(const StateStore::Slots& slots) const noexcept {
    return slots.entry == StateStore::no_entry ? slots.scalars : entries_[slots.entry].scalars;
}

/// Makes of the scalars after `step` updates those after `times` more.
void ElementwiseBody::advance(const Group& group, std::int64_t step, std::int64_t times, CarriedScalars& scalars) const {
    kernels::StepArguments unused;
    for (std::int64_t i = 1; i <= times; ++i) algorithm_.update(group.options_data(), step + i, false, scalars, unused);
}

void ElementwiseBody::drop_plan() noexcept {
    for (const auto& slots : store_) {
        if (!slots->count.defined()) {
            slots->step = step_of(*slots);
            slots->scalars = scalars_of(*slots);
        }
        slots->entry = StateStore::no_entry;
    }
    planned_ = false;
}

/// A gradient or parameter that lies elsewhere, in the same layout, only moves pointers.
bool ElementwiseBody::move_row(Member& member) {
    if (member.row == no_row) return false;
    Row& row = rows_[member.row];
    const Entry& entry = entries_[row.entry];
    const auto same_layout = [](const Tensor& a, const Tensor& b) {
        return a.defined() && b.defined() && a.device() == b.device() && a.shape() == b.shape() && a.strides() == b.strides();
    };
    if (!same_layout(row.data, member.body->data) || !same_layout(row.grad, member.body->grad)) return false;
    row.data = member.body->data;
    row.grad = member.body->grad;
    Plan& plan = waves_[entry.wave].plan;
    plan.move_slot(row.plan_row, kernels::param_slot, row.data);
    plan.move_slot(row.plan_row, kernels::grad_slot, row.grad);
    member.generation = member.body->generation;
    return true;
}

bool ElementwiseBody::plan_is_current() {
    if (!planned_) return false;
    constexpr std::size_t ahead = 8;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (i + ahead < members_.size()) __builtin_prefetch(members_[i + ahead].body);
        if (members_[i].body->generation != members_[i].generation && !move_row(members_[i])) return false;
    }
    return std::all_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        const Group& group = *groups()[entry.group];
        return variant_of(group) == entry.variant && implementation_of(group) == entry.implementation &&
               counts_there(group, entry.device) == entry.counted;
    });
}

/// The scalars of the next update. Changes nothing but what the next call overwrites.
void ElementwiseBody::prepare_entry(Entry& entry) {
    const Group& group = *groups()[entry.group];
    PlanEntry& planned = waves_[entry.wave].plan.entry(entry.plan_entry);
    kernels::StepArguments& arguments = planned.arguments;
    const RuleInfo& rule = algorithm_.rules[entry.variant];
    if (algorithm_.capturable(group.options_data()) && !entry.counted) {
        throw std::invalid_argument(fmt::format("{}: capturable must be False for parameters on {}, got True (group {})", name(),
                                                ravine::name(entry.device), entry.group));
    }
    entry.next = entry.scalars;
    algorithm_.update(group.options_data(), entry.step + 1, entry.first, entry.next, arguments);
    if (!rule.scalars.empty()) advance(group, entry.step + 1, entry.stride - 1, entry.next);
    planned.writes = rule.writes;
    planned.found_inf = found_inf().defined() && sees_found_inf(entry) ? static_cast<const float*>(found_inf().data()) : nullptr;
    planned.grad_scale = nullptr;
    if (entry.counted) prepare_counted(entry, planned);
    if (grad_scale().defined()) ravine::set_grad_scale(planned, grad_scale(), context());
    // A replay would repeat what the host read of a loss scale or of found_inf.
    const bool host_reads = (found_inf().defined() && planned.found_inf == nullptr) || (grad_scale().defined() && planned.grad_scale == nullptr);
    const bool repeats = entry.counted ? algorithm_.capturable(group.options_data()) : !algorithm_.counts_steps && !entry.first;
    planned.may_be_captured = repeats && !host_reads && (follower() == nullptr || follower()->repeats());
    check_scalars(entry.group, entry.dtype, arguments);
}

void ElementwiseBody::check_scalars(std::size_t index, DType dtype, const kernels::StepArguments& arguments) const {
    const std::string complaint = scalars_complaint(algorithm_, groups()[index]->options_data(), dtype, arguments);
    if (!complaint.empty()) throw std::invalid_argument(fmt::format("{}: {} (group {})", name(), complaint, index));
}

void ElementwiseBody::prepare_counted(const Entry& entry, PlanEntry& planned) const {
    const Group& group = *groups()[entry.group];
    if (entry.stride != 1) {
        throw std::invalid_argument(fmt::format("{}: a parameter must be in its group once where the device counts steps, got one {} times (group {})",
                                                name(), entry.stride, entry.group));
    }
    algorithm_.prepare(group.options_data(), planned.request);
    planned.device_scalars = algorithm_.rules[entry.variant].grid.scalars;
    planned.device_count = static_cast<double*>(entry.count.mutable_data());
    planned.keeps_hyper_there = algorithm_.capturable(group.options_data());
}

bool ElementwiseBody::prepare_averages() {
    // What a device finds out about a step, its own pass would skip for the averages as well.
    const auto unseen = [this](const Entry& entry) { return !found_inf().defined() || !sees_found_inf(entry); };
    const bool moves = follower() != nullptr && follower()->moves_in_step() && std::all_of(entries_.begin(), entries_.end(), unseen);
    for (const Entry& entry : entries_) {
        EntryAverage& average = waves_[entry.wave].plan.entry(entry.plan_entry).average;
        average.moves = moves && entry.average;
        if (average.moves) follower()->set_terms(*entry.average, entry.dtype, average);
    }
    return moves;
}

/// For graphs that are replayed, which call nothing here. Entries that were not planned yet, or not yet with these options,
/// get them with the next step.
void ElementwiseBody::options_changed() {
    if (!planned_) return;
    for (const Entry& entry : entries_) {
        const Group& group = *groups()[entry.group];
        if (!entry.counted || !algorithm_.capturable(group.options_data())) continue;
        Plan& plan = waves_[entry.wave].plan;
        algorithm_.prepare(group.options_data(), plan.entry(entry.plan_entry).request);
        plan.send(entry.plan_entry);
    }
}

void ElementwiseBody::check_gradients_writable() const {
    for (const Member& member : members_) {
        if (member.row == no_row || !rows_[member.row].grad.read_only()) continue;
        throw std::invalid_argument(
            fmt::format("{}: grad_scale must go with gradients that can be written, got a read-only one", name()));
    }
}

void ElementwiseBody::update() {
    if (!plan_is_current()) {
        check_gradients();  // a gradient of another kind is never in the plan
        Planner(*this).make();
    }
    const bool skipped = is_skipped();
    for (Entry& entry : entries_) prepare_entry(entry);
    if (grad_scale().defined()) check_gradients_writable();
    for (const SparseRow& row : sparse_) check_sparse(row);
    const bool moves_averages = prepare_averages();
    if (!skipped) {
        for (const SparseRow& row : sparse_) update_sparse(row);
        for (Wave& wave : waves_) wave.plan.run(wave.serial ? serial_ : executor());
        if (moves_averages) averages_moved();
    }
    count_update(skipped);
}

void ElementwiseBody::count_update(bool skipped) noexcept {
    bool leaves_first = false;
    if (!skipped) {
        for (Entry& entry : entries_) {
            if (!entry.counted) entry.step += entry.stride;
            entry.scalars = entry.next;
            leaves_first = leaves_first || entry.first;
        }
    }
    // A skipped step makes the state of algorithms that count, as in torch.
    if (makes_state_ && (!skipped || algorithm_.counts_steps)) {
        for (const Row& row : rows_) {
            if (row.state != nullptr) row.state->exists = true;
        }
        makes_state_ = false;
    }
    if (leaves_first) drop_plan();
}

}  // namespace ravine::inline v0::optim
