#pragma once
#include <ravine/runtime/value.h>

#include <nlohmann/json.hpp>

#include <string>

namespace ravine::tools {

using Json = nlohmann::ordered_json;

/// JSON in one short printable line, for messages.
std::string shown(const Json& json);

/// The value of an option on the command line: JSON, or a bare word that stands for itself.
Json json_or_text(std::string_view text);

/// Says what a value must be and what it is instead. It throws.
using Refusal = function_ref<void(std::string_view what, std::string_view got)>;

/// An option of a spec as a tree: numbers with a point or an exponent become floats, others integers; objects become
/// dicts, but `{"$float": "nan"}` (or "inf", "-inf") is a float. `key` names the option in what is refused: other objects
/// with a `$`, and integers that 64 bits cannot hold.
Value value_from_json(const Json& json, const std::string& key, Refusal refuse);

}  // namespace ravine::tools
