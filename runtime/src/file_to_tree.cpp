#include <ravine/runtime/text.h>

#include "extended_json.h"
#include "hash.h"
#include "safetensors_header.h"
#include "tree_parts.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

namespace ravine::inline v0::safetensors {
namespace {

const std::string* find_metadata(const File& file, std::string_view key) noexcept {
    for (const auto& [name, text] : file.metadata) {
        if (name == key) return &text;
    }
    return nullptr;
}

class TreeReader {
  public:
    TreeReader(const File& file, std::string_view name) : file_(file), name_(printable(name, 300)) {
        for (const auto& [key, tensor] : file.tensors) tensors_.emplace(key, &tensor);
    }

    Value read();

  private:
    Value read_root();
    /// A part that the root names; `bare`: the part is the root.
    Value read_part(const std::string& part, bool bare);
    Value read_model(const std::string& part, std::string_view prefix);
    Value read_optimizer();
    Dict read_state(const Value& groups);
    void read_aliases();
    void check_all_used() const;

    Value read_text(std::string_view key, bool with_parts = false);
    Tensor take(const std::string& key);
    std::string where(std::string_view key) const { return fmt::format("{}, metadata key {}", name_, key); }
    [[noreturn]] void refuse(std::string_view what, std::string_view got, std::string_view key) const {
        throw std::runtime_error(fmt::format("load: {}, got {} ({})", what, got, where(key)));
    }

    const File& file_;
    std::string name_;
    std::unordered_map<std::string_view, const Tensor*, SecretStringHash> tensors_;
    std::unordered_map<std::string, std::string, SecretStringHash> aliases_;
    std::unordered_set<std::string, SecretStringHash> used_;
    std::unordered_set<std::string> parts_;
};

Value TreeReader::read() {
    const std::string* found = find_metadata(file_, schema_key);
    if (found == nullptr || *found != schema) {
        refuse(fmt::format("the schema must be {}", schema), found == nullptr ? "none" : quoted(*found), schema_key);
    }
    read_aliases();
    Value tree = read_root();
    check_all_used();
    return tree;
}

Value TreeReader::read_root() {
    if (find_metadata(file_, root_key) != nullptr) return read_text(root_key, true);
    const auto has = [&](std::string_view key) { return find_metadata(file_, key) != nullptr; };
    const bool model = has("model.keys"), optimizer = has(state_key), scheduler = has(scheduler_part);
    if (model + optimizer + scheduler != 1) {
        refuse("a file must have optim.root or one of model.keys, optim.state and sched",
               model + optimizer + scheduler == 0 ? "none" : "several", schema_key);
    }
    return read_part(std::string(model ? model_part : optimizer ? optimizer_part : scheduler_part), true);
}

Value TreeReader::read_part(const std::string& part, bool bare) {
    const bool known = part == model_part || part == average_part || part == optimizer_part || part == scheduler_part;
    if (!known) refuse("a part must be model, ema, optim or sched", quoted(part), root_key);
    if (!parts_.insert(part).second) refuse("a part must be there once", quoted(part) + " twice", root_key);
    if (part == optimizer_part) return read_optimizer();
    if (part == scheduler_part) return read_text(scheduler_part);
    return read_model(part, bare ? "" : part + ".");
}

Value TreeReader::read_model(const std::string& part, std::string_view prefix) {
    const std::string names_key = part + ".keys", metadata_key = part + ".metadata";
    const Value names = read_text(names_key);
    if (!names.is(Value::Kind::list)) refuse("the names must be a list", names.to_string(), names_key);
    Dict model;
    for (const Value& name : names.items()) {
        const auto* text = name.get_if<std::string>();
        if (text == nullptr) refuse("the names must be strings", name.to_string(), names_key);
        const Tensor tensor = take(fmt::format("{}{}", prefix, *text));
        if (!tensor.defined()) refuse("every name must have a tensor in the file", quoted(*text) + " without one", names_key);
        if (!model.insert(name, tensor)) refuse("a name must be there once", quoted(*text) + " twice", names_key);
    }
    if (const std::string* text = find_metadata(file_, metadata_key)) {
        model.kind = Dict::Kind::ordered_dict;
        model.metadata = read_text(metadata_key);
        // torch's own is an OrderedDict: plain JSON stands for one.
        if (auto* metadata = model.metadata.get_if<Dict>(); metadata != nullptr && !text->starts_with("{\"$")) {
            metadata->kind = Dict::Kind::ordered_dict;
        }
    }
    return model;
}

Value TreeReader::read_optimizer() {
    Value groups = read_text(groups_key);
    if (!groups.is(Value::Kind::list)) refuse("param_groups must be a list", groups.to_string(), groups_key);
    Dict optimizer;
    optimizer.set("state", read_state(groups));
    optimizer.set("param_groups", std::move(groups));
    return optimizer;
}

Dict TreeReader::read_state(const Value& groups) {
    const Value texts = read_text(state_key);
    const auto* dict = texts.get_if<Dict>();
    if (dict == nullptr) refuse("the state must be a map", texts.to_string(), state_key);
    const auto named = named_parameters(groups);
    std::unordered_map<std::string_view, std::int64_t, SecretStringHash> ids;
    if (named) {
        for (const NamedParameter& parameter : *named) ids.emplace(parameter.name, parameter.id);
    }
    const auto id_of = [&](const Value& key) {
        const auto* text = key.get_if<std::string>();
        if (text == nullptr) refuse("a parameter must be a string", key.to_string(), state_key);
        if (named) {
            const auto found = ids.find(*text);
            if (found == ids.end()) refuse("a parameter must be in param_names", quoted(*text), state_key);
            return found->second;
        }
        std::int64_t id = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), id);
        if (error != std::errc() || std::to_string(id) != *text) refuse("a parameter must be a decimal id", quoted(*text), state_key);
        return id;
    };
    Dict state;
    for (const auto& [key, slots] : *dict) {
        if (!slots.is(Value::Kind::dict)) refuse("a parameter's state must be a map", slots.to_string(), state_key);
        state.set(id_of(key), slots);
    }
    return state;
}

