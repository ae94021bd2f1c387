#include "spec.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <stdexcept>

namespace ravine::tools {
namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20;
constexpr int deepest_nesting = 64;

/// Refuses while parsing what the parser would let pass.
class Strictness {
  public:
    bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
        using Event = Json::parse_event_t;
        if (depth > deepest_nesting) throw std::invalid_argument(fmt::format("more than {} levels of nesting", deepest_nesting));
        if (event == Event::object_start) {
            keys_.emplace_back();
        } else if (event == Event::object_end) {
            keys_.pop_back();
        } else if (event == Event::key) {
            const auto& key = parsed.get_ref<const std::string&>();
            if (!keys_.back().insert(key).second) throw std::invalid_argument(fmt::format("the key {} twice", ravine::quoted(key)));
        }
        return true;
    }

  private:
    std::vector<std::set<std::string>> keys_;
};

/// The parser's message without its tag.
std::string_view reason(std::string_view text) {
    const std::size_t end = text.starts_with('[') ? text.find("] ") : std::string_view::npos;
    return end == std::string_view::npos ? text : text.substr(end + 2);
}

Json parse_json(const SpecText& spec, std::string_view who) {
    std::string problem;
    try {
        return Json::parse(spec.text, Strictness());
    } catch (const Json::exception& error) {
        problem = reason(error.what());
    } catch (const std::invalid_argument& error) {
        problem = error.what();
    }
    throw std::invalid_argument(fmt::format("{}: the spec must be JSON in UTF-8, got {} ({})", who, printable(problem, 300), spec.path));
}

}  // namespace

SpecText read_spec_text(const std::string& path, std::string_view who) {
    const auto failed = [&](std::string_view what) {
        return std::runtime_error(fmt::format("{}: the spec must be a readable file, got {} ({})", who, what, path));
    };
    errno = 0;
    const bool from_stdin = path == "-";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(from_stdin ? nullptr : std::fopen(path.c_str(), "rb"),
                                                                 [](std::FILE* file) { return std::fclose(file); });
    std::FILE* file = from_stdin ? stdin : opened.get();
    if (file == nullptr) throw failed(std::strerror(errno));
    std::string text;
    std::size_t used = 0;
    do {
        text.resize(used + (1 << 16));
        used += std::fread(text.data() + used, 1, text.size() - used, file);
        if (used > largest_file) throw failed(fmt::format("more than {} MiB", largest_file >> 20));
    } while (used == text.size());
    if (std::ferror(file)) throw failed(std::strerror(errno));
    text.resize(used);
    return {path, std::move(text)};
}

Spec::Spec(std::string who, const SpecText& text, std::initializer_list<std::string_view> known)
    : who_(std::move(who)), path_(text.path), root_(parse_json(text, who_)) {
    if (!root_.is_object()) refuse("the spec must be an object", shown(root_));
    for (const auto& [key, value] : root_.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            refuse(fmt::format("a key must be one of {}", fmt::join(known, ", ")), shown(Json(key)));
        }
    }
}

const Json* Spec::find(std::string_view key) const {
    const auto found = root_.find(std::string(key));
    return found == root_.end() || found->is_null() ? nullptr : &*found;
}

ClassSpec Spec::optimizer() const {
    const Json* json = find("optimizer");
    if (json == nullptr) refuse("optimizer must be given", "none");
    return class_spec(*json, "optimizer");
}

std::optional<std::vector<GroupSpec>> Spec::groups(bool with_params) const {
    const Json* json = find("groups");
    if (json == nullptr) return std::nullopt;
    if (!json->is_array() || json->empty()) refuse("groups must be a list of at least one object", shown(*json));
    std::vector<GroupSpec> result;
    for (const Json& group : *json) result.push_back(group_spec(group, fmt::format("groups[{}]", result.size()), with_params));
    return result;
}

std::vector<ClassSpec> Spec::schedulers() const {
    const Json* json = find("scheduler");
    if (json == nullptr) return {};
    if (!json->is_array()) return {class_spec(*json, "scheduler")};
    if (json->empty()) refuse("scheduler must be an object or a list of at least one", shown(*json));
    std::vector<ClassSpec> result;
    for (const Json& one : *json) result.push_back(class_spec(one, fmt::format("scheduler[{}]", result.size())));
    return result;
}

