#pragma once
#include <ravine/runtime/value.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ravine::tools {

/// A tree as indented lines for people. Tensors of at most `values` elements show them.
std::string tree_text(const Value& tree, std::int64_t values);

/// One paragraph for each optimizer in the tree: groups, options, parameters, bytes of state. `class_name` may be empty.
std::string optimizer_summaries(const Value& tree, const std::string& class_name);

/// One line for each tensor that holds NaN or an infinity.
std::vector<std::string> not_finite(const Value& tree);

}  // namespace ravine::tools
