#include "pickle_tree.h"

#include <ravine/runtime/text.h>

#include "torch_refusal.h"

#include <algorithm>

namespace ravine::inline v0::pickle {
namespace {

/// Costs are counted in blocks of this many bytes: what a value takes in its container.
constexpr std::uint64_t value_block = sizeof(Value);
/// A tree may take this much and a multiple of its pickle.
constexpr std::uint64_t free_blocks = (std::uint64_t{64} << 20) / value_block;
constexpr std::uint32_t metadata_component = no_ref;

constexpr std::uint64_t blocks(std::uint64_t bytes) { return (bytes + value_block - 1) / value_block; }

bool is_container(Node::Kind kind) {
    return kind == Node::Kind::list || kind == Node::Kind::tuple || kind == Node::Kind::set || kind == Node::Kind::dict;
}

/// Bytes that were written as the characters with their numbers.
std::string bytes_from_characters(std::string_view text) {
    std::string bytes;
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        bytes += static_cast<char>(point.value);
        text.remove_prefix(point.bytes);
    }
    return bytes;
}

}  // namespace

Tree::Tree(const Content& content, std::string where)
    : content_(content), where_(std::move(where)), limit_(free_blocks + content.bytes.size()), measured_(content.nodes.size()) {}

void Tree::check() {
    measure(content_.root, 1);
}

std::uint64_t Tree::own_cost(const Node& node) const {
    constexpr std::uint64_t heap = 16;  // what an allocation costs beside its bytes
    switch (node.kind) {
    case Node::Kind::string:
    case Node::Kind::bytes: return 1 + blocks(2 * heap + sizeof(std::string) + content_.text_of(node).size());
    case Node::Kind::list:
    case Node::Kind::tuple:
    case Node::Kind::set: return 1 + blocks(2 * heap + sizeof(List));
    case Node::Kind::dict: return 1 + blocks(2 * heap + sizeof(Dict)) + 4 * content_.pairs_of(node).size();
    case Node::Kind::tensor: return 1 + blocks(heap + sizeof(Tensor));
    default: return 1;
    }
}

/// The blocks that a value takes in the tree.
std::uint64_t Tree::measure(Ref ref, int depth) {
    const Node& node = content_.nodes[ref];
    if (!node.is_value()) refuse("a tree must hold values", described(node, content_));
    if (!is_container(node.kind)) return own_cost(node);
    Measured& measured = measured_[ref];
    if (measured.open) refuse("a container must not hold itself", described(node, content_));
    if (depth + measured.height > deepest_container) refuse(fmt::format("containers must be at most {} inside one another", deepest_container), "more");
    if (measured.cost == 0) {
        measured.open = true;
        const std::uint64_t cost = own_cost(node) + measure_members(ref, depth);
        measured.open = false;
        if (cost > limit_) refuse(fmt::format("a pickle of {} bytes must need at most {} bytes of memory", content_.bytes.size(), limit_ * value_block), "more");
        measured.cost = static_cast<std::uint32_t>(cost);
    }
    return measured.cost;
}

std::uint64_t Tree::measure_members(Ref ref, int depth) {
    const Node& node = content_.nodes[ref];
    std::uint64_t cost = 0;
    if (node.kind == Node::Kind::dict) {
        const auto pairs = content_.pairs_of(node);
        for (std::uint32_t i = 0; i < pairs.size(); ++i) {
            cost += measure_at(ref, i, depth);
            if (cost > limit_) return cost;  // what follows takes time as a tree takes memory
            if (is_container(content_.nodes[pairs[i].key].kind)) check_key(pairs[i].key, pairs[i]);
        }
        if (node.index != no_ref && content_.dicts[node.index].metadata != no_ref) cost += measure_at(ref, metadata_component, depth);
        return cost;
    }
    const auto items = node.kind == Node::Kind::list ? content_.items_of(node) : content_.members_of(node);
    for (std::uint32_t i = 0; i < items.size() && cost <= limit_; ++i) cost += measure_at(ref, i, depth);
    return cost;
}

