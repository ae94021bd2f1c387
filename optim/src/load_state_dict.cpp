#include "group_access.h"
#include "load_reader.h"
#include "parameter_body.h"
#include "prepared_load.h"

#include <fmt/format.h>

#include <deque>
#include <stdexcept>
#include <unordered_map>

namespace ravine::inline v0::optim {
namespace {

/// The states that are to be loaded, one for each parameter.
class LoadedStates {
  public:
    LoadedStates(const LoadReader& reader, const LoadOptions& options, std::span<const std::shared_ptr<Group>> loaded, Complaints& complaints)
        : reader_(reader), options_(options), loaded_(loaded), complaints_(complaints) {}

    void add_saved() {
        for (const auto& item : *reader_.states()) {
            const std::vector<LoadReader::Place>* places = reader_.places(item.first);
            const Dict* slots = item.second.get_if<Dict>();
            const bool is_unknown = places == nullptr && (options_.positional || !reader_.is_complete());
            if (is_unknown) continue;
            if (places == nullptr || slots == nullptr) {
                complaints_.add(fmt::format("state must map ids of parameters to dicts, got {}: {}", item.first.to_string(), item.second.to_string()));
                continue;
            }
            for (const LoadReader::Place& place : *places) add(place, *slots);
        }
    }
    /// The state that a parameter has, for those that the state_dict lacks.
    void add_kept(const OptimizerBody& body) {
        for (const LoadReader::Place& place : reader_.missing()) {
            kept_.push_back(body.state(*place.parameter));
            if (!kept_.back().empty()) add(place, kept_.back());
        }
    }
    std::span<const LoadedState> states() const { return states_; }

  private:
    void add(const LoadReader::Place& place, const Dict& slots) {
        const auto [known, is_new] = index_.emplace(place.parameter->body(), states_.size());
        const std::string where = fmt::format("state of {}", describe(*place.parameter));
        LoadedState state{place.parameter, loaded_[place.group].get(), &slots, where, reader_.groups()[place.group].reordered};
        if (is_new) return states_.push_back(std::move(state));
        if (!options_.positional) complaints_.add(fmt::format("{} must be one, got two, under different ids", where));
        states_[known->second] = std::move(state);
    }

    const LoadReader& reader_;
    const LoadOptions& options_;
    std::span<const std::shared_ptr<Group>> loaded_;
    Complaints& complaints_;
    std::deque<Dict> kept_;
    std::vector<LoadedState> states_;
    std::unordered_map<const Parameter::Body*, std::size_t> index_;
};

/// A group's options from a file into `group`, which has the class's defaults. Keys that old files lack keep the default
/// if it switches nothing on: torch fills those in too.
void read_options(Group& group, const Dict& options, std::string_view where, Complaints& complaints) {
    const auto assign = [&](const Dict& some) {
        try {
            GroupAccess::assign(group, some, false, true, where);
        } catch (const std::invalid_argument& error) {
            complaints.add(error.what());
        }
    };
    Dict flags;  // they make one implementation together
    for (const auto& item : options) {
        const auto* key = item.first.get_if<std::string>();
        if (key == nullptr || *key == "params") continue;
        GroupAccess::order(group).push_back(*key);
        if (*key == "param_names" && group.has("param_names")) continue;  // else a file's names are kept for the way back
        if (*key == "foreach" || *key == "fused") flags.set(*key, item.second);
        else assign(Dict{{*key, item.second}});
    }
    if (!flags.empty()) assign(flags);
    for (const FieldInfo& field : group.fields()) {
        if (!options.contains(field.name) && !field.may_be_missing) complaints.add(fmt::format("{} must be given, got none{}", field.name, where));
    }
}

}  // namespace

std::shared_ptr<Group> OptimizerBody::loaded_group(std::size_t index, const Dict* options, Complaints& complaints) const {
    const std::string where = fmt::format(" (param_groups[{}])", index);
    std::shared_ptr<Group> group = class_.make_group();
    GroupAccess::params(*group) = groups()[index]->params();
    if (options == nullptr) {
        GroupAccess::copy(*groups()[index], *group);
        return group;
    }
    read_options(*group, *options, where, complaints);
    class_.after_load(group->options_data());
    std::vector<std::string> texts;
    for (const FieldInfo& field : group->fields()) texts.push_back(field.check(group->options_data(), false));
    std::erase(texts, "");
    if (texts.empty()) texts.push_back(class_.contradiction(group->options_data()));
    for (const std::string& text : texts) {
        if (!text.empty()) complaints.add(text + where);
    }
    return group;
}

PreparedLoad OptimizerBody::prepare_load(const Value& state_dict, const LoadOptions& options) const {
    constexpr std::string_view what = "load_state_dict must be given the state of such an optimizer";
    Complaints complaints;
    const LoadReader reader(state_dict, groups(), options, complaints);
    if (reader.states() == nullptr) complaints.raise(name(), what);

    PreparedLoad result;
    for (std::size_t g = 0; g < reader.groups().size(); ++g) {
        result.groups.push_back(loaded_group(g, options.keep_options ? nullptr : reader.groups()[g].options, complaints));
    }
    if (options.state_dtype && !can_keep_state_in(*options.state_dtype)) {
        complaints.add(fmt::format("state_dtype must be float32, and the class elementwise, got {}", ravine::name(*options.state_dtype)));
    }
    LoadedStates list(reader, options, result.groups, complaints);
    list.add_saved();
    if (options.missing == MissingParameter::keep) list.add_kept(*this);
    const LoadRules rules = {.cast = options.cast || options.positional, .passes_unknown = options.positional, .state_dtype = options.state_dtype};
    result.states = prepare_states(list.states(), rules, complaints);
    complaints.raise(name(), what);
    result.spare = class_.make_group();
    return result;
}

/// The groups themselves stay where they are: schedulers and the caller hold them.
void OptimizerBody::exchange(PreparedLoad& other) noexcept {
    for (std::size_t g = 0; g < other.groups.size(); ++g) GroupAccess::exchange(*groups()[g], *other.groups[g], *other.spare);
    exchange_states(other.states.get());
    groups_changed();
}

void OptimizerBody::load_state_dict(const Value& state_dict, const LoadOptions& options, function_ref<void()> finish) {
    PreparedLoad prepared = prepare_load(state_dict, options);
    exchange(prepared);
    try {
        finish();
    } catch (...) {
        exchange(prepared);
        throw;
    }
}

}  // namespace ravine::inline v0::optim
