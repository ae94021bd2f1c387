#include "averaged_body.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ravine::inline v0::swa {
namespace {

std::string quoted(const std::string& key) { return Value(key).to_string(); }

/// Undefined, with a complaint, if there is none.
Tensor tensor_at(const Dict& state, const std::string& key, std::vector<std::string>& complaints) {
    const Value* value = state.find(key);
    const Tensor* tensor = value == nullptr ? nullptr : value->get_if<Tensor>();
    if (tensor != nullptr && tensor->defined()) return *tensor;
    complaints.push_back(fmt::format("{} must be a tensor, got {}", quoted(key), value == nullptr ? "none" : value->to_string()));
    return {};
}

}  // namespace

Value AveragedModel::state_dict() const {
    Dict state;
    const Tensor count = borrow(&body_->n_averaged, {}).clone(body_->context);
    state.set("n_averaged", body_->options.device ? count.to(*body_->options.device, body_->context) : count);
    for (std::size_t i = 0; i < body_->keys.size(); ++i) state.set(body_->keys[i], body_->tensors[i]);
    return state;
}

void AveragedModel::load_state_dict(const Value& state_dict) {
    const Dict* state = state_dict.get_if<Dict>();
    if (state == nullptr) invalid_model("load_state_dict must be given a dict, got " + state_dict.to_string());
    const Body& body = *body_;
    std::vector<std::string> complaints;
    std::vector<Tensor> tensors;
    const Tensor counter = tensor_at(*state, "n_averaged", complaints);
    const bool is_integer = counter.defined() && counter.dtype() == DType::i64 && counter.numel() == 1;
    const Tensor count = is_integer ? counter.to(Device{}, body.context) : Tensor();
    if (counter.defined() && !(is_integer && count.item() >= 0)) {
        complaints.push_back("'n_averaged' must be an int64 of one element >= 0, got " + Value(counter).to_string());
    }
    for (std::size_t i = 0; i < body.keys.size(); ++i) {
        tensors.push_back(tensor_at(*state, body.keys[i], complaints));
        if (!tensors.back().defined()) continue;
        const std::string text = difference(body.tensors[i].shape(), body.tensors[i].dtype(), tensors.back());
        if (!text.empty()) complaints.push_back(fmt::format("{} {}", quoted(body.keys[i]), text));
    }
    for (const auto& [key, value] : *state) {
        const std::string* name = key.get_if<std::string>();
        const bool known = name != nullptr && (*name == "n_averaged" || std::find(body.keys.begin(), body.keys.end(), *name) != body.keys.end());
        if (!known) complaints.push_back("a key must be one of the model's, got " + key.to_string());
    }
    if (!complaints.empty()) invalid_model(fmt::format("load_state_dict: {}", fmt::join(complaints, "; ")));
    for (std::size_t i = 0; i < tensors.size(); ++i) body.tensors[i].copy_(tensors[i], body.context);
    body_->n_averaged = *count.span<const std::int64_t>().data();
}

}  // namespace ravine::inline v0::swa
