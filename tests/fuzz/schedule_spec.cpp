#include "targets.h"

#include "../../tools/schedule_plan.h"

#include <algorithm>

namespace ravine::fuzz {
namespace {

constexpr std::int64_t scheduled_steps = 8;

void step(sched::LRScheduler& scheduler, const tools::SchedulePlan& plan, std::size_t t) {
    if (scheduler.step_argument() == sched::StepArgument::metric) scheduler.step_with(plan.metrics[t]);
    else if (plan.epochs.empty()) scheduler.step();
    else if (scheduler.step_argument() == sched::StepArgument::fraction) scheduler.step_with(plan.epochs[t].number());
    else scheduler.step(plan.epochs[t].as<std::int64_t>());
}

}  // namespace

Outcome schedule_spec(std::string_view bytes) {
    return outcome_of<std::invalid_argument, std::out_of_range, std::runtime_error>([&] {
        const tools::SchedulePlan plan = tools::SchedulePlan::read({"x.json", std::string(bytes)});
        SerialExecutor serial;
        Context context;
        context.executor = &serial;
        optim::Optimizer optimizer = optim::make(plan.optimizer.type, {}, plan.optimizer.options, context);
        for (const auto& group : plan.groups) optimizer.add_param_group({Parameter(zeros({1, 1}, DType::f32))}, group.options);
        auto schedulers = tools::make_schedulers(plan.schedulers, optimizer);
        plan.check(schedulers);
        for (std::int64_t t = 0; t < std::min(plan.steps, scheduled_steps); ++t) {
            for (auto& scheduler : schedulers) step(scheduler, plan, static_cast<std::size_t>(t));
        }
        for (auto& scheduler : schedulers) scheduler.load_state_dict(scheduler.state_dict());
    });
}

}  // namespace ravine::fuzz
