#include "inspect_json.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <concepts>

namespace ravine::tools {
namespace {

void append(std::string& json, bool value) {
    json += value ? "true" : "false";
}

template <std::integral T> void append(std::string& json, T value) {
    constexpr std::int64_t largest_exact = std::int64_t{1} << 53;  // in the doubles of other JSON readers
    const bool exact = std::cmp_less_equal(value, largest_exact) && std::cmp_greater_equal(value, -largest_exact);
    json += exact ? fmt::format("{}", value) : fmt::format(R"({{"$int": "{}"}})", value);
}

void append(std::string& json, double value) {
    if (!std::isfinite(value)) json += R"({"$float": ")";
    append_double(json, value);
    if (!std::isfinite(value)) json += "\"}";
}

class Writer {
  public:
    Writer(std::int64_t values, function_ref<void(std::string_view)> put) : values_(values), put_(put) {}
    void write(const Value& value);
    void flush() {
        put_(json);
        json.clear();
    }

  private:
    void write_items(std::string_view form, std::span<const Value> items);
    void write_dict(const Dict& dict);
    void write_tensor(const Tensor& tensor);
    /// Writes separated members between brackets.
    template <class Range, class Member> void write_members(char open, const Range& range, char close, Member member);

    std::string json;
    std::int64_t values_;
    function_ref<void(std::string_view)> put_;
};

template <class Range, class Member> void Writer::write_members(char open, const Range& range, char close, Member member) {
    json += open;
    bool first = true;
    for (const auto& one : range) {
        if (!first) json += ", ";
        first = false;
        member(one);
    }
    json += close;
}

void Writer::write(const Value& value) {
    constexpr std::size_t piece = 1 << 16;
    if (json.size() > piece) flush();
    switch (value.kind()) {
    case Value::Kind::null: json += "null"; break;
    case Value::Kind::boolean: append(json, value.as<bool>()); break;
    case Value::Kind::integer: append(json, value.as<std::int64_t>()); break;
    case Value::Kind::floating: append(json, value.as<double>()); break;
    case Value::Kind::string: append_json_string(json, value.as<std::string>()); break;
    case Value::Kind::bytes: {
        json += R"({"$bytes": ")";
        for (const char byte : value.as<Value::Bytes>().data) json += fmt::format("{:02x}", static_cast<unsigned char>(byte));
        json += "\"}";
        break;
    }
    case Value::Kind::tensor: write_tensor(value.as<Tensor>()); break;
    case Value::Kind::list: write_items("", value.items()); break;
    case Value::Kind::tuple: write_items("$tuple", value.items()); break;
    case Value::Kind::set: write_items("$set", value.items()); break;
    case Value::Kind::dict: write_dict(value.as<Dict>()); break;
    }
}

void Writer::write_items(std::string_view form, std::span<const Value> items) {
    if (!form.empty()) json += fmt::format(R"({{"{}": )", form);
    write_members('[', items, ']', [&](const Value& item) { write(item); });
    if (!form.empty()) json += '}';
}

void Writer::write_dict(const Dict& dict) {
    const bool plain = std::all_of(dict.begin(), dict.end(), [](const Dict::Item& item) {
        const auto* key = item.first.get_if<std::string>();
        return key != nullptr && !key->starts_with('$');
    });
    if (plain) {
        write_members('{', dict, '}', [&](const Dict::Item& item) {
            write(item.first);
            json += ": ";
            write(item.second);
        });
        return;
    }
    json += R"({"$dict": )";
    write_members('[', dict, ']', [&](const Dict::Item& item) {
        json += '[';
        write(item.first);
        json += ", ";
        write(item.second);
        json += ']';
    });
    json += '}';
}

void Writer::write_tensor(const Tensor& tensor) {
    unsigned long crc = ::crc32_z(0, nullptr, 0);
    visit_bytes(tensor, [&](std::span<const std::byte> bytes) { crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()); });
    json += fmt::format(R"({{"$tensor": {{"dtype": "{}", "shape": [{}], "crc32": "{:08x}")", name(tensor.dtype()),
                        fmt::join(tensor.shape().begin(), tensor.shape().end(), ", "), crc);
    if (tensor.numel() <= values_) json += R"(, "values": )" + elements_json(tensor);
    json += "}}";
}

template <class T> std::string array_json(std::span<const T> elements) {
    std::string json = "[";
    for (std::size_t i = 0; i < elements.size(); ++i) {
        if (i > 0) json += ", ";
        append(json, elements[i]);
    }
    return json + ']';
}

template <class Real> std::string pairs_json(const Tensor& tensor) {
    const std::span parts(static_cast<const Real*>(tensor.data()), static_cast<std::size_t>(2 * tensor.numel()));
    std::string json = "[";
    for (std::size_t i = 0; i < parts.size(); i += 2) {
        json += i > 0 ? ", [" : "[";
        append(json, double{parts[i]});
        json += ", ";
        append(json, double{parts[i + 1]});
        json += ']';
    }
    return json + ']';
}

}  // namespace

void inspect_json(const Value& tree, std::int64_t values, function_ref<void(std::string_view)> put) {
    Writer writer(values, put);
    writer.write(tree);
    writer.flush();
}

std::string elements_json(const Tensor& given) {
    const Tensor tensor = given.is_contiguous() ? given : given.clone();
    switch (tensor.dtype()) {
    case DType::i64: return array_json(tensor.span<const std::int64_t>());
    case DType::i32: return array_json(tensor.span<const std::int32_t>());
    case DType::i16: return array_json(tensor.span<const std::int16_t>());
    case DType::i8: return array_json(tensor.span<const std::int8_t>());
    case DType::u64: return array_json(tensor.span<const std::uint64_t>());
    case DType::u32: return array_json(tensor.span<const std::uint32_t>());
    case DType::u16: return array_json(tensor.span<const std::uint16_t>());
    case DType::u8: return array_json(tensor.span<const std::uint8_t>());
    case DType::boolean: return array_json(tensor.span<const bool>());
    case DType::c64: return pairs_json<float>(tensor);
    case DType::c128: return pairs_json<double>(tensor);
    default: return array_json(tensor.to(DType::f64).span<const double>());
    }
}

}  // namespace ravine::tools
