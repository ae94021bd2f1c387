#include "python_math.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace ravine::inline v0::sched {

double power(std::string_view who, std::string_view what, double base, double exponent) {
    const double result = std::pow(base, exponent);
    const bool finite_operands = std::isfinite(base) && std::isfinite(exponent);
    if (finite_operands && !std::isfinite(result)) {
        throw std::invalid_argument(
            fmt::format("{}: {} to the power of {} must be a finite number, got {} as {}", who, what, exponent, base, what));
    }
    return result;
}

double divide(std::string_view who, std::string_view what, double dividend, double divisor) {
    if (divisor == 0) throw std::invalid_argument(fmt::format("{}: {} must not be 0, got 0", who, what));
    return dividend / divisor;
}

}  // namespace ravine::inline v0::sched
