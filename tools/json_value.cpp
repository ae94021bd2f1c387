#include "json_value.h"

#include <fmt/format.h>

#include <limits>

namespace ravine::tools {
namespace {

double special_float(const Json& json, const std::string& key, Refusal refuse) {
    const Json& name = json.front();
    if (json.size() == 1 && json.begin().key() == "$float") {
        if (name == "nan") return std::numeric_limits<double>::quiet_NaN();
        if (name == "inf") return std::numeric_limits<double>::infinity();
        if (name == "-inf") return -std::numeric_limits<double>::infinity();
    }
    refuse(fmt::format("{} must be a plain value or {{\"$float\": \"nan\"|\"inf\"|\"-inf\"}}", key), shown(json));
    return 0;
}

bool is_special(const Json& json) {
    for (const auto& [name, value] : json.items()) {
        if (name.starts_with('$')) return true;
    }
    return false;
}

Value dict_from_json(const Json& json, const std::string& key, Refusal refuse) {
    if (is_special(json)) return special_float(json, key, refuse);
    Dict dict;
    for (const auto& [name, value] : json.items()) dict.set(name, value_from_json(value, fmt::format("{}.{}", key, name), refuse));
    return dict;
}

Value list_from_json(const Json& json, const std::string& key, Refusal refuse) {
    List list;
    for (const Json& item : json) {
        list.items.push_back(value_from_json(item, fmt::format("{}[{}]", key, list.items.size()), refuse));
    }
    return list;
}

}  // namespace

std::string shown(const Json& json) {
    std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > 60) text.replace(57, std::string::npos, "...");
    return text;
}

Json json_or_text(std::string_view text) {
    Json parsed = Json::parse(text, nullptr, false);
    return parsed.is_discarded() ? Json(text) : parsed;
}

Value value_from_json(const Json& json, const std::string& key, Refusal refuse) {
    switch (json.type()) {
        case Json::value_t::null: return nullptr;
        case Json::value_t::boolean: return json.get<bool>();
        case Json::value_t::string: return json.get<std::string>();
        case Json::value_t::number_float: return json.get<double>();
        case Json::value_t::number_integer: return json.get<std::int64_t>();
        case Json::value_t::number_unsigned:
            if (json.get<std::uint64_t>() >> 63 != 0) refuse(fmt::format("{} must fit into 64 bits", key), shown(json));
            return json.get<std::int64_t>();
        case Json::value_t::array: return list_from_json(json, key, refuse);
        case Json::value_t::object: return dict_from_json(json, key, refuse);
        case Json::value_t::binary:
        case Json::value_t::discarded: break;  // no parsed document has them
    }
    return nullptr;
}

}  // namespace ravine::tools
