#pragma once
#include <ravine/runtime/function_ref.h>
#include <ravine/runtime/value.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::tools {

/// Writes a tree as indented lines for people, piece by piece. Tensors of at most `values` elements show them.
void tree_text(const Value& tree, std::int64_t values, function_ref<void(std::string_view)> put);

/// How many tensors a tree has, and the bytes of all of their elements.
struct TreeSize {
    std::size_t tensors = 0;
    std::uint64_t bytes = 0;
};
/// std::invalid_argument, in the name of `who`, if the elements are very many more than a file of `path`'s size can hold: few
/// bytes can claim to be any number of elements, over which nobody should walk.
TreeSize checked_size(const Value& tree, const std::string& path, std::string_view who);

/// One paragraph for each optimizer in the tree: groups, options, parameters, bytes of state. `class_name` may be empty.
std::string optimizer_summaries(const Value& tree, const std::string& class_name);

/// One line for each tensor that holds NaN or an infinity.
std::vector<std::string> not_finite(const Value& tree);

}  // namespace ravine::tools
