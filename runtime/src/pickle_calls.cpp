#include "pickle_machine.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <algorithm>

namespace ravine::inline v0::pickle {

void Machine::call(Function function, std::span<const Ref> arguments) {
    switch (function) {
    case Function::rebuild_tensor:
    case Function::rebuild_tensor_v2:
    case Function::rebuild_tensor_v3: return call_tensor(function, arguments);
    case Function::rebuild_parameter:
    case Function::rebuild_parameter_with_state: return call_parameter(function, arguments);
    case Function::ordered_dict: return call_ordered_dict(arguments);
    case Function::counter: return call_counter(arguments);
    case Function::default_dict: return call_default_dict(arguments);
    case Function::set: return call_set(arguments);
    case Function::bytes:
    case Function::byte_array: return call_bytes(function, arguments);
    case Function::encode: return call_encode(arguments);
    case Function::size: return call_size(arguments);
    case Function::device: return call_device(arguments);
    case Function::get_layout: return call_layout(arguments);
    case Function::dict: refuse("builtins.dict may only stand in a defaultdict", "a call");
    }
}

std::string Machine::shown(std::span<const Ref> arguments) const {
    std::string text = "(";
    for (std::size_t i = 0; i < std::min<std::size_t>(arguments.size(), 8); ++i) text.append(i > 0 ? ", " : "").append(shown(arguments[i]));
    return text + (arguments.size() > 8 ? ", ...)" : ")");
}

/// Bytes as Python 2 could read them: text whose characters are the bytes.
void Machine::call_encode(std::span<const Ref> arguments) {
    const bool fits = arguments.size() == 2 && is(arguments[0], Node::Kind::string) && (is_text(arguments[1], "latin1") || is_text(arguments[1], "latin-1"));
    if (!fits) refuse("_codecs.encode must be given a string and 'latin1'", shown(arguments));
    std::string_view text = content_.text_of(node(arguments[0]));
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        if (point.value > 0xff) refuse("bytes must be written as characters below 256", quoted(text));
        text.remove_prefix(point.bytes);
    }
    Node bytes = node(arguments[0]);
    bytes.kind = Node::Kind::bytes;
    push(bytes);
}

void Machine::call_bytes(Function function, std::span<const Ref> arguments) {
    if (arguments.empty()) return push(Node::ranged(Node::Kind::bytes, {0, 0}));
    const bool array = function == Function::byte_array;
    if (array && arguments.size() == 2) return call_encode(arguments);
    // Never a number: it would be that many zeros.
    if (!array || arguments.size() != 1 || !is(arguments[0], Node::Kind::bytes)) {
        refuse(array ? "builtins.bytearray must be given bytes" : "builtins.bytes must be given nothing", shown(arguments));
    }
    push(Node(node(arguments[0])));
}

void Machine::call_ordered_dict(std::span<const Ref> arguments) {
    const auto is_pair = [&](Ref ref) { return is(ref, Node::Kind::list) && content_.items_of(node(ref)).size() == 2; };
    std::vector<Ref> flat;
    if (!arguments.empty()) {
        const bool list = arguments.size() == 1 && is(arguments[0], Node::Kind::list);
        if (!list) refuse("collections.OrderedDict must be given nothing or a list of pairs", shown(arguments));
        for (const Ref item : content_.items_of(node(arguments[0]))) {
            if (!is_pair(item)) refuse("collections.OrderedDict must be given lists of two", shown(item));
            const auto both = content_.items_of(node(item));
            flat.insert(flat.end(), both.begin(), both.end());
        }
    }
    push(Node::indexed(Node::Kind::dict, no_ref, static_cast<std::uint8_t>(Dict::Kind::ordered_dict)));
    set_items(flat);
}

