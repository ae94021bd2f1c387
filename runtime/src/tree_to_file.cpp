#include <ravine/runtime/text.h>

#include "extended_json.h"
#include "hash.h"
#include "safetensors_header.h"
#include "tree_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace ravine::inline v0::safetensors {
namespace {

bool is_plain(const Dict& dict) {
    return dict.kind == Dict::Kind::dict && dict.metadata.is_null();
}

/// A dict of tensors whose names the format can hold, also behind a prefix.
bool is_model(const Dict& dict) {
    if (dict.empty() || dict.kind == Dict::Kind::counter || (dict.kind == Dict::Kind::dict && !dict.metadata.is_null())) return false;
    return std::all_of(dict.begin(), dict.end(), [](const Dict::Item& item) {
        const auto* name = item.first.get_if<std::string>();
        const auto* tensor = item.second.get_if<Tensor>();
        return name != nullptr && tensor != nullptr && tensor->defined() && !name->empty() && *name != metadata_name &&
               name->size() < longest_name - 16;
    });
}

/// Whether every state can be found again: by its id, or by the name of its parameter.
bool has_findable_state(const Dict& state, const Value& groups) {
    const auto named = named_parameters(groups);
    std::unordered_set<std::int64_t> ids;
    if (named) {
        for (const NamedParameter& parameter : *named) ids.insert(parameter.id);
    }
    return is_plain(state) && std::all_of(state.begin(), state.end(), [&](const Dict::Item& item) {
        const auto* id = item.first.get_if<std::int64_t>();
        return id != nullptr && item.second.is(Value::Kind::dict) && (!named || ids.contains(*id));
    });
}

/// What `state_dict()` of an optimizer gives. Others that look like it are written in place.
bool is_optimizer(const Dict& dict) {
    if (!is_plain(dict) || dict.size() != 2) return false;
    const auto& [state_name, state] = dict.begin()[0];
    const auto& [groups_name, groups] = dict.begin()[1];
    if (!(state_name == Value("state")) || !(groups_name == Value("param_groups"))) return false;
    const auto* list = groups.get_if<List>();
    const auto* states = state.get_if<Dict>();
    if (list == nullptr || states == nullptr || !has_findable_state(*states, groups)) return false;
    return std::all_of(list->items.begin(), list->items.end(), [](const Value& group) { return group.is(Value::Kind::dict); });
}

bool has_tensor(const Value& value) {
    if (value.is(Value::Kind::tensor)) return true;
    if (const auto* dict = value.get_if<Dict>()) {
        return std::any_of(dict->begin(), dict->end(), [](const Dict::Item& item) { return has_tensor(item.second); });
    }
    if (!value.is(Value::Kind::list) && !value.is(Value::Kind::tuple) && !value.is(Value::Kind::set)) return false;
    return std::any_of(value.items().begin(), value.items().end(), has_tensor);
}

bool is_scheduler(const Dict& dict) {
    if (!is_plain(dict) || (!dict.contains("last_epoch") && !dict.contains("_last_lr"))) return false;
    return std::all_of(dict.begin(), dict.end(), [](const Dict::Item& item) {
        return item.first.is(Value::Kind::string) && !has_tensor(item.second);
    });
}

/// The same for tensors that are the same view, and in no other way that a file could choose.
std::size_t view_hash(const Tensor& tensor) {
    SecretHash hash;
    const auto add = [&](std::uint64_t word) {
        hash.add(word >> 32);
        hash.add(word & 0xffffffff);
    };
    add(reinterpret_cast<std::uintptr_t>(tensor.data()));
    add(static_cast<std::uint64_t>(tensor.dtype()));
    for (const Shape* numbers : {&tensor.shape(), &tensor.strides()}) {
        for (const std::int64_t number : *numbers) add(static_cast<std::uint64_t>(number));
    }
    return static_cast<std::size_t>(hash.value());
}

class TreeWriter {
  public:
    File write(const Value& tree);

  private:
    void write_root(const Value& tree);
    /// Writes the dict as a part of its own if it is one and the first of its kind; answers the part's name.
    std::string write_part(const Dict& dict);
    bool claim(std::string_view part) { return parts_.insert(part).second; }
    void write_model(const Dict& dict, std::string_view part, std::string_view prefix);
    std::string model_metadata(const Value& metadata, const std::string& key);
    void write_optimizer(const Dict& dict);
    void write_scheduler(const Dict& dict) { add(scheduler_part, in_place(dict, scheduler_part)); }

    void add(std::string_view key, std::string text) { file_.metadata.emplace_back(key, std::move(text)); }
    std::string in_place(const Value& value, std::string_view place);
    /// Adds a tensor under a key that is not taken yet; a second view of the same elements becomes an alias.
    std::string add_tensor(const Tensor& tensor, const std::string& place);
    const std::string* key_of_same_view(const Tensor& tensor) const;

