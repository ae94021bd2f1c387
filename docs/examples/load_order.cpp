// The order of loading: schedulers first, because their constructors write the lr; then the optimizer's state, which has the lr.
#include <ravine/ravine.h>

#include <cstdio>

namespace rv = ravine;

namespace {

struct Training {
    rv::Parameter weight{"weight", rv::zeros({8}, rv::DType::f32), rv::zeros({8}, rv::DType::f32)};
    rv::optim::SGD optimizer{{weight}, {.lr = 0.1}};

    /// Ten steps of warm-up, then a decay.
    rv::sched::SequentialLR schedule() {
        const rv::sched::LinearLR warm_up(optimizer, {.start_factor = 0.1, .total_iters = 10});
        return rv::sched::SequentialLR(optimizer, {warm_up, rv::sched::ExponentialLR(optimizer, {.gamma = 0.9})}, {.milestones = {10}});
    }
    double lr() const { return optimizer.param_groups()[0].options.lr; }
    void steps(rv::sched::SequentialLR& scheduler, int count) {
        for (int i = 0; i < count; ++i) {
            optimizer.step();
            scheduler.step();
        }
    }
};

}  // namespace

int main() {
    Training through;
    rv::sched::SequentialLR through_schedule = through.schedule();
    through.steps(through_schedule, 15);
    const rv::Value optimizer_state = through.optimizer.state_dict().clone(), schedule_state = through_schedule.state_dict();

    // Right: the schedule is made before the optimizer's state comes.
    Training resumed;
    rv::sched::SequentialLR resumed_schedule = resumed.schedule();
    resumed_schedule.load_state_dict(schedule_state);
    resumed.optimizer.load_state_dict(optimizer_state);
    const double right = resumed.lr();

    // Wrong: the constructors make the first step of the warm-up, on the lr that was loaded.
    Training late;
    late.optimizer.load_state_dict(optimizer_state);
    rv::sched::SequentialLR late_schedule = late.schedule();
    late_schedule.load_state_dict(schedule_state);
    std::printf("lr %g where it stopped: %g in the right order, %g in the wrong one\n", through.lr(), right, late.lr());

    const bool differs = late.lr() != through.lr();
    through.steps(through_schedule, 5);
    resumed.steps(resumed_schedule, 5);
    std::printf("five steps later %.17g and %.17g\n", through.lr(), resumed.lr());
    return right == optimizer_state.at("param_groups").items()[0].at("lr").as<double>() && differs && resumed.lr() == through.lr() ? 0 : 1;
}
