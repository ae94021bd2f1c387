#pragma once
#include <concepts>
#include <type_traits>

namespace ravine::inline v0::sched {

/// A number without a default: an options list that leaves it out does not compile. Required options come first in their
/// struct, as in torch's constructors.
template <class T>
    requires(std::is_arithmetic_v<T>)
struct required {
    T value;

    /// Any number for a floating-point option, any integer for an integral one.
    template <class Number>
        requires(std::is_arithmetic_v<Number> && !std::same_as<Number, bool> &&
                 (std::floating_point<T> || std::integral<Number>))
    constexpr required(Number number) noexcept : value(static_cast<T>(number)) {}
    constexpr operator T() const noexcept { return value; }
};

}  // namespace ravine::inline v0::sched