void TreeReader::read_aliases() {
    if (find_metadata(file_, aliases_key) == nullptr) return;
    const Value aliases = read_text(aliases_key);
    const auto* dict = aliases.get_if<Dict>();
    if (dict == nullptr) refuse("aliases must be a map", aliases.to_string(), aliases_key);
    for (const auto& [alias, key] : *dict) {
        const auto* from = alias.get_if<std::string>();
        const auto* to = key.get_if<std::string>();
        const bool fits = from != nullptr && to != nullptr && !tensors_.contains(*from) && tensors_.contains(*to);
        if (!fits) refuse("an alias must be a new name for a tensor of the file", fmt::format("{} for {}", alias.to_string(), key.to_string()), aliases_key);
        aliases_.emplace(*from, *to);
    }
}

/// A tensor that no text mentions would be lost silently.
void TreeReader::check_all_used() const {
    for (const auto& [key, tensor] : file_.tensors) {
        if (!used_.contains(key)) refuse("the tree must name every tensor", quoted(key) + " unnamed", schema_key);
    }
    for (const std::string_view part : {model_part, average_part, optimizer_part, scheduler_part}) {
        const bool with_keys = part == model_part || part == average_part;
        const std::string key = part == optimizer_part ? std::string(state_key) : fmt::format("{}{}", part, with_keys ? ".keys" : "");
        if (find_metadata(file_, key) != nullptr && !parts_.contains(std::string(part))) {
            refuse(fmt::format("the tree must have the part {}", part), "none", key);
        }
    }
}

Value TreeReader::read_text(std::string_view key, bool with_parts) {
    const std::string* text = find_metadata(file_, key);
    if (text == nullptr) refuse("the file must have this metadata key", "none", key);
    return from_extended_json(
        *text, where(key), [&](const std::string& name) { return take(name); },
        [&](const std::string& part) {
            if (!with_parts) refuse("a part must stand in optim.root", quoted(part), key);
            return read_part(part, false);
        });
}

/// Undefined if there is no such tensor.
Tensor TreeReader::take(const std::string& key) {
    const auto alias = aliases_.find(key);
    const std::string& stored = alias == aliases_.end() ? key : alias->second;
    const auto found = tensors_.find(stored);
    if (found == tensors_.end()) return {};
    used_.insert(stored);
    return *found->second;
}

}  // namespace

bool has_tree(const File& file) noexcept {
    return find_metadata(file, schema_key) != nullptr;
}

Value to_tree(const File& file, std::string_view name) {
    if (has_tree(file)) return TreeReader(file, name).read();
    Dict tensors;
    for (const auto& [key, tensor] : file.tensors) tensors.set(key, tensor);
    return tensors;
}

}  // namespace ravine::inline v0::safetensors
