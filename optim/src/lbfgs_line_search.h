#pragma once
#include "lbfgs_number.h"

#include <ravine/runtime/function_ref.h>
#include <ravine/runtime/tensor.h>

#include <cstdint>

namespace ravine::inline v0::optim {

/// A point on the line: how far along the direction, the loss there, the gradient, and its product with the direction.
struct LinePoint {
    Number t;
    double loss;
    Tensor gradient;
    Number slope;
};

/// Where the cubic through two points with their slopes has its minimum, held within bounds; the middle of the bounds where it
/// has none, or where a number is not finite.
Number cubic_minimum(const LinePoint& a, const LinePoint& b, Number lower, Number upper);

struct LineSearch {
    LinePoint found;
    std::int64_t evaluations;
};

/// Looks for a point that satisfies the strong Wolfe conditions. `start` is at 0, `first` the length to try first, `largest`
/// the largest magnitude of an element of the direction, `evaluate` goes to a point, asks the closure and comes back.
LineSearch strong_wolfe(const LinePoint& start, Number first, Number largest, function_ref<LinePoint(Number t)> evaluate);

}  // namespace ravine::inline v0::optim
