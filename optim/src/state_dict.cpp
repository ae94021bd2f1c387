#include "group_access.h"
#include "optimizer_body.h"
#include "parameter_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

namespace ravine::inline v0::optim {

/// As torch counts: a running position; a parameter of an earlier group keeps its id, one that is twice in its own group has
/// its last position.
std::vector<std::vector<std::int64_t>> parameter_ids(std::span<const std::shared_ptr<Group>> groups) {
    std::unordered_map<const Parameter::Body*, std::int64_t> known;
    std::vector<std::vector<std::int64_t>> result;
    std::int64_t position = 0;
    for (const auto& group : groups) {
        for (const Parameter& parameter : group->params()) known[parameter.body()] = position++;
        std::vector<std::int64_t>& ids = result.emplace_back();
        for (const Parameter& parameter : group->params()) ids.push_back(known[parameter.body()]);
    }
    return result;
}

Value OptimizerBody::state_dict() const {
    const auto ids = parameter_ids(groups());
    std::unordered_map<const Parameter::Body*, std::int64_t> id_of;
    List packed;
    for (std::size_t g = 0; g < ids.size(); ++g) {
        const Group& group = *groups()[g];
        Dict options;
        for (const std::string& key : group.keys()) options.set(key, group.get(key));
        List params;
        for (std::size_t i = 0; i < ids[g].size(); ++i) {
            id_of[group.params()[i].body()] = ids[g][i];
            params.items.emplace_back(ids[g][i]);
        }
        options.set("params", std::move(params));
        packed.items.emplace_back(std::move(options));
    }
    Dict states;
    for (const Parameter& parameter : parameters_with_state()) states.set(id_of.at(parameter.body()), state(parameter));
    return Dict{{"state", std::move(states)}, {"param_groups", std::move(packed)}};
}

namespace {

/// One saved group: its options, and where its parameters are in the current one.
struct SavedGroup {
    const Dict* options = nullptr;
    std::vector<std::int64_t> ids;
    std::vector<std::string> names;  // empty without names
    bool reordered = false;          // whether `ids` were sorted to the names of the current one
};

bool read_ids(const Value& value, std::vector<std::int64_t>& ids) {
    if (!value.is(Value::Kind::list) && !value.is(Value::Kind::tuple)) return false;
    for (const Value& item : value.items()) {
        const auto* id = item.get_if<std::int64_t>();
        if (id == nullptr) return false;
        ids.push_back(*id);
    }
    return true;
}

bool read_names(const Value& value, std::vector<std::string>& names) {
    if (!value.is(Value::Kind::list) && !value.is(Value::Kind::tuple)) return false;
    for (const Value& item : value.items()) {
        const auto* name = item.get_if<std::string>();
        if (name == nullptr) return false;
        names.push_back(*name);
    }
    return true;
}

/// Reads the parts of a state_dict and fits its groups to the current ones.
class Reader {
  public:
    Reader(const Value& state_dict, std::span<const std::shared_ptr<Group>> groups, Complaints& complaints)
        : groups_(groups), complaints_(complaints) {
        const Dict* root = state_dict.get_if<Dict>();
        const Value* saved = root == nullptr ? nullptr : root->find("param_groups");
        const Value* states = root == nullptr ? nullptr : root->find("state");
        if (saved == nullptr || (!saved->is(Value::Kind::list) && !saved->is(Value::Kind::tuple)) || states == nullptr ||
            !states->is(Value::Kind::dict)) {
            complaints_.add(fmt::format("it must be a dict with 'state' (a dict) and 'param_groups' (a list), got {}", state_dict.to_string()));
            return;
        }
        states_ = &states->as<Dict>();
        if (saved->items().size() != groups.size()) {
            complaints_.add(fmt::format("the number of groups must be {}, got {}", groups.size(), saved->items().size()));
            return;
        }
        for (const Value& group : saved->items()) read_group(group);
    }

    /// Sorts the saved positions of a group to those of the current one.
    void match(bool positional) {
        if (!complaints_.empty()) return;
        for (std::size_t g = 0; g < groups_.size(); ++g) {
            SavedGroup& saved = saved_[g];
            const Parameters& params = groups_[g]->params();
            const bool by_name = !positional && !saved.names.empty() && !params.empty() && params.front().has_name();
            if (by_name) match_names(g);
            for (std::size_t i = 0; i < params.size() && i < saved.ids.size(); ++i) {
                parameter_of_[saved.ids[i]] = {g, &params[i]};
            }
        }
    }

    struct Place {
        std::size_t group = 0;
        const Parameter* parameter = nullptr;
    };
    /// The parameters by saved id.
    const std::map<std::int64_t, Place>& parameters() const { return parameter_of_; }
    const std::vector<SavedGroup>& groups() const { return saved_; }
    const Dict& states() const { return *states_; }

