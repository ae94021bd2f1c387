#include "kinds.h"

#include <fmt/format.h>

namespace ravine::inline v0::sched {

bool Kind<bool>::read(const Value& value, bool& out) {
    const bool* found = value.get_if<bool>();
    if (found != nullptr) out = *found;
    return found != nullptr;
}

bool Kind<std::int64_t>::read(const Value& value, std::int64_t& out) {
    const std::int64_t* found = value.get_if<std::int64_t>();
    if (found != nullptr) out = *found;
    return found != nullptr;
}

bool Kind<double>::read(const Value& value, double& out) {
    const Tensor* tensor = value.get_if<Tensor>();
    // Where torch had a tensor as lr, its schedulers keep tensors.
    const bool holds_number = tensor != nullptr && tensor->defined() && tensor->numel() == 1 && is_floating_point(tensor->dtype());
    if (holds_number) out = tensor->item();
    else if (value.is(Value::Kind::integer) || value.is(Value::Kind::floating)) out = value.number();
    else return false;
    return true;
}

bool Kind<std::vector<double>>::read(const Value& value, std::vector<double>& out) {
    if (!value.is(Value::Kind::list) && !value.is(Value::Kind::tuple)) return false;
    out.clear();
    for (const Value& item : value.items()) {
        if (!Kind<double>::read(item, out.emplace_back())) return false;
    }
    return true;
}

Value to_value(const std::vector<double>& member) {
    return List(ValueList(member.begin(), member.end()));
}

std::string shown(const Value& value) {
    return fmt::format("{} ({})", value.to_string(), Value::name(value.kind()));
}

}  // namespace ravine::inline v0::sched
