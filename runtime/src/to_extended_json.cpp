#include <ravine/runtime/text.h>

#include "extended_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

constexpr std::int64_t largest_exact = std::int64_t{1} << 53;  // in the doubles of other JSON readers

class Writer {
  public:
    Writer(std::string place, TensorKey tensor_key, PartName part_name)
        : place_(std::move(place)), tensor_key_(tensor_key), part_name_(part_name) {}

    void write(const Value& value);
    void write_pairs(std::string_view form, const Dict& dict);
    std::string json;

  private:
    void write_integer(std::int64_t value);
    void write_float(double value);
    void write_string(const std::string& text);
    void write_bytes(const std::string& bytes);
    void write_tensor(const Tensor& tensor);
    void write_items(std::string_view form, std::span<const Value> items);
    void write_dict(const Dict& dict);
    void write_object(const Dict& dict);
    void check_key(const Value& key) const;
    /// Writes a child under a longer place.
    void write_at(const std::string& component, const Value& value);
    [[noreturn]] void refuse(std::string_view what, std::string_view got) const;

    std::string place_;
    TensorKey tensor_key_;
    PartName part_name_;
    std::size_t values_ = 0;
    int depth_ = 0;
};

void Writer::write(const Value& value) {
    if (++values_ > most_values) refuse(fmt::format("a tree must have at most {} values", most_values), "more");
    if (depth_ > deepest_value) refuse(fmt::format("containers must be at most {} inside one another", deepest_value), "more");
    switch (value.kind()) {
    case Value::Kind::null: json += "null"; break;
    case Value::Kind::boolean: json += value.as<bool>() ? "true" : "false"; break;
    case Value::Kind::integer: write_integer(value.as<std::int64_t>()); break;
    case Value::Kind::floating: write_float(value.as<double>()); break;
    case Value::Kind::string: write_string(value.as<std::string>()); break;
    case Value::Kind::bytes: write_bytes(value.as<Value::Bytes>().data); break;
    case Value::Kind::tensor: write_tensor(value.as<Tensor>()); break;
    case Value::Kind::list: write_items("", value.items()); break;
    case Value::Kind::tuple: write_items("$tuple", value.items()); break;
    case Value::Kind::set: write_items("$set", value.items()); break;
    case Value::Kind::dict: write_dict(value.as<Dict>()); break;
    }
}

void Writer::write_integer(std::int64_t value) {
    const bool exact = value >= -largest_exact && value <= largest_exact;
    json += exact ? fmt::format("{}", value) : fmt::format(R"({{"$int":"{}"}})", value);
}

void Writer::write_float(double value) {
    if (!std::isfinite(value)) json += R"({"$float":")";
    append_double(json, value);
    if (!std::isfinite(value)) json += "\"}";
}

void Writer::write_string(const std::string& text) {
    if (!is_utf8(text)) refuse("text must be UTF-8", quoted(text));
    append_json_string(json, text);
}

void Writer::write_bytes(const std::string& bytes) {
    json += R"({"$bytes":")";
    for (const char byte : bytes) fmt::format_to(std::back_inserter(json), "{:02x}", static_cast<unsigned char>(byte));
    json += "\"}";
}

void Writer::write_tensor(const Tensor& tensor) {
    if (!tensor.defined()) refuse("a tensor must be defined", "an undefined one");
    json += R"({"$t":)";
    write_string(tensor_key_(tensor, place_));
    json += '}';
}

void Writer::write_items(std::string_view form, std::span<const Value> items) {
    if (!form.empty()) json += fmt::format(R"({{"{}":)", form);
    json += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) json += ',';
        write_at(std::to_string(i), items[i]);
    }
    json += form.empty() ? "]" : "]}";
}

void Writer::write_dict(const Dict& dict) {
    if (const std::string part = part_name_(dict); !part.empty()) {
        json += fmt::format(R"({{"$part":"{}"}})", part);
        return;
    }
    const bool ordered = dict.kind == Dict::Kind::ordered_dict;
    if (!ordered && !dict.metadata.is_null()) refuse("only an OrderedDict can have _metadata", "a dict that has it");
    if (dict.kind == Dict::Kind::dict && has_object_keys(dict)) write_object(dict);
    else write_pairs(ordered ? "$ordered" : dict.kind == Dict::Kind::counter ? "$counter" : "$dict", dict);
}

void Writer::write_object(const Dict& dict) {
    json += '{';
    bool first = true;
    for (const auto& [key, value] : dict) {
        if (!first) json += ',';
        first = false;
        write_string(key.as<std::string>());
        json += ':';
        write_at(key.as<std::string>(), value);
    }
    json += '}';
}

void Writer::write_pairs(std::string_view form, const Dict& dict) {
    json += fmt::format(R"({{"{}":[)", form);
    bool first = true;
    for (const auto& [key, value] : dict) {
        if (!first) json += ',';
        first = false;
        check_key(key);
        json += '[';
        write_at("key", key);
        json += ',';
        const auto* text = key.get_if<std::string>();
        write_at(text != nullptr ? *text : key.to_string(), value);
        json += ']';
    }
    json += ']';
    if (!dict.metadata.is_null()) {
        json += R"(,"metadata":)";
        write_at("_metadata", dict.metadata);
    }
    json += '}';
}

void Writer::check_key(const Value& key) const {
    if (const auto* tuple = key.get_if<Tuple>()) {
        for (const Value& item : tuple->items) check_key(item);
    } else if (!key.is(Value::Kind::integer) && !key.is(Value::Kind::string)) {
        refuse("a dict's key must be an integer, a string or a tuple of them", key.to_string());
    }
}

void Writer::write_at(const std::string& component, const Value& value) {
    const std::size_t length = place_.size();
    if (!place_.empty()) place_ += '.';
    place_ += component;
    ++depth_;
    write(value);
    --depth_;
    place_.resize(length);
}

void Writer::refuse(std::string_view what, std::string_view got) const {
    throw std::invalid_argument(fmt::format("save: {}, got {} (at {})", what, got, printable(place_, 300)));
}

}  // namespace

bool has_object_keys(const Dict& dict) noexcept {
    return std::all_of(dict.begin(), dict.end(), [](const Dict::Item& item) {
        const auto* key = item.first.get_if<std::string>();
        return key != nullptr && !key->starts_with('$');
    });
}

std::string to_extended_json(const Value& value, const std::string& place, TensorKey tensor_key, PartName part_name) {
    Writer writer(place, tensor_key, part_name);
    writer.write(value);
    return std::move(writer.json);
}

std::string to_pairs_json(const Dict& dict, const std::string& place, TensorKey tensor_key) {
    const auto in_place = [](const Dict&) { return std::string(); };
    Writer writer(place, tensor_key, in_place);
    writer.write_pairs("$dict", dict);
    return std::move(writer.json);
}

}  // namespace ravine::inline v0
