#pragma once
// Values as text in the metadata of a file. JSON, and for what JSON lacks an object with one key that begins with `$`:
//   {"$float": "inf"|"-inf"|"nan"}   {"$int": "9007199254740993"}   {"$bytes": "00ff"}   {"$tuple": [...]}   {"$set": [...]}
//   {"$dict": [[key, value], ...]}   a dict with a key that is no string or begins with `$`
//   {"$counter": [[key, value], ...]}
//   {"$ordered": [[key, value], ...]}   an OrderedDict; with a second key "metadata" if it has its `_metadata`
//   {"$t": "key"}   a tensor of the file
//   {"$part": "optim"}   a dict that other metadata describe
// Floats always have `.` or `e`; integers never.

#include <ravine/runtime/function_ref.h>
#include <ravine/runtime/value.h>

#include <string>
#include <string_view>

namespace ravine::inline v0 {

/// Values in one text; with the heap that each takes this bounds the memory that a text can demand.
constexpr std::size_t most_values = 2'000'000;
/// Containers inside one another.
constexpr int deepest_value = 64;

/// The key under which a tensor at a place in the tree is written.
using TensorKey = function_ref<std::string(const Tensor& tensor, const std::string& place)>;
/// The name of the part that a dict becomes; empty if it is written in place.
using PartName = function_ref<std::string(const Dict& dict)>;

/// Whether a dict's keys let it be a JSON object: strings without `$` at the beginning.
bool has_object_keys(const Dict& dict) noexcept;

/// `place` is the path of the value for keys and messages; components are joined by dots. std::invalid_argument for what
/// the text cannot hold: other keys than integers, strings and tuples of them, text that is not UTF-8, too deep, too many.
std::string to_extended_json(const Value& value, const std::string& place, TensorKey tensor_key, PartName part_name);
/// The `$dict` form of a dict whatever its keys are. It has no parts.
std::string to_pairs_json(const Dict& dict, const std::string& place, TensorKey tensor_key);

using TensorOfKey = function_ref<Tensor(const std::string& key)>;  ///< undefined if there is none
using PartOfName = function_ref<Value(const std::string& name)>;   ///< throws if there is none

/// `where` names the file and the place of the text in it, for messages. std::runtime_error.
Value from_extended_json(std::string_view text, std::string_view where, TensorOfKey tensor_of, PartOfName part_of);

}  // namespace ravine::inline v0
