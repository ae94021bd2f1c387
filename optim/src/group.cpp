#include "group_access.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace ravine::inline v0::optim {
namespace {

constexpr std::string_view names_key = "param_names";

bool is_flag(const FieldInfo& field) {
    return field.flag != Implementation::for_loop;
}

std::string known_keys(const Group& group) {
    return fmt::format("{}", fmt::join(group.keys(), ", "));
}

/// torch's two tri-state flags as one implementation.
Implementation implementation_of(std::optional<bool> foreach, std::optional<bool> fused) {
    if (foreach.value_or(false)) return Implementation::foreach;
    if (fused.value_or(false)) return Implementation::fused;
    return foreach.has_value() || fused.has_value() ? Implementation::for_loop : Implementation::automatic;
}

std::optional<bool> tri_state(const Value& value, std::string_view owner, std::string_view key) {
    if (value.is_null()) return std::nullopt;
    if (const bool* flag = value.get_if<bool>()) return *flag;
    throw std::invalid_argument(fmt::format("{}: {} must be a bool or None, got {}", owner, key, shown(value)));
}

}  // namespace

std::string shown(const Value& value) {
    return fmt::format("{} ({})", value.to_string(), Value::name(value.kind()));
}

Group::~Group() = default;

const FieldInfo* Group::find_field(std::string_view key) const noexcept {
    const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const FieldInfo& f) { return f.name == key; });
    return found == fields_.end() ? nullptr : &*found;
}

bool Group::is_named() const noexcept {
    return !params_.empty() && params_.front().has_name();
}

bool Group::has(std::string_view key) const noexcept {
    return find_field(key) != nullptr || extra_.contains(key) || (is_named() && key == names_key);
}

Value Group::get(std::string_view key) const {
    if (const FieldInfo* field = find_field(key)) return field->get(options_data());
    if (is_named() && key == names_key) {
        List names;
        for (const Parameter& parameter : params_) names.items.emplace_back(parameter.name());
        return names;
    }
    if (const Value* value = extra_.find(key)) return *value;
    throw std::out_of_range(fmt::format("{}: {} must be a key of the group, which has {}", owner_, quoted(key), known_keys(*this)));
}

double Group::number(std::string_view key) const {
    return get(key).number();
}

void Group::set(std::string_view key, Value value) {
    const FieldInfo* field = find_field(key);
    if (field == nullptr) extra_.set(key, std::move(value));
    else GroupAccess::assign(*this, Dict{{key, std::move(value)}}, false, false, "");
}

bool Group::erase(std::string_view key) {
    if (!extra_.erase(key)) return false;
    std::erase(order_, key);
    return true;
}

std::vector<std::string> Group::keys() const {
    std::vector<std::string> result;
    const auto add = [&](std::string_view key) {
        if (std::find(result.begin(), result.end(), key) == result.end()) result.emplace_back(key);
    };
    for (const std::string& key : order_) add(key);
    if (is_named()) add(names_key);
    for (const FieldInfo& field : fields_) add(field.name);
    for (const auto& [key, value] : extra_) add(key.as<std::string>());
    return result;
}

void GroupAccess::assign(Group& group, const Dict& options, bool constructing, bool keep_unknown, std::string_view where) {
    std::optional<std::optional<bool>> foreach, fused;
    for (const auto& [key_value, value] : options) {
        const std::string& key = key_value.as<std::string>();
        const FieldInfo* field = group.find_field(key);
        if (field == nullptr) {
            if (!keep_unknown) {
                std::vector<std::string_view> known;
                for (const FieldInfo& f : group.fields_) known.push_back(f.name);
                throw std::out_of_range(
                    fmt::format("{}: {} must be an option, one of {}{}", group.owner_, ravine::quoted(key), fmt::join(known, ", "), where));
            }
            group.extra_.set(key, value);
        } else if (is_flag(*field)) {
            (field->flag == Implementation::foreach ? foreach : fused) = tri_state(value, group.owner_, key);
        } else {
            const std::string wanted = field->set(group.options_data(), value, constructing);
            if (wanted.empty()) continue;
            throw std::invalid_argument(fmt::format("{}: {} must be {}, got {}{}", group.owner_, key, wanted, shown(value), where));
        }
    }
    if (!foreach && !fused) return;
    // A flag that is not given keeps what it shows now.
    const auto now = [&](std::string_view key) {
        return group.has(key) ? tri_state(group.get(key), group.owner_, key) : std::nullopt;
    };
    const std::optional<bool> wants_foreach = foreach ? *foreach : now("foreach"), wants_fused = fused ? *fused : now("fused");
    if (wants_foreach.value_or(false) && wants_fused.value_or(false)) {
        throw std::invalid_argument(fmt::format("{}: fused and foreach must not be True together{}", group.owner_, where));
    }
    set_implementation(group, implementation_of(wants_foreach, wants_fused));
}

void GroupAccess::set_implementation(Group& group, Implementation implementation) {
    const auto flag = std::find_if(group.fields_.begin(), group.fields_.end(), is_flag);
    if (flag != group.fields_.end()) flag->set_implementation(group.options_data(), implementation);
}

void GroupAccess::copy_options(const Group& from, Group& to) {
    for (const FieldInfo& field : from.fields_) field.copy(from.options_data(), to.options_data());
}

void GroupAccess::copy(const Group& from, Group& to) {
    copy_options(from, to);
    to.extra_ = from.extra_;
    to.order_ = from.order_;
}

void GroupAccess::exchange(Group& a, Group& b, Group& spare) noexcept {
    copy_options(a, spare);
    copy_options(b, a);
    copy_options(spare, b);
    std::swap(a.extra_, b.extra_);
    std::swap(a.order_, b.order_);
}

std::string GroupAccess::complaint(const Group& group, bool first) {
    for (const FieldInfo& field : group.fields_) {
        std::string complaint = field.check(group.options_data(), first);
        if (!complaint.empty()) return complaint;
    }
    return {};
}

}  // namespace ravine::inline v0::optim
