#pragma once
#include <fmt/format.h>

#include <stdexcept>
#include <string_view>

namespace ravine::inline v0 {

/// Throws std::invalid_argument: "who: must, got given".
[[noreturn]] inline void invalid(std::string_view who, std::string_view must, std::string_view given) {
    throw std::invalid_argument(fmt::format("{}: {}, got {}", who, must, given));
}

}  // namespace ravine::inline v0
