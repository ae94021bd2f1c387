#include "momentum_body.h"

#include <fmt/format.h>

namespace ravine::inline v0::sched {

MomentumBody::MomentumBody(std::string_view name, const optim::Optimizer& optimizer, bool cycle_momentum,
                           const PerGroup& base_momentum, const PerGroup& max_momentum)
    : RuleBody(name, optimizer), cycle_momentum_(cycle_momentum) {
    if (!cycle_momentum_) return;
    const std::string_view text = momentum_complaint(*groups()[0], true);
    if (!text.empty()) invalid(fmt::format("cycle_momentum {}, got true for {}", text, group_set()->owner));
    base_momentums_ = for_groups("base_momentum", base_momentum);
    max_momentums_ = for_groups("max_momentum", max_momentum);
}

void MomentumBody::prepare_momentum() {
    for (std::size_t i = 0; i < max_momentums_.size(); ++i) {
        set_momentum(*groups()[i], max_momentums_[i]);
        groups()[i]->set("max_momentum", max_momentums_[i]);
        groups()[i]->set("base_momentum", base_momentums_[i]);
    }
}

bool MomentumBody::describe_momentum(State& state) {
    const auto complaint = [this](bool cycle_momentum) { return momentum_complaint(*groups()[0], cycle_momentum); };
    const bool result = state.field("cycle_momentum", cycle_momentum_, complaint);
    if (result) describe_use_beta1(state, *groups()[0]);
    return result;
}

}  // namespace ravine::inline v0::sched
