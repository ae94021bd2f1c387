#include "targets.h"

#include "../../tools/minimize_run.h"

#include <algorithm>

namespace ravine::fuzz {

Outcome minimize_spec(std::string_view bytes) {
    return outcome_of<std::invalid_argument, std::out_of_range, std::runtime_error>([&] {
        tools::MinimizePlan plan = tools::read_minimize_plan({"x.json", std::string(bytes)});
        // A step of an optimizer with a closure takes as long as its options say.
        const std::int64_t minimized_steps = optim::needs_closure(plan.optimizer.type) ? 0 : 3;
        plan.steps = std::min(plan.steps, minimized_steps);
        SerialExecutor serial;
        Context context;
        context.executor = &serial;
        tools::run_minimize(plan, {}, {}, context, [](const tools::MinimizeRow&) {});
    });
}

}  // namespace ravine::fuzz