void Machine::call_counter(std::span<const Ref> arguments) {
    const bool fits = arguments.empty() || (arguments.size() == 1 && is(arguments[0], Node::Kind::dict));
    if (!fits) refuse("collections.Counter must be given a dict", shown(arguments));
    std::vector<Ref> flat;
    if (!arguments.empty()) {
        for (const Pair& pair : content_.pairs_of(node(arguments[0]))) {
            const bool integers = is(pair.key, Node::Kind::integer) && is(pair.value, Node::Kind::integer);
            if (!integers) refuse("a Counter must count integers", fmt::format("{} for {}", shown(pair.value), shown(pair.key)));
            flat.insert(flat.end(), {pair.key, pair.value});
        }
    }
    push(Node::indexed(Node::Kind::dict, no_ref, static_cast<std::uint8_t>(Dict::Kind::counter)));
    set_items(flat);
}

void Machine::call_default_dict(std::span<const Ref> arguments) {
    const auto is_dict_class = [&](Ref ref) { return is(ref, Node::Kind::function) && static_cast<Function>(node(ref).detail) == Function::dict; };
    const bool fits = arguments.empty() || (arguments.size() == 1 && is_dict_class(arguments[0]));
    if (!fits) refuse("collections.defaultdict must be given nothing or builtins.dict", shown(arguments));
    push(Node::indexed(Node::Kind::dict, no_ref));
}

void Machine::call_set(std::span<const Ref> arguments) {
    if (arguments.size() != 1 || !is(arguments[0], Node::Kind::list)) refuse("builtins.set must be given a list", shown(arguments));
    const auto items = content_.items_of(node(arguments[0]));
    for (const Ref item : items) {
        const Node::Kind kind = node(item).kind;
        const bool container = kind == Node::Kind::list || kind == Node::Kind::set || kind == Node::Kind::dict || kind == Node::Kind::tensor;
        if (container) refuse("a set must hold numbers, text and tuples", shown(item));
    }
    push(Node::ranged(Node::Kind::set, {static_cast<std::uint32_t>(content_.members.size()), static_cast<std::uint32_t>(items.size())}));
    content_.members.insert(content_.members.end(), items.begin(), items.end());
}

void Machine::check_sizes(Ref tuple, std::string_view what) const {
    if (!is(tuple, Node::Kind::tuple)) refuse(fmt::format("{} must be a tuple", what), shown(tuple));
    for (const Ref member : content_.members_of(node(tuple))) {
        if (!is_size(member)) refuse(fmt::format("{} must be integers >= 0", what), shown(member));
    }
}

void Machine::call_size(std::span<const Ref> arguments) {
    if (arguments.size() != 1) refuse("torch.Size must be given a tuple", shown(arguments));
    check_sizes(arguments[0], "the sizes of a torch.Size");
    push(arguments[0]);
}

/// A device becomes its name.
void Machine::call_device(std::span<const Ref> arguments) {
    const auto is_name = [&](Ref ref) {
        if (!is(ref, Node::Kind::string)) return false;
        const std::string_view text = content_.text_of(node(ref));
        return !text.empty() && text.size() <= 64 && printable(text) == text;
    };
    const bool indexed = arguments.size() == 2 && is_size(arguments[1]);
    if ((arguments.size() != 1 && !indexed) || !is_name(arguments[0])) refuse("torch.device must be given a name and perhaps an index", shown(arguments));
    if (!indexed) return push(arguments[0]);
    content_.texts.push_back(fmt::format("{}:{}", content_.text_of(node(arguments[0])), node(arguments[1]).integer));
    Node text = Node::ranged(Node::Kind::string, {static_cast<std::uint32_t>(content_.texts.size() - 1), 0});
    text.detail = 1;
    push(text);
}

void Machine::call_layout(std::span<const Ref> arguments) {
    if (arguments.size() != 1 || !is_text(arguments[0], "torch.strided")) refuse("a layout must be torch.strided", shown(arguments));
    push(Node::plain(Node::Kind::layout));
}

}  // namespace ravine::inline v0::pickle