  private:
    void read_group(const Value& value) {
        const std::size_t g = saved_.size();
        SavedGroup& saved = saved_.emplace_back();
        const Dict* options = value.get_if<Dict>();
        const Value* params = options == nullptr ? nullptr : options->find("params");
        if (params == nullptr || !read_ids(*params, saved.ids)) {
            return complaints_.add(fmt::format("param_groups[{}] must be a dict with 'params', a list of integers, got {}", g, value.to_string()));
        }
        saved.options = options;
        const std::size_t expected = groups_[g]->params().size();
        if (saved.ids.size() != expected) {
            complaints_.add(fmt::format("param_groups[{}] must have {} parameters, got {}", g, expected, saved.ids.size()));
        }
        for (const auto& [key, option] : *options) {
            if (!key.is(Value::Kind::string)) {
                complaints_.add(fmt::format("param_groups[{}] must have strings as keys, got {}", g, key.to_string()));
            }
        }
        const Value* names = options->find("param_names");
        if (names == nullptr) return;
        if (!read_names(*names, saved.names) || saved.names.size() != saved.ids.size()) {
            complaints_.add(fmt::format("param_groups[{}].param_names must be a name for each parameter, got {}", g, names->to_string()));
        }
    }

    /// Names may come in another order, but they must be the same.
    void match_names(std::size_t g) {
        SavedGroup& saved = saved_[g];
        std::multimap<std::string_view, std::size_t> positions;
        for (std::size_t i = 0; i < saved.names.size(); ++i) positions.emplace(saved.names[i], i);
        std::vector<std::int64_t> ids;
        for (const Parameter& parameter : groups_[g]->params()) {
            const auto found = positions.find(parameter.name());
            if (found == positions.end()) {
                complaints_.add(fmt::format("param_groups[{}] must have the parameter {}, got none of that name", g, describe(parameter)));
                continue;
            }
            ids.push_back(saved.ids[found->second]);
            positions.erase(found);
        }
        for (const auto& [name, position] : positions) {
            complaints_.add(fmt::format("param_groups[{}] must have only parameters of the optimizer, got {}", g, Value(name).to_string()));
        }
        saved.reordered = saved.ids != ids;
        saved.ids = std::move(ids);
    }

    std::span<const std::shared_ptr<Group>> groups_;
    Complaints& complaints_;
    const Dict* states_ = nullptr;
    std::vector<SavedGroup> saved_;
    std::map<std::int64_t, Place> parameter_of_;
};

/// A group's options from a file into `group`, which has the class's defaults. Keys that old files lack keep the default
/// if it switches nothing on: torch fills those in too.
void read_options(Group& group, const Dict& options, std::size_t index, Complaints& complaints) {
    const std::string where = fmt::format(" (param_groups[{}])", index);
    std::vector<std::string>& order = GroupAccess::order(group);
    Dict rest = options;
    rest.erase("params");
    if (group.has("param_names")) rest.erase("param_names");  // else a file's names are kept for the way back
    for (const auto& [key, value] : options) {
        if (key != Value("params")) order.push_back(key.as<std::string>());
    }
    for (const FieldInfo& field : group.fields()) {
        if (!options.contains(field.name) && !field.may_be_missing) complaints.add(fmt::format("{} must be given, got none{}", field.name, where));
    }
    try {
        GroupAccess::assign(group, rest, false, true, where);
    } catch (const std::invalid_argument& error) {
        complaints.add(error.what());
        return;
    }
}

}  // namespace

void OptimizerBody::load_state_dict(const Value& state_dict, const LoadOptions& options) {
    Complaints complaints;
    constexpr std::string_view what = "load_state_dict must be given the state of such an optimizer";
    Reader reader(state_dict, groups(), complaints);
    complaints.raise(name(), what);
    reader.match(options.positional);
    complaints.raise(name(), what);

    std::vector<std::shared_ptr<Group>> loaded;
    for (std::size_t g = 0; g < groups().size(); ++g) {
        auto group = class_.make_group();
        GroupAccess::params(*group) = groups()[g]->params();
        read_options(*group, *reader.groups()[g].options, g, complaints);
        class_.after_load(group->options_data());
        if (const std::string text = complaint(*group, false); !text.empty()) complaints.add(fmt::format("{} (param_groups[{}])", text, g));
        loaded.push_back(std::move(group));
    }
    std::vector<LoadedState> states;
    for (const auto& [key, value] : reader.states()) {
        const auto* id = key.get_if<std::int64_t>();
        const auto found = id == nullptr ? reader.parameters().end() : reader.parameters().find(*id);
        const Dict* slots = value.get_if<Dict>();
        if (found == reader.parameters().end() || slots == nullptr) {
            complaints.add(fmt::format("state must map ids of parameters to dicts, got {}: {}", key.to_string(), value.to_string()));
            continue;
        }
        states.push_back({found->second.parameter, loaded[found->second.group].get(), slots,
                          fmt::format("state of {}", describe(*found->second.parameter)), reader.groups()[found->second.group].reordered});
    }
    std::shared_ptr<void> prepared = prepare_states(states, options.positional, complaints);
    complaints.raise(name(), what);

    // The groups themselves stay where they are: schedulers and the caller hold them.
    for (std::size_t g = 0; g < groups().size(); ++g) GroupAccess::take_over(*groups()[g], *loaded[g]);
    commit_states(std::move(prepared));
    groups_changed();
}

}  // namespace ravine::inline v0::optim
