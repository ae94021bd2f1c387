#pragma once
#include "../optim/harness.h"
#include "places.h"

namespace ravine::testing {

/// Parameters and state on the host.
inline Value host_snapshot(const Optimizer& optimizer, const Parameters& parameters) {
    synchronize(gpu);
    List result;
    for (const Parameter& parameter : parameters) {
        Dict state;
        for (const auto& [key, value] : optimizer.state(parameter)) state.set(key.as<std::string>(), value.as<Tensor>().to(Device{}));
        result.items.emplace_back(List{parameter.data().to(Device{}), state});
    }
    return Value(result);
}

}  // namespace ravine::testing
