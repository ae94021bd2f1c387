#include "tensor_body.h"

#include "parameter_body.h"

#include <ravine/runtime/device.h>
#include <ravine/runtime/foreach.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0::optim {

TensorBody::TensorBody(const OptimizerClass& its_class, std::shared_ptr<Group> defaults, const Context& context, Count count,
                       std::span<const std::string_view> names)
    : OptimizerBody(its_class, std::move(defaults), context), count_(count), names_(names) {}

std::vector<Tensor> TensorBody::data_of(TensorUpdates updates) {
    std::vector<Tensor> result;
    for (const TensorUpdate& update : updates) result.push_back(update.parameter->data());
    return result;
}

std::vector<Tensor> TensorBody::gradients_of(TensorUpdates updates) {
    std::vector<Tensor> result;
    for (const TensorUpdate& update : updates) result.push_back(update.parameter->grad());
    return result;
}

std::vector<Tensor> TensorBody::state_of(TensorUpdates updates, std::size_t index) {
    std::vector<Tensor> result;
    for (const TensorUpdate& update : updates) result.push_back(update.state->tensors[index]);
    return result;
}

std::string TensorBody::where(const TensorUpdate& update, std::size_t group) {
    return fmt::format("{}, group {}", describe(*update.parameter), group);
}

/// Batch n of a group has the n-th occurrence of each parameter.
std::vector<TensorBody::Batch> TensorBody::collect() {
    std::vector<Batch> batches;
    for (std::size_t g = 0; g < groups().size(); ++g) {
        const std::size_t first = batches.size();
        std::unordered_map<const Parameter::Body*, std::size_t> seen;
        for (const Parameter& parameter : groups()[g]->params()) {
            if (!parameter.grad().defined() && !parameter.sparse_grad().defined()) continue;
            const std::size_t occurrence = seen[parameter.body()]++;
            if (first + occurrence == batches.size()) batches.push_back({g, {}});
            StateStore::Slots& state = store_.obtain(parameter);
            batches[first + occurrence].updates.push_back({&parameter, &state, state.step + static_cast<std::int64_t>(occurrence) + 1});
        }
    }
    return batches;
}

void TensorBody::check_state(const TensorUpdate& update, std::size_t group) const {
    if (!update.state->exists) return;
    for (const SlotInfo& slot : slots_of(*update.parameter)) {
        const Tensor& tensor = update.state->tensors[slot.index];
        if (tensor.defined() && tensor.shape() == slot.shape) continue;
        throw std::invalid_argument(fmt::format("{}: {} must have shape {}, got {} (state of {}; after rebind see select_rows)", name(), names_[slot.index],
                                                slot.shape.to_string(), tensor.defined() ? tensor.shape().to_string() : "none", where(update, group)));
    }
}

/// A replay would repeat what the host computed, and what it read.
void TensorBody::check_capture(const Parameter& parameter) const {
    if (!is_capturing(parameter.data().device(), context().stream)) return;
    throw std::runtime_error(fmt::format("{}: a step must not be captured in a graph, got a stream that is being captured", name()));
}

Tensor TensorBody::make_slot(const SlotInfo& slot, const Tensor& data) const {
    return slot.shape == data.shape() ? zeros_like(data, context()) : zeros(slot.shape, data.dtype(), data.device(), context());
}

void TensorBody::make_state(const TensorUpdate& update) const {
    if (update.state->exists) return;
    update.state->tensors = {};
    for (const SlotInfo& slot : slots_of(*update.parameter)) update.state->tensors[slot.index] = make_slot(slot, update.parameter->data());
}

/// Divides every gradient once by the loss scale.
void TensorBody::unscale(const std::vector<Batch>& batches) {
    std::vector<Tensor> gradients;
    std::unordered_map<const Parameter::Body*, bool> known;
    for (const Batch& batch : batches) {
        for (const TensorUpdate& update : batch.updates) {
            if (!known.emplace(update.parameter->body(), true).second) continue;
            const SparseTensor& sparse = update.parameter->sparse_grad();
            gradients.push_back(sparse.defined() ? sparse.values() : update.parameter->grad());
            if (!gradients.back().read_only()) continue;
            throw std::invalid_argument(fmt::format("{}: grad_scale must go with gradients that can be written, got a read-only one", name()));
        }
    }
    foreach::div_(gradients, grad_scale().item(context()), context());
}

void TensorBody::update() {
    check_gradients();
    const std::vector<Batch> batches = collect();
    for (const Batch& batch : batches) {
        for (const TensorUpdate& update : batch.updates) {
            check_capture(*update.parameter);
            check_state(update, batch.group);
        }
        check(*groups()[batch.group], batch.group, batch.updates);
    }
    if (found_inf().defined() && found_inf().item(context()) != 0) return;
    for (const Batch& batch : batches) {
        for (const TensorUpdate& update : batch.updates) make_state(update);
    }
    if (grad_scale().defined()) unscale(batches);
    Context here = context();
    here.executor = &executor();
    for (const Batch& batch : batches) update(*groups()[batch.group], batch.updates, here);
    for (const Batch& batch : batches) {
        for (const TensorUpdate& update : batch.updates) {
            update.state->exists = true;
            update.state->step = update.step;
        }
    }
}

void TensorBody::check_list(const Parameter& parameter, const SlotInfo& slot, const functional::StateList& list, std::size_t index) const {
    const Tensor& data = parameter.data();
    const Tensor tensor = index < list.tensors.size() ? list.tensors[index] : Tensor();
    const bool fits = tensor.defined() && tensor.shape() == slot.shape && tensor.dtype() == data.dtype() && tensor.device() == data.device();
    if (fits && !tensor.read_only()) return;
    throw std::invalid_argument(fmt::format("{}: {} must be a {} tensor of shape {} on {} that can be written, got {} (tensor {})", name(), list.argument,
                                            ravine::name(data.dtype()), slot.shape.to_string(), ravine::name(data.device()),
                                            fits ? "a read-only one" : tensor.defined() ? Value(tensor).to_string() : "none", index));
}

void TensorBody::update_lists(const Group& group, std::span<const functional::StateList> state, std::span<const std::int64_t> steps) {
    std::vector<StateStore::Slots> slots;
    std::vector<TensorUpdate> updates;
    slots.reserve(group.params().size());
    for (const Parameter& parameter : group.params()) {
        const std::size_t index = slots.size();
        check_capture(parameter);
        StateStore::Slots& own = slots.emplace_back(parameter);
        for (const SlotInfo& slot : slots_of(parameter)) {
            check_list(parameter, slot, state[slot.index], index);
            own.tensors[slot.index] = state[slot.index].tensors[index];
        }
        updates.push_back({&parameter, &own, steps[index]});
    }
    check(group, 0, updates);
    Context here = context();
    here.executor = &executor();
    update(group, updates, here);
}

}  // namespace ravine::inline v0::optim
