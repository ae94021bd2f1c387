#include <ravine/optim/options.h>
#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace ravine::inline v0::optim {
namespace {

constexpr std::array<std::string_view, 4> implementation_names = {"automatic", "for_loop", "foreach", "fused"};

std::string required_range(const Bound& bound) {
    if (std::isinf(bound.low) && std::isfinite(bound.high)) return fmt::format("{} {}", bound.below_high ? "<" : "<=", bound.high);
    if (std::isfinite(bound.high)) {
        return fmt::format("in [{}, {}{}", bound.low, bound.high, bound.below_high ? ")" : "]");
    }
    return fmt::format("{} {}", bound.above_low ? ">" : ">=", bound.low);
}

}  // namespace

std::string_view name(Implementation implementation) noexcept {
    return implementation_names[static_cast<std::size_t>(implementation)];
}

Implementation implementation_from_name(std::string_view text) {
    for (std::size_t i = 0; i < implementation_names.size(); ++i) {
        if (text == implementation_names[i]) return static_cast<Implementation>(i);
    }
    throw std::invalid_argument(
        fmt::format("ravine: implementation must be automatic, for_loop, foreach or fused, got {}", quoted(text)));
}

namespace detail {

std::string check_number(std::string_view name, double value, const Bound& bound) {
    if (std::isnan(value) && bound.nan_passes) return {};
    const bool low_enough = bound.below_high ? value < bound.high : value <= bound.high;
    const bool high_enough = bound.above_low ? value > bound.low : value >= bound.low;
    if (high_enough && low_enough) return {};
    return fmt::format("{} must be {}, got {}", name, required_range(bound), value);
}

Value flag_value(Implementation implementation, Implementation which) {
    if (implementation == which) return true;
    if (implementation == Implementation::for_loop && which == Implementation::foreach) return false;
    return nullptr;
}

bool read(const Value& value, double& out, bool floats_only) {
    if (const double* number = value.get_if<double>()) {
        out = *number;
        return true;
    }
    const Tensor* tensor = value.get_if<Tensor>();
    if (tensor != nullptr && tensor->defined() && tensor->numel() == 1 && is_floating_point(tensor->dtype())) {
        out = tensor->item();
        return true;
    }
    const std::int64_t* integer = value.get_if<std::int64_t>();
    if (integer == nullptr || floats_only) return false;
    out = static_cast<double>(*integer);
    return true;
}

bool read(const Value& value, bool& out, bool) {
    const bool* flag = value.get_if<bool>();
    if (flag != nullptr) out = *flag;
    return flag != nullptr;
}

bool read(const Value& value, std::int64_t& out, bool) {
    const std::int64_t* integer = value.get_if<std::int64_t>();
    if (integer != nullptr) out = *integer;
    return integer != nullptr;
}

bool read(const Value& value, std::string& out, bool) {
    const std::string* text = value.get_if<std::string>();
    if (text != nullptr) out = *text;
    return text != nullptr;
}

std::string indexed(std::string_view name, std::size_t index) {
    return fmt::format("{}[{}]", name, index);
}

}  // namespace detail
}  // namespace ravine::inline v0::optim
