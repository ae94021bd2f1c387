#include "pickle_content.h"

#include <ravine/runtime/text.h>

#include "pickle_names.h"

#include <fmt/format.h>

namespace ravine::inline v0::pickle {

Shape Content::shape_of(Ref tuple) const {
    std::vector<std::int64_t> numbers;
    for (const Ref member : members_of(nodes[tuple])) numbers.push_back(nodes[member].integer);
    return Shape(numbers);
}

std::string described(const Node& node, const Content& content) {
    switch (node.kind) {
    case Node::Kind::null: return "None";
    case Node::Kind::boolean: return node.integer != 0 ? "True" : "False";
    case Node::Kind::integer: return fmt::format("{}", node.integer);
    case Node::Kind::floating: return fmt::format("the float {}", node.floating);
    case Node::Kind::string: return quoted(content.text_of(node), 80);
    case Node::Kind::bytes: return "bytes";
    case Node::Kind::list: return "a list";
    case Node::Kind::tuple: return fmt::format("a tuple of {}", node.range.count);
    case Node::Kind::set: return "a set";
    case Node::Kind::dict: return "a dict";
    case Node::Kind::tensor: return "a tensor";
    case Node::Kind::function: return fmt::format("the name {}", name(static_cast<Function>(node.detail)));
    case Node::Kind::storage_class: return "a storage's class";
    case Node::Kind::dtype: return fmt::format("the dtype {}", name(static_cast<DType>(node.detail)));
    case Node::Kind::layout: return "a layout";
    case Node::Kind::storage: return "a storage";
    }
    return {};
}

}  // namespace ravine::inline v0::pickle
