#pragma once
#include "objective.h"
#include "spec.h"

#include <functional>

namespace ravine::tools {

/// What the spec file of `minimize` says.
struct MinimizePlan {
    Objective objective;
    std::vector<double> start;
    DType dtype;
    ClassSpec optimizer;
    std::vector<ClassSpec> schedulers;
    std::int64_t steps;
};

/// std::invalid_argument or std::out_of_range; checks all but the options of classes.
MinimizePlan read_minimize_plan(const SpecText& text);

/// A row of the trajectory: the point after so many steps, and what the function is there.
struct MinimizeRow {
    std::int64_t step;
    double loss;
    double grad_norm;
    std::int64_t evals;  ///< calls of the closure that the optimizer has made so far
    std::span<const double> x;
};

/// Makes the steps, and gives away a row before the first and after each.
void run_minimize(const MinimizePlan& plan, std::optional<optim::Implementation> implementation, Device device, const Context& context,
                  function_ref<void(const MinimizeRow&)> row);

}  // namespace ravine::tools
