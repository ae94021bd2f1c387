#include "optimizer_body.h"

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

}  // namespace ravine::inline v0::optim
