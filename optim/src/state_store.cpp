#include "state_store.h"

namespace ravine::inline v0::optim {

StateStore::Slots& StateStore::obtain(const Parameter& parameter) {
    if (Slots* known = find(parameter)) return *known;
    all_.reserve(all_.size() + 1);
    auto fresh = std::make_unique<Slots>(parameter);
    index_.emplace(parameter.body(), fresh.get());
    return *all_.emplace_back(std::move(fresh));
}

void StateStore::erase(const Parameter& parameter) noexcept {
    if (index_.erase(parameter.body()) == 0) return;
    std::erase_if(all_, [&](const auto& slots) { return slots->parameter == parameter; });
}

}  // namespace ravine::inline v0::optim
