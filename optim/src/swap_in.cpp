#include <ravine/optim/swap_in.h>

#include "group_access.h"
#include "load_reader.h"
#include "parameter_body.h"
#include "prepared_load.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

namespace ravine::inline v0::optim {
namespace {

/// The next parameters for each group.
std::vector<Parameters> divided(std::span<const std::shared_ptr<Group>> groups, const Parameters& params, Complaints& complaints) {
    std::vector<Parameters> result;
    std::size_t first = 0;
    std::unordered_set<const Parameter::Body*> earlier;
    for (const auto& group : groups) {
        const std::size_t end = first + group->params().size();
        if (end > params.size()) {
            complaints.add(fmt::format("there must be parameters for all groups, got {} of them", params.size()));
            return {};
        }
        const Parameters& mine = result.emplace_back(params.begin() + static_cast<std::ptrdiff_t>(first), params.begin() + static_cast<std::ptrdiff_t>(end));
        for (const Parameter& parameter : mine) {
            if (earlier.count(parameter.body()) > 0) complaints.add(fmt::format("a parameter must be in one group only, got {} again", describe(parameter)));
        }
        for (const Parameter& parameter : mine) earlier.insert(parameter.body());
        first = end;
    }
    return result;
}

/// Both differences between the keys that a group has and those that it is given.
void compare_keys(const Group& group, const Dict& given, std::size_t index, Complaints& complaints) {
    const std::vector<std::string> own = group.keys();
    std::vector<std::string> missing, surplus;
    for (const std::string& key : own) {
        if (!given.contains(key)) missing.push_back(key);
    }
    for (const auto& item : given) {
        const auto* key = item.first.get_if<std::string>();
        if (key == nullptr || *key == "params" || std::find(own.begin(), own.end(), *key) != own.end()) continue;
        surplus.push_back(*key);
    }
    if (missing.empty() && surplus.empty()) return;
    complaints.add(fmt::format("param_groups[{}] must have the keys of the current one, got none of [{}] and others [{}]", index, fmt::join(missing, ", "),
                               fmt::join(surplus, ", ")));
}

}  // namespace

PreparedLoad OptimizerBody::prepare_swap(const Parameters& params, const Value& state_dict, std::vector<LoadedState>& states) const {
    constexpr std::string_view what = "swap_in_optimizer_params_and_state must be given parameters and state that fit";
    Complaints complaints;
    if (needs_closure()) complaints.add("the state must be of single parameters, got one of all together");
    complaints.raise(name(), what);
    if (parameters_with_state().empty()) complaints.add("the optimizer must have state, got none");
    const std::vector<Parameters> parts = divided(groups(), params, complaints);
    complaints.raise(name(), what);

    PreparedLoad result;
    for (std::size_t g = 0; g < parts.size(); ++g) {
        check_kinds(parts[g], fmt::format(" (group {})", g));
        GroupAccess::params(*result.groups.emplace_back(class_.make_group())) = parts[g];
    }
    const LoadOptions by_position = {.positional = true};
    const LoadReader reader(state_dict, result.groups, by_position, complaints);
    complaints.raise(name(), what);
    std::vector<std::shared_ptr<Group>> given;
    for (std::size_t g = 0; g < parts.size(); ++g) {
        const Dict& options = *reader.groups()[g].options;
        compare_keys(*groups()[g], options, g, complaints);
        given.push_back(loaded_group(g, &options, complaints));
        GroupAccess::params(*given[g]) = parts[g];
    }
    for (const auto& item : *reader.states()) {
        const std::vector<LoadReader::Place>* places = reader.places(item.first);
        const Dict* slots = item.second.get_if<Dict>();
        if (places == nullptr || slots == nullptr) {
            complaints.add(fmt::format("state must map ids of parameters to dicts, got {}: {}", item.first.to_string(), item.second.to_string()));
            continue;
        }
        for (const LoadReader::Place& place : *places) {
            const auto at = static_cast<std::size_t>(place.parameter - result.groups[place.group]->params().data());
            const Parameter& parameter = given[place.group]->params()[at];
            states.push_back({&parameter, given[place.group].get(), slots, fmt::format("state of {}", describe(parameter)), false});
        }
    }
    result.states = prepare_states(states, {.adopts = true}, complaints);
    complaints.raise(name(), what);
    result.groups = std::move(given);
    result.spare = class_.make_group();
    return result;
}

void OptimizerBody::swap(PreparedLoad& other) noexcept {
    for (std::size_t g = 0; g < other.groups.size(); ++g) std::swap(GroupAccess::params(*groups()[g]), GroupAccess::params(*other.groups[g]));
    follower_.swap(other.follower);
    has_follower_ = !follower_.expired();
    exchange(other);
}

struct SwappedIn::Body {
    OptimizerBody& optimizer;
    PreparedLoad prepared;
    /// Tensors of the given state that the optimizer counts elsewhere.
    struct Count {
        Parameter parameter;
        std::string slot;
        Tensor tensor;
    };
    std::vector<Count> counts;

    void find_counts(std::span<const LoadedState> states) {
        for (const LoadedState& state : states) {
            for (const auto& item : *state.slots) {
                const Tensor* tensor = item.second.get_if<Tensor>();
                if (tensor != nullptr && tensor->numel() == 1) counts.push_back({*state.parameter, item.first.as<std::string>(), *tensor});
            }
        }
    }
    void write_counts() const {
        for (const Count& count : counts) {
            const Dict slots = optimizer.state(count.parameter);
            const Value* value = slots.find(count.slot);
            const Tensor* now = value == nullptr ? nullptr : value->get_if<Tensor>();
            if (now != nullptr && !now->is_same_view(count.tensor)) count.tensor.copy_(now->to(count.tensor.dtype(), optimizer.context()), optimizer.context());
        }
    }
};

SwappedIn::SwappedIn(std::unique_ptr<Body> body) noexcept : body_(std::move(body)) {}

SwappedIn::~SwappedIn() {
    body_->write_counts();
    body_->optimizer.swap(body_->prepared);
}

SwappedIn swap_in_optimizer_params_and_state(Optimizer& optimizer, const Parameters& params, const Value& state_dict) {
    OptimizerBody& body = *optimizer.body_;
    std::vector<LoadedState> states;
    auto swapped = std::make_unique<SwappedIn::Body>(SwappedIn::Body{body, body.prepare_swap(params, state_dict, states), {}});
    swapped->find_counts(states);
    body.swap(swapped->prepared);
    return SwappedIn(std::move(swapped));
}

}  // namespace ravine::inline v0::optim
