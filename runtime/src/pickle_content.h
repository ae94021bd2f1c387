#pragma once
// What a pickle says, before it becomes a tree: values refer to one another by number, as in the file, so that what is shared
// costs nothing and a cycle is only found later. Text stays in the file's bytes.

#include <ravine/runtime/dtype.h>
#include <ravine/runtime/value.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::inline v0::pickle {

/// The number of a node.
using Ref = std::uint32_t;
constexpr Ref no_ref = 0xffffffff;

/// A place in the pickle, or in one of the tables of `Content`.
struct Range {
    std::uint32_t first;
    std::uint32_t count;
};

struct Node {
    enum class Kind : std::uint8_t {
        null, boolean, integer, floating, string, bytes, list, tuple, set, dict, tensor,
        function, storage_class, dtype, layout, storage  // what only stands for something while the pickle is read
    };
    Kind kind = Kind::null;
    std::uint8_t detail = 0;   ///< the kind of a dict, the number of a function or dtype; 1: text that is not in the pickle
    std::uint32_t offset = 0;  ///< of the opcode that made it
    union {
        std::int64_t integer = 0;
        double floating;
        Range range;          ///< of bytes (string, bytes) or members (tuple, set)
        std::uint32_t index;  ///< list, dict, tensor, storage; `no_ref` while a list or dict is empty
    };

    static Node plain(Kind kind, std::int64_t integer = 0) noexcept {
        Node node;
        node.kind = kind;
        node.integer = integer;
        return node;
    }
    static Node real(double number) noexcept {
        Node node = plain(Kind::floating);
        node.floating = number;
        return node;
    }
    static Node ranged(Kind kind, Range range) noexcept {
        Node node = plain(kind);
        node.range = range;
        return node;
    }
    static Node indexed(Kind kind, std::uint32_t index, std::uint8_t detail = 0) noexcept {
        Node node = plain(kind);
        node.index = index;
        node.detail = detail;
        return node;
    }
    static Node token(Kind kind, std::uint8_t detail) noexcept { return indexed(kind, 0, detail); }
    bool is_value() const noexcept { return kind <= Kind::tensor; }
};
static_assert(sizeof(Node) == 16, "a file of a few MB has millions");

struct Pair {
    Ref key;
    Ref value;
    std::uint32_t offset;  ///< of the opcode that added it
};

struct DictContent {
    std::vector<Pair> pairs;
    Ref metadata = no_ref;
};

struct StorageContent {
    std::string_view key;
    std::optional<DType> dtype;  ///< none: a storage of bytes that no tensor has given a dtype yet
    bool untyped = false;
    std::uint64_t bytes = 0;
    std::uint32_t offset = 0;
};

struct TensorContent {
    std::uint32_t storage;
    Ref sizes;  ///< tuples of integers
    Ref strides;
    DType dtype;
    std::int64_t first;  ///< element of the storage
};

struct Content {
    std::string_view bytes;
    std::vector<Node> nodes;
    std::vector<Ref> members;
    std::vector<std::vector<Ref>> lists;
    std::vector<DictContent> dicts;
    std::vector<StorageContent> storages;
    std::vector<TensorContent> tensors;
    std::vector<std::string> texts;  ///< those that are not in the pickle
    Ref root = no_ref;
    std::size_t end = 0;  ///< the byte behind the last opcode

    std::string_view text_of(const Node& node) const {
        return node.detail == 1 ? std::string_view(texts[node.range.first]) : bytes.substr(node.range.first, node.range.count);
    }
    std::span<const Ref> members_of(const Node& node) const { return std::span(members).subspan(node.range.first, node.range.count); }
    std::span<const Ref> items_of(const Node& list) const {
        return list.index == no_ref ? std::span<const Ref>() : std::span<const Ref>(lists[list.index]);
    }
    std::span<const Pair> pairs_of(const Node& dict) const {
        return dict.index == no_ref ? std::span<const Pair>() : std::span<const Pair>(dicts[dict.index].pairs);
    }
    Shape shape_of(Ref tuple) const;
};

/// "a list", "the dtype float32", for messages.
std::string described(const Node& node, const Content& content);

}  // namespace ravine::inline v0::pickle