std::optional<std::int64_t> Spec::steps() const {
    const Json* json = find("steps");
    if (json == nullptr) return std::nullopt;
    const bool small = json->is_number_integer() && (!json->is_number_unsigned() || json->get<std::uint64_t>() <= largest_steps);
    if (!small || json->get<std::int64_t>() < 0) refuse(fmt::format("steps must be an integer from 0 to {}", largest_steps), shown(*json));
    return json->get<std::int64_t>();
}

std::optional<std::string> Spec::string(std::string_view key) const {
    const Json* json = find(key);
    if (json == nullptr) return std::nullopt;
    if (!json->is_string()) refuse(fmt::format("{} must be a string", key), shown(*json));
    return json->get<std::string>();
}

std::optional<optim::Implementation> Spec::implementation() const {
    const auto text = string("implementation");
    if (!text) return std::nullopt;
    return optim::implementation_from_name(*text);
}

void Spec::refuse(std::string_view what, std::string_view got) const {
    throw std::invalid_argument(fmt::format("{}: {}, got {} ({})", who_, what, got, path_ == "-" ? "stdin" : path_));
}

ClassSpec Spec::class_spec(const Json& json, std::string_view key) const {
    if (!json.is_object()) refuse(fmt::format("{} must be an object with a type", key), shown(json));
    const auto type = json.find("type");
    if (type == json.end()) refuse(fmt::format("{}.type must be given", key), shown(json));
    if (!type->is_string()) refuse(fmt::format("{}.type must be the name of a class", key), shown(*type));
    ClassSpec result{type->get<std::string>(), {}};
    for (const auto& [name, option] : json.items()) {
        if (name != "type") result.options.set(name, value(option, fmt::format("{}.{}", key, name)));
    }
    return result;
}

GroupSpec Spec::group_spec(const Json& json, std::string_view key, bool with_params) const {
    if (!json.is_object()) refuse(fmt::format("{} must be an object", key), shown(json));
    GroupSpec result;
    for (const auto& [name, option] : json.items()) {
        const std::string path = fmt::format("{}.{}", key, name);
        if (with_params && name == "params") result.params = names(option, path);
        else result.options.set(name, value(option, path));
    }
    if (with_params && !result.params) refuse(fmt::format("{}.params must be given", key), shown(json));
    return result;
}

std::vector<std::string> Spec::names(const Json& json, std::string_view key) const {
    if (!json.is_array()) refuse(fmt::format("{} must be a list of names", key), shown(json));
    std::vector<std::string> result;
    for (const Json& name : json) {
        if (!name.is_string()) refuse(fmt::format("{} must be a list of names", key), shown(name));
        result.push_back(name.get<std::string>());
    }
    return result;
}

Value Spec::value(const Json& json, const std::string& key) const {
    return value_from_json(json, key, [this](std::string_view what, std::string_view got) { refuse(what, got); });
}

void refuse(std::string_view who, std::string_view what, std::string_view got) {
    throw std::invalid_argument(fmt::format("{}: {}, got {}", who, what, got));
}

void check_needs_no_closure(std::string_view optimizer, std::string_view who) {
    if (!optim::needs_closure(optimizer)) return;
    throw std::invalid_argument(fmt::format("{0}: {1} must be given an optimizer that needs no closure, got {0} (see minimize)", optim::class_name(optimizer), who));
}

std::vector<sched::LRScheduler> make_schedulers(const std::vector<ClassSpec>& specs, optim::Optimizer& optimizer) {
    std::vector<sched::LRScheduler> result;
    for (const ClassSpec& spec : specs) result.push_back(sched::make(spec.type, optimizer, spec.options));
    return result;
}

void Warnings::warn(LogCode, std::string_view text) {
    for (Entry& entry : entries_) {
        if (entry.text != text) continue;
        ++entry.times;
        return;
    }
    entries_.push_back({std::string(text), 1});
}

void Warnings::print() const {
    for (const auto& [text, times] : entries_) {
        const std::string repeated = times == 1 ? "" : fmt::format(" ({} times)", times);
        fmt::print(stderr, "ravine: warning: {}{}\n", printable(text, std::string_view::npos), repeated);
    }
}

}  // namespace ravine::tools
