#include "tree_parts.h"

#include "hash.h"

#include <algorithm>
#include <unordered_set>

namespace ravine::inline v0::safetensors {
namespace {

const List* list_of(const Dict& dict, std::string_view key) {
    const Value* value = dict.find(key);
    return value == nullptr ? nullptr : value->get_if<List>();
}

/// Appends the parameters of one group; false if some have no name.
bool append(std::vector<NamedParameter>& out, const Value& group) {
    const Dict* dict = group.get_if<Dict>();
    const List* ids = dict == nullptr ? nullptr : list_of(*dict, "params");
    const List* names = dict == nullptr ? nullptr : list_of(*dict, "param_names");
    if (ids == nullptr || names == nullptr || ids->items.size() != names->items.size()) return false;
    for (std::size_t i = 0; i < ids->items.size(); ++i) {
        const auto* id = ids->items[i].get_if<std::int64_t>();
        const auto* name = names->items[i].get_if<std::string>();
        if (id == nullptr || name == nullptr || name->empty()) return false;
        out.push_back({*id, *name});
    }
    return true;
}

bool are_distinct(const std::vector<NamedParameter>& parameters) {
    std::unordered_set<std::string_view, SecretStringHash> names;
    std::vector<std::int64_t> ids;
    for (const NamedParameter& parameter : parameters) {
        if (!names.insert(parameter.name).second) return false;
        ids.push_back(parameter.id);
    }
    std::sort(ids.begin(), ids.end());
    return std::adjacent_find(ids.begin(), ids.end()) == ids.end();
}

}  // namespace

std::optional<std::vector<NamedParameter>> named_parameters(const Value& groups) {
    const List* list = groups.get_if<List>();
    if (list == nullptr || list->items.empty()) return {};
    std::vector<NamedParameter> parameters;
    for (const Value& group : list->items) {
        if (!append(parameters, group)) return {};
    }
    if (!are_distinct(parameters)) return {};
    return parameters;
}

}  // namespace ravine::inline v0::safetensors
