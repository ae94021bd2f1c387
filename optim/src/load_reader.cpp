#include "load_reader.h"

#include "parameter_body.h"

#include <fmt/format.h>

#include <algorithm>

namespace ravine::inline v0::optim {
namespace {

bool is_sequence(const Value* value) { return value != nullptr && (value->is(Value::Kind::list) || value->is(Value::Kind::tuple)); }

/// All items as T; false if one is something else.
template <class T> bool read_items(const Value& value, std::vector<T>& items) {
    if (!is_sequence(&value)) return false;
    for (const Value& item : value.items()) {
        const T* read = item.get_if<T>();
        if (read == nullptr) return false;
        items.push_back(*read);
    }
    return true;
}

bool needs_names(const LoadOptions& options) {
    return options.missing != MissingParameter::refuse || options.ignore_surplus || !options.sources.empty();
}

}  // namespace

LoadReader::LoadReader(const Value& state_dict, std::span<const std::shared_ptr<Group>> groups, const LoadOptions& options, Complaints& complaints)
    : groups_(groups), options_(options), complaints_(complaints) {
    const Dict* root = state_dict.get_if<Dict>();
    const Value* saved = root == nullptr ? nullptr : root->find("param_groups");
    const Value* states = root == nullptr ? nullptr : root->find("state");
    if (!is_sequence(saved) || states == nullptr || !states->is(Value::Kind::dict)) {
        complaints_.add(fmt::format("it must be a dict with 'state' (a dict) and 'param_groups' (a list), got {}", state_dict.to_string()));
        return;
    }
    states_ = &states->as<Dict>();
    check_sources();
    if (saved->items().size() != groups.size()) {
        complaints_.add(fmt::format("the number of groups must be {}, got {}", groups.size(), saved->items().size()));
        complete_ = false;
    }
    saved_.resize(std::min(saved->items().size(), groups.size()));
    for (std::size_t g = 0; g < saved_.size(); ++g) {
        read_group(g, saved->items()[g]);
        match(g);
    }
}

/// A name that is nobody's would otherwise do nothing.
void LoadReader::check_sources() const {
    if (options_.positional && needs_names(options_)) {
        complaints_.add("positional must be without missing, ignore_surplus and sources, which match by name");
    }
    for (const auto& source : options_.sources) {
        const auto has = [&](const std::shared_ptr<Group>& group) {
            return std::any_of(group->params().begin(), group->params().end(), [&](const Parameter& one) { return one.has_name() && one.name() == source.first; });
        };
        if (std::any_of(groups_.begin(), groups_.end(), has)) continue;
        complaints_.add(fmt::format("sources must be for parameters of the optimizer, got one for {}", Value(source.first).to_string()));
    }
}

void LoadReader::read_group(std::size_t index, const Value& value) {
    SavedGroup& saved = saved_[index];
    const Dict* options = value.get_if<Dict>();
    const Value* params = options == nullptr ? nullptr : options->find("params");
    if (params == nullptr || !read_items(*params, saved.ids)) {
        return complaints_.add(fmt::format("param_groups[{}] must be a dict with 'params', a list of integers, got {}", index, value.to_string()));
    }
    saved.options = options;
    for (const auto& item : *options) {
        if (item.first.is(Value::Kind::string)) continue;
        complaints_.add(fmt::format("param_groups[{}] must have strings as keys, got {}", index, item.first.to_string()));
    }
    const Value* names = options->find("param_names");
    if (names == nullptr) return;
    if (read_items(*names, saved.names) && saved.names.size() == saved.ids.size()) return;
    complaints_.add(fmt::format("param_groups[{}].param_names must be a name for each parameter, got {}", index, names->to_string()));
    saved.names.clear();
}

void LoadReader::match(std::size_t index) {
    const SavedGroup& saved = saved_[index];
    const Parameters& params = groups_[index]->params();
    if (saved.options == nullptr) {
        complete_ = false;
    } else if (!options_.positional && !saved.names.empty() && !params.empty() && params.front().has_name()) {
        match_names(index);
    } else if (saved.ids.size() != params.size()) {
        complaints_.add(fmt::format("param_groups[{}] must have {} parameters, got {}", index, params.size(), saved.ids.size()));
        complete_ = false;
    } else {
        if (needs_names(options_) && !options_.positional && !params.empty()) {
            complaints_.add(fmt::format("param_groups[{}] must have names, here and there, for missing, ignore_surplus and sources, got none", index));
        }
        match_positions(index);
    }
}

void LoadReader::match_positions(std::size_t index) {
    const Parameters& params = groups_[index]->params();
    for (std::size_t i = 0; i < params.size(); ++i) add_place(saved_[index].ids[i], {index, &params[i]});
}

/// Names may come in another order, but they must be the same, but for what the options say.
void LoadReader::match_names(std::size_t index) {
    SavedGroup& saved = saved_[index];
    std::map<std::string_view, std::vector<std::size_t>> positions;
    std::map<std::string_view, std::size_t> used;
    for (std::size_t i = 0; i < saved.names.size(); ++i) positions[saved.names[i]].push_back(i);
    std::vector<std::size_t> order;
    for (const Parameter& parameter : groups_[index]->params()) {
        const auto source = options_.sources.find(parameter.name());
        const bool has_source = source != options_.sources.end();
        const auto found = positions.find(has_source ? source->second : parameter.name());
        const std::size_t known = found == positions.end() ? 0 : found->second.size();
        std::size_t count = known == 0 ? 0 : used[found->first]++;
        if (has_source) count = std::min(count, known - 1);
        if (known != 0 && count < known) {
            order.push_back(found->second[count]);
            add_place(saved.ids[order.back()], {index, &parameter});
        } else if (options_.missing == MissingParameter::refuse) {
            complaints_.add(fmt::format("param_groups[{}] must have the parameter {}, got none of that name{}", index,
                                        has_source ? Value(source->second).to_string() : describe(parameter),
                                        has_source ? " for " + describe(parameter) : ""));
        } else {
            missing_.push_back({index, &parameter});
        }
    }
    for (const auto& [name, where] : positions) {
        for (std::size_t i = used[name]; i < where.size(); ++i) {
            places_.try_emplace(saved.ids[where[i]]);
            if (options_.ignore_surplus) continue;
            complaints_.add(fmt::format("param_groups[{}] must have only parameters of the optimizer, got {}", index, Value(name).to_string()));
        }
    }
    saved.reordered = order.size() != saved.ids.size();
    for (std::size_t i = 0; i < order.size(); ++i) saved.reordered = saved.reordered || order[i] != i;
}

/// torch's dict of ids keeps the last of several.
void LoadReader::add_place(std::int64_t id, const Place& place) {
    std::vector<Place>& known = places_[id];
    const auto is_it = [&](const Place& other) { return *other.parameter == *place.parameter; };
    if (std::any_of(known.begin(), known.end(), is_it)) return;
    if (options_.positional) known.clear();
    else if (!known.empty() && options_.sources.empty()) {
        complaints_.add(fmt::format("param_groups[{}].params must be another id for each parameter, got {} again", place.group, id));
    }
    known.push_back(place);
}

const std::vector<LoadReader::Place>* LoadReader::places(const Value& id) const {
    const auto* number = id.get_if<std::int64_t>();
    const auto found = number == nullptr ? places_.end() : places_.find(*number);
    return found == places_.end() ? nullptr : &found->second;
}

}  // namespace ravine::inline v0::optim
