#pragma once
#include <cstdint>
#include <string_view>

// Python's arithmetic where it differs from C++.
namespace ravine::inline v0::sched {

/// Integers up to this magnitude are doubles, and adding one never overflows.
inline constexpr std::int64_t largest_epoch = std::int64_t{1} << 53;

/// Floor division; `divisor` is not 0 and `dividend` within largest_epoch.
constexpr std::int64_t floor_div(std::int64_t dividend, std::int64_t divisor) noexcept {
    const std::int64_t quotient = dividend / divisor;
    const bool inexact_negative = dividend % divisor != 0 && (dividend < 0) != (divisor < 0);
    return inexact_negative ? quotient - 1 : quotient;
}

/// `base ** exponent`. std::invalid_argument naming `who` and `what` where Python raises or leaves the real numbers: 0 to a
/// negative power, overflow, a negative base to a fractional power.
double power(std::string_view who, std::string_view what, double base, double exponent);

/// `dividend / divisor`. std::invalid_argument for a divisor of 0.
double divide(std::string_view who, std::string_view what, double dividend, double divisor);

}  // namespace ravine::inline v0::sched