/// One member of a container; of a dict, key and value.
std::uint64_t Tree::measure_at(Ref ref, std::uint32_t component, int depth) {
    const Node& node = content_.nodes[ref];
    path_.emplace_back(ref, component);
    Ref member = no_ref, key = no_ref;
    if (node.kind != Node::Kind::dict) {
        member = node.kind == Node::Kind::list ? content_.items_of(node)[component] : content_.members_of(node)[component];
    } else if (component == metadata_component) {
        member = content_.dicts[node.index].metadata;
    } else {
        const Pair& pair = content_.pairs_of(node)[component];
        member = pair.value;
        key = pair.key;
    }
    std::uint64_t cost = 0;
    for (const Ref part : {key, member}) {
        if (part == no_ref) continue;
        cost += measure(part, depth + 1);
        const auto height = static_cast<std::uint8_t>(is_container(content_.nodes[part].kind) ? measured_[part].height + 1 : 0);
        measured_[ref].height = std::max(measured_[ref].height, height);
    }
    path_.pop_back();
    return std::min(cost, limit_ + 1);
}

Value Tree::build(std::span<const std::shared_ptr<Storage>> storages) {
    return value_of(content_.root, storages);
}

Value Tree::value_of(Ref ref, std::span<const std::shared_ptr<Storage>> storages) {
    const Node& node = content_.nodes[ref];
    switch (node.kind) {
    case Node::Kind::boolean: return node.integer != 0;
    case Node::Kind::integer: return node.integer;
    case Node::Kind::floating: return node.floating;
    case Node::Kind::string: return content_.text_of(node);
    case Node::Kind::bytes: return Value::Bytes{bytes_from_characters(content_.text_of(node))};
    case Node::Kind::list: return List(values_of(content_.items_of(node), storages));
    case Node::Kind::tuple: return Tuple(values_of(content_.members_of(node), storages));
    case Node::Kind::set: return set_of(node, storages);
    case Node::Kind::dict: return dict_of(node, storages);
    case Node::Kind::tensor: {
        const TensorContent& tensor = content_.tensors[node.index];
        const std::size_t offset = static_cast<std::size_t>(tensor.first) * item_size(tensor.dtype);
        return slice_of(storages[tensor.storage], offset, content_.shape_of(tensor.sizes), content_.shape_of(tensor.strides), tensor.dtype);
    }
    default: return {};
    }
}

ValueList Tree::values_of(std::span<const Ref> refs, std::span<const std::shared_ptr<Storage>> storages) {
    ValueList values;
    values.reserve(refs.size());
    for (const Ref ref : refs) values.push_back(value_of(ref, storages));
    return values;
}

Value Tree::dict_of(const Node& node, std::span<const std::shared_ptr<Storage>> storages) {
    Dict dict;
    dict.kind = static_cast<Dict::Kind>(node.detail);
    for (const Pair& pair : content_.pairs_of(node)) {
        if (dict.insert(value_of(pair.key, storages), value_of(pair.value, storages))) continue;
        torch_file::refuse("a dict's key must be there once", described(content_.nodes[pair.key], content_) + " twice", where_, pair.offset);
    }
    if (node.index != no_ref && content_.dicts[node.index].metadata != no_ref) dict.metadata = value_of(content_.dicts[node.index].metadata, storages);
    return dict;
}

Value Tree::set_of(const Node& node, std::span<const std::shared_ptr<Storage>> storages) {
    Dict seen;
    for (const Ref item : content_.members_of(node)) {
        if (seen.insert(value_of(item, storages), {})) continue;
        torch_file::refuse("a set's item must be there once", described(content_.nodes[item], content_) + " twice", where_, node.offset);
    }
    Set set;
    set.items.reserve(seen.size());
    for (const auto& [item, nothing] : seen) set.items.push_back(item);
    return set;
}

void Tree::check_key(Ref key, const Pair& pair) const {
    const Node& node = content_.nodes[key];
    if (node.kind == Node::Kind::tuple) {
        for (const Ref member : content_.members_of(node)) check_key(member, pair);
    } else if (node.kind != Node::Kind::string && node.kind != Node::Kind::integer) {
        torch_file::refuse("a dict's key must be an integer, a string or a tuple of them", described(node, content_), where_, pair.offset);
    }
}

std::string Tree::path() const {
    std::string text;
    for (const auto& [ref, component] : path_) {
        const Node& node = content_.nodes[ref];
        if (!text.empty()) text += '.';
        if (component == metadata_component) {
            text += "_metadata";
        } else if (node.kind == Node::Kind::dict) {
            const Node& key = content_.nodes[content_.pairs_of(node)[component].key];
            text += key.kind == Node::Kind::string ? printable(content_.text_of(key)) : described(key, content_);
        } else {
            text += std::to_string(component);
        }
    }
    return text;
}

void Tree::refuse(std::string_view what, std::string_view got) const {
    const std::string at = path();
    torch_file::refuse(what, got, at.empty() ? where_ : fmt::format("{}, at {}", where_, printable(at, 300)));
}

}  // namespace ravine::inline v0::pickle
