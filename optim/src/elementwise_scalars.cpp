#include "elementwise_scalars.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace ravine::inline v0::optim {
namespace {

/// Name and value of the finite option with the largest magnitude: the one to blame for a scalar that is too large.
std::pair<std::string_view, double> largest_option(const Algorithm& algorithm, const void* options) {
    std::pair<std::string_view, double> largest{"options", 0};
    const auto consider = [&](std::string_view name, const Value& value) {
        const double number = value.is(Value::Kind::floating) ? value.number() : 0;
        if (std::isfinite(number) && std::fabs(number) > std::fabs(largest.second)) largest = {name, number};
    };
    for (const FieldInfo& field : algorithm.fields) {
        const Value value = field.get(options);
        if (!value.is(Value::Kind::tuple)) consider(field.name, value);
        else
            for (const Value& item : value.items()) consider(field.name, item);
    }
    return largest;
}

}  // namespace

Implementation implementation_of(const Algorithm& algorithm, const void* options) {
    const Implementation chosen = algorithm.implementation(options);
    return chosen == Implementation::automatic ? Implementation::fused : chosen;
}

KernelKind kind_of(Implementation implementation) noexcept {
    if (implementation == Implementation::for_loop) return KernelKind::stepwise;
    return implementation == Implementation::foreach ? KernelKind::list : KernelKind::fused;
}

std::string scalars_complaint(const Algorithm& algorithm, const void* options, DType dtype, const kernels::StepArguments& arguments) {
    const RuleInfo& rule = algorithm.rules[algorithm.variant(options)];
    if (rule.scalars_fit(arguments, largest_value(dtype), largest_computed_value(dtype))) return {};
    const auto [what, value] = largest_option(algorithm, options);
    return fmt::format("{} must give scalars that are convertible to {} without overflow, got {}", what, ravine::name(dtype), value);
}

}  // namespace ravine::inline v0::optim