    File file_;
    std::unordered_set<std::string_view> parts_;
    std::unordered_set<std::string, SecretStringHash> keys_;
    std::unordered_multimap<std::size_t, std::size_t> by_view_;  // positions in file_.tensors, by view_hash
    Dict aliases_;
};

File TreeWriter::write(const Value& tree) {
    file_.has_metadata = true;
    add("format", "pt");  // several loaders insist on it
    add(schema_key, std::string(schema));
    write_root(tree);
    if (!aliases_.empty()) add(aliases_key, in_place(aliases_, ""));
    return std::move(file_);
}

void TreeWriter::write_root(const Value& tree) {
    const auto* dict = tree.get_if<Dict>();
    if (dict != nullptr && is_model(*dict)) return write_model(*dict, model_part, "");
    if (dict != nullptr && is_optimizer(*dict)) return write_optimizer(*dict);
    if (dict != nullptr && is_scheduler(*dict)) return write_scheduler(*dict);
    add(root_key, to_extended_json(
                      tree, "root", [&](const Tensor& tensor, const std::string& place) { return add_tensor(tensor, place); },
                      [&](const Dict& part) { return write_part(part); }));
}

std::string TreeWriter::write_part(const Dict& dict) {
    if (is_model(dict)) {
        const std::string_view part = dict.contains("n_averaged") ? average_part : model_part;
        if (!claim(part)) return {};
        write_model(dict, part, fmt::format("{}.", part));
        return std::string(part);
    }
    if (is_optimizer(dict) && claim(optimizer_part)) {
        write_optimizer(dict);
        return std::string(optimizer_part);
    }
    if (is_scheduler(dict) && claim(scheduler_part)) {
        write_scheduler(dict);
        return std::string(scheduler_part);
    }
    return {};
}

void TreeWriter::write_model(const Dict& dict, std::string_view part, std::string_view prefix) {
    List names;
    for (const auto& [name, tensor] : dict) {
        names.items.push_back(name);
        add_tensor(tensor.as<Tensor>(), fmt::format("{}{}", prefix, name.as<std::string>()));
    }
    add(fmt::format("{}.keys", part), in_place(std::move(names), part));
    if (dict.kind != Dict::Kind::ordered_dict) return;
    const std::string key = fmt::format("{}.metadata", part);
    add(key, model_metadata(dict.metadata, key));
}

/// In torch it is an OrderedDict, so that a JSON object stands for one here and `$dict` for a dict.
std::string TreeWriter::model_metadata(const Value& metadata, const std::string& key) {
    const auto* dict = metadata.get_if<Dict>();
    if (dict != nullptr && is_plain(*dict)) {
        return to_pairs_json(*dict, key, [&](const Tensor& tensor, const std::string& place) { return add_tensor(tensor, place); });
    }
    const bool as_in_torch = dict != nullptr && dict->kind == Dict::Kind::ordered_dict && dict->metadata.is_null();
    if (!as_in_torch || !has_object_keys(*dict)) return in_place(metadata, key);
    Dict plain = *dict;
    plain.kind = Dict::Kind::dict;
    return in_place(std::move(plain), key);
}

void TreeWriter::write_optimizer(const Dict& dict) {
    const Value& groups = dict.at("param_groups");
    const auto named = named_parameters(groups);
    std::unordered_map<std::int64_t, std::string_view> names;
    if (named) {
        for (const NamedParameter& parameter : *named) names.emplace(parameter.id, parameter.name);
    }
    Dict state;
    for (const auto& [key, slots] : dict.at("state").as<Dict>()) {
        const auto id = key.as<std::int64_t>();
        state.set(named ? Value(names.at(id)) : Value(std::to_string(id)), slots);
    }
    add(state_key, in_place(std::move(state), "state"));
    add(groups_key, in_place(groups, "group"));
}

std::string TreeWriter::in_place(const Value& value, std::string_view place) {
    return to_extended_json(
        value, std::string(place), [&](const Tensor& tensor, const std::string& at) { return add_tensor(tensor, at); },
        [](const Dict&) { return std::string(); });
}

std::string TreeWriter::add_tensor(const Tensor& tensor, const std::string& place) {
    std::string key = place;
    for (int n = 2; !keys_.insert(key).second; ++n) key = fmt::format("{}~{}", place, n);
    if (const std::string* same = key_of_same_view(tensor)) {
        aliases_.set(key, *same);
    } else {
        by_view_.emplace(view_hash(tensor), file_.tensors.size());
        file_.tensors.emplace_back(key, tensor);
    }
    return key;
}

const std::string* TreeWriter::key_of_same_view(const Tensor& tensor) const {
    if (tensor.numel() == 0) return nullptr;
    const auto [first, last] = by_view_.equal_range(view_hash(tensor));
    const auto same = std::find_if(first, last, [&](const auto& at) { return file_.tensors[at.second].second.is_same_view(tensor); });
    return same == last ? nullptr : &file_.tensors[same->second].first;
}

}  // namespace

File from_tree(const Value& tree) {
    return TreeWriter().write(tree);
}

}  // namespace ravine::inline v0::safetensors
