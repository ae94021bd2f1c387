#pragma once
#include <string_view>

namespace ravine::inline v0::sched {

/// Empty for the strategies of OneCycleLR and SWALR, or what one must be.
constexpr std::string_view unknown_strategy(std::string_view strategy) {
    return strategy == "cos" || strategy == "linear" ? "" : "must be cos or linear";
}

}  // namespace ravine::inline v0::sched
