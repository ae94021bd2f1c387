#pragma once
// What trees and files call the parts of a checkpoint (docs/formats.md).

#include <ravine/runtime/value.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::inline v0::safetensors {

constexpr std::string_view schema_key = "optim.schema", schema = "1";
constexpr std::string_view root_key = "optim.root", aliases_key = "optim.aliases";
constexpr std::string_view state_key = "optim.state", groups_key = "optim.param_groups";
constexpr std::string_view model_part = "model", average_part = "ema", optimizer_part = "optim", scheduler_part = "sched";

struct NamedParameter {
    std::int64_t id;
    std::string name;
};

/// The parameters of an optimizer's groups if each of them has a name of its own in `param_names`: then its state stands
/// under the name. Both directions ask the groups alone, so that they agree.
std::optional<std::vector<NamedParameter>> named_parameters(const Value& groups);

}  // namespace ravine::inline v0::safetensors
