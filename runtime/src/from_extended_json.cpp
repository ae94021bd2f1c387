#include <ravine/runtime/text.h>

#include "extended_json.h"
#include "json_cursor.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace ravine::inline v0 {
namespace {

constexpr std::size_t longest_text = std::numeric_limits<std::size_t>::max();  // it lies in a text that is bounded

/// Recursive, to a bounded depth.
class Reader {
  public:
    Reader(std::string_view text, std::string_view where, TensorOfKey tensor_of, PartOfName part_of)
        : cursor_(text, "load", where), tensor_of_(tensor_of), part_of_(part_of) {}

    Value read_all() {
        Value value = read(0);
        cursor_.next_token();
        if (!cursor_.at_end()) cursor_.fail("nothing may follow the value");
        return value;
    }

  private:
    Value read(int depth);
    Value read_number();
    ValueList read_items(int depth);
    Value read_object(int depth);
    Value read_plain_dict(std::string key, int depth);
    Value read_form(const std::string& form, int depth);
    Value read_dict(Dict::Kind kind, int depth);
    Value read_float();
    Value read_int();
    Value read_bytes();
    Value read_tensor();
    void check_key(const Value& key) const;
    void expect_colon() { cursor_.expect(':', "a colon must follow the key"); }
    std::string string(std::string_view what) { return cursor_.string(what, longest_text); }

    JsonCursor cursor_;
    TensorOfKey tensor_of_;
    PartOfName part_of_;
    std::size_t values_ = 0;
};

Value Reader::read(int depth) {
    if (++values_ > most_values) cursor_.fail(fmt::format("a tree must have at most {} values", most_values), "more");
    if (depth > deepest_value) cursor_.fail(fmt::format("containers must be at most {} inside one another", deepest_value), "more");
    switch (cursor_.next_token()) {
    case '{': return read_object(depth);
    case '[': return List(read_items(depth));
    case '"': return string("text");
    default: break;
    }
    if (cursor_.accept_word("null")) return {};
    if (cursor_.accept_word("true")) return true;
    if (cursor_.accept_word("false")) return false;
    return read_number();
}

Value Reader::read_number() {
    const std::string_view digits = cursor_.number("a value");
    const char* end = digits.data() + digits.size();
    if (digits.find_first_of(".eE") == std::string_view::npos) {
        std::int64_t value = 0;
        if (std::from_chars(digits.data(), end, value).ec == std::errc()) return value;
        cursor_.fail("an integer must have at most 64 bits", printable(digits, 40));
    }
    double value = 0;
    if (std::from_chars(digits.data(), end, value).ec == std::errc()) return value;
    cursor_.fail("a float must be within the range of a double", printable(digits, 40));
}

ValueList Reader::read_items(int depth) {
    cursor_.expect('[', "an array must begin with a bracket");
    ValueList items;
    if (cursor_.accept(']')) return items;
    do items.push_back(read(depth + 1));
    while (cursor_.accept(','));
    cursor_.expect(']', "an array must go on with a comma or end with a bracket");
    return items;
}

Value Reader::read_object(int depth) {
    cursor_.expect('{', "an object must begin with a brace");
    if (cursor_.accept('}')) return Dict();
    std::string key = string("a key");
    if (!key.starts_with('$')) return read_plain_dict(std::move(key), depth);
    expect_colon();
    Value value = read_form(key, depth);
    cursor_.expect('}', "an object with a $ form must end with a brace");
    return value;
}

/// From behind the first key.
Value Reader::read_plain_dict(std::string key, int depth) {
    Dict dict;
    for (;;) {
        expect_colon();
        Value value = read(depth + 1);
        if (!dict.insert(key, std::move(value))) cursor_.fail("a key must be there once", quoted(key) + " twice");
        if (!cursor_.accept(',')) break;
        key = string("a key");
        if (key.starts_with('$')) cursor_.fail("a $ form must be alone in its object", quoted(key));
    }
    cursor_.expect('}', "an object must go on with a comma or end with a brace");
    return dict;
}

Value Reader::read_form(const std::string& form, int depth) {
    if (form == "$t") return read_tensor();
    if (form == "$tuple") return Tuple(read_items(depth));
    if (form == "$int") return read_int();
    if (form == "$float") return read_float();
    if (form == "$dict") return read_dict(Dict::Kind::dict, depth);
    if (form == "$counter") return read_dict(Dict::Kind::counter, depth);
    if (form == "$ordered") return read_dict(Dict::Kind::ordered_dict, depth);
    if (form == "$set") return Set(read_items(depth));
    if (form == "$bytes") return read_bytes();
    if (form == "$part") return part_of_(string("a part's name"));
    cursor_.fail("a $ form must be t, tuple, int, float, dict, counter, ordered, set, bytes or part", quoted(form));
}

Value Reader::read_dict(Dict::Kind kind, int depth) {
    cursor_.expect('[', "pairs must be an array");
    Dict dict;
    dict.kind = kind;
    if (!cursor_.accept(']')) {
        do {
            cursor_.expect('[', "a pair must be an array");
            Value key = read(depth + 1);
            check_key(key);
            cursor_.expect(',', "a comma must follow a pair's key");
            Value value = read(depth + 1);
            if (!dict.insert(key, std::move(value))) cursor_.fail("a key must be there once", key.to_string() + " twice");
            cursor_.expect(']', "a pair must end with a bracket");
        } while (cursor_.accept(','));
        cursor_.expect(']', "pairs must go on with a comma or end with a bracket");
    }
    if (kind == Dict::Kind::ordered_dict && cursor_.accept(',')) {
        if (const std::string key = string("a key"); key != "metadata") cursor_.fail("only metadata may follow $ordered", quoted(key));
        expect_colon();
        dict.metadata = read(depth + 1);
    }
    return dict;
}

void Reader::check_key(const Value& key) const {
    if (const auto* tuple = key.get_if<Tuple>()) {
        for (const Value& item : tuple->items) check_key(item);
    } else if (!key.is(Value::Kind::integer) && !key.is(Value::Kind::string)) {
        cursor_.fail("a dict's key must be an integer, a string or a tuple of them", key.to_string());
    }
}

Value Reader::read_float() {
    const std::string text = string("$float");
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
    if (text != "nan") cursor_.fail("$float must be inf, -inf or nan", quoted(text));
    return std::numeric_limits<double>::quiet_NaN();
}

Value Reader::read_int() {
    const std::string text = string("$int");
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc() || stop != end) cursor_.fail("$int must be an integer of at most 64 bits", quoted(text));
    return value;
}

Value Reader::read_bytes() {
    const std::string text = string("$bytes");
    Value::Bytes bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned char byte = 0;
        const std::string_view digits = std::string_view(text).substr(i, 2);
        const char* end = digits.data() + digits.size();
        const bool whole = digits.size() == 2 && std::from_chars(digits.data(), end, byte, 16).ptr == end;
        if (!whole) cursor_.fail("$bytes must be pairs of hexadecimal digits", quoted(digits));
        bytes.data += static_cast<char>(byte);
    }
    return bytes;
}

Value Reader::read_tensor() {
    const std::string key = string("a tensor's key");
    Tensor tensor = tensor_of_(key);
    if (!tensor.defined()) cursor_.fail("the tensor's key must be in the file", quoted(key));
    return tensor;
}

}  // namespace

Value from_extended_json(std::string_view text, std::string_view where, TensorOfKey tensor_of, PartOfName part_of) {
    return Reader(text, where, tensor_of, part_of).read_all();
}

}  // namespace ravine::inline v0
