#include "momentum.h"

#include <algorithm>

namespace ravine::inline v0::sched {
namespace {

bool has_option(const optim::Group& group, std::string_view name) {
    return std::any_of(group.fields().begin(), group.fields().end(), [&](const auto& field) { return field.name == name; });
}

}  // namespace

bool has_beta1(const optim::Group& group) { return has_option(group, "betas"); }

std::string_view momentum_complaint(const optim::Group& group, bool cycle_momentum) {
    const bool can = !cycle_momentum || has_beta1(group) || has_option(group, "momentum");
    return can ? "" : "must be false for an optimizer that has neither momentum nor betas";
}

void set_momentum(optim::Group& group, double momentum) {
    if (!has_beta1(group)) {
        group.set("momentum", momentum);
        return;
    }
    Value betas = group.get("betas");
    betas.as<Tuple>().items[0] = momentum;
    group.set("betas", std::move(betas));
}

void describe_use_beta1(State& state, const optim::Group& group) {
    const bool actual = has_beta1(group);
    bool use_beta1 = actual;
    state.later_field("use_beta1", use_beta1, [actual](bool loaded) {
        return loaded == actual ? "" : "must be that of an optimizer which has betas if and only if this one has";
    });
}

}  // namespace ravine::inline v0::sched
