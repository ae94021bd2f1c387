// The sequences that torch 2.8 gave, from base lr 0.1, one group: the first number after construction, then after each round.
#include "harness.h"

#include <cmath>

namespace ravine::testing {
namespace {

struct Sequence {
    Case scheduler;
    bool by_epochs;
    Numbers lrs;
};

Numbers epochs_of(Subject& subject, sched::LRScheduler scheduler, int steps) {
    std::int64_t epoch = 0;
    return lrs_of(
        subject, [&] { scheduler.step(++epoch); }, steps);
}

const double e = 0.1;

}  // namespace

TEST_CASE("every schedule gives torch's numbers, bit for bit") {
    const Dict power_095 = {{"power", List{0.95, 1}}}, half = {{"type", "ExponentialLR"}, {"gamma", 0.9}};
    const std::vector<Sequence> sequences = {
        {{"LambdaLR", {{"lr_lambda", power_095}}}, false, {e, 0.095, 0.09025, 0.0857375, 0.081450625, 0.07737809374999999}},
        {{"MultiplicativeLR", {{"lr_lambda", Dict{{"table", List{0.95}}}}}},
         false,
         {e, 0.095, 0.09025, 0.0857375, 0.08145062499999998, 0.07737809374999999}},
        {{"StepLR", {{"step_size", 3}}},
         false,
         {e, e, e, 0.010000000000000002, 0.010000000000000002, 0.010000000000000002, 0.0010000000000000002,
          0.0010000000000000002, 0.0010000000000000002, 0.00010000000000000003}},
        {{"MultiStepLR", {{"milestones", List{2, 2, 5}}}},
         false,
         {e, e, 0.0010000000000000002, 0.0010000000000000002, 0.0010000000000000002, 0.00010000000000000003}},
        {{"ConstantLR", {}},
         false,
         {0.03333333333333333, 0.03333333333333333, 0.03333333333333333, 0.03333333333333333, 0.03333333333333333, e}},
        {{"LinearLR", {}},
         false,
         {0.03333333333333333, 0.04666666666666667, 0.060000000000000005, 0.07333333333333335, 0.08666666666666668, e}},
        {{"LinearLR", {}},
         true,
         {0.03333333333333333, 0.04666666666666667, 0.06000000000000001, 0.07333333333333335, 0.08666666666666667, e}},
        {{"ExponentialLR", {{"gamma", 0.9}}},
         false,
         {e, 0.09000000000000001, 0.08100000000000002, 0.07290000000000002, 0.06561000000000002}},
        {{"ExponentialLR", {{"gamma", 0.9}}}, true, {e, 0.09000000000000001, 0.08100000000000002, 0.0729, 0.06561}},
        {{"PolynomialLR", {{"total_iters", 4}, {"power", 2.0}}},
         false,
         {e, 0.05625, 0.024999999999999998, 0.0062499999999999995, 0, 0}},
        {{"PolynomialLR", {{"total_iters", 4}, {"power", 2.0}}}, true, {e, 0.05625, 0.025, 0.00625, 0, 0}},
        {{"CosineAnnealingLR", {{"T_max", 5}, {"eta_min", 0.01}}},
         false,
         {e, 0.09140576474687263, 0.06890576474687263, 0.04109423525312736, 0.018594235253127367, 0.01, 0.018594235253127367,
          0.04109423525312739, 0.06890576474687267, 0.09140576474687269, 0.10000000000000006}},
        {{"CosineAnnealingLR", {{"T_max", 5}, {"eta_min", 0.01}}},
         true,
         {e, 0.09140576474687263, 0.06890576474687264, 0.04109423525312737, 0.01859423525312737, 0.01, 0.01859423525312736,
          0.041094235253127366, 0.06890576474687263, 0.09140576474687263, e}},
        {{"CyclicLR",
          {{"base_lr", 0.01}, {"max_lr", 0.1}, {"step_size_up", 2}, {"step_size_down", 3}, {"mode", "triangular2"}}},
         false,
         {0.01, 0.055, 0.09999999999999999, 0.06999999999999999, 0.039999999999999994, 0.01, 0.03250000000000002, 0.055,
          0.039999999999999994, 0.025000000000000015, 0.01}},
        {{"CyclicLR", {{"base_lr", 0.01}, {"max_lr", 0.1}, {"step_size_up", 2}, {"mode", "exp_range"}, {"gamma", 0.9}}},
         false,
         {0.01, 0.05050000000000001, 0.0829, 0.04280500000000001, 0.01, 0.03657205000000001, 0.05782969000000001}},
        {{"OneCycleLR", {{"max_lr", 0.1}, {"total_steps", 10}}},
         false,
         {0.0040000000000000036, 0.052000000000000005, 0.1, 0.09504846320134738, 0.0811745653949763, 0.06112620219362893,
          0.03887419780637107, 0.0188258346050237, 0.004951936798652629, 4e-07, 0.004951936798652624}},
        {{"OneCycleLR",
          {{"max_lr", 0.1}, {"total_steps", 10}, {"pct_start", 0.4}, {"anneal_strategy", "linear"}, {"three_phase", true}}},
         false,
         {0.004, 0.036000000000000004, 0.068, 0.1, 0.068, 0.036000000000000004, 0.0040000000000000036, 0.0026668000000000004,
          0.0013336000000000003, 4.0000000000022656e-07, -0.0013327999999999994}},
        {{"CosineAnnealingWarmRestarts", {{"T_0", 3}, {"T_mult", 2}}},
         false,
         {e, 0.07500000000000001, 0.025000000000000012, e, 0.09330127018922195, 0.07500000000000001, 0.05, 0.025000000000000012,
          0.006698729810778065, e, 0.09829629131445342}},
        {{"SWALR", {{"swa_lr", 0.05}, {"anneal_epochs", 4}}},
         false,
         {e, 0.09267766952966369, 0.075, 0.057322330470336316, 0.05, 0.05}},
        {{"SWALR", {{"swa_lr", 0.05}, {"anneal_epochs", 4}, {"anneal_strategy", "linear"}}},
         false,
         {e, 0.08750000000000001, 0.07500000000000001, 0.06250000000000001, 0.05, 0.05}},
        {{"SequentialLR",
          {{"schedulers", List{Dict{{"type", "LinearLR"}, {"start_factor", 0.1}, {"total_iters", 3}}, half}},
           {"milestones", List{3}}}},
         false,
         {0.010000000000000002, 0.04, 0.07, 0.1, 0.09000000000000001, 0.08100000000000002}},
        {{"SequentialLR", {{"schedulers", List{Dict{{"type", "ConstantLR"}, {"factor", 0.1}}, half}}, {"milestones", List{3}}}},
         false,
         {0.010000000000000002, 0.010000000000000002, 0.010000000000000002, 0.1, 0.09000000000000001, 0.08100000000000002}},
        {{"ChainedScheduler", {{"schedulers", List{Dict{{"type", "ConstantLR"}, {"factor", 0.1}, {"total_iters", 3}}, half}}}},
         false,
         {0.010000000000000002, 0.009000000000000003, 0.008100000000000003, 0.07290000000000003, 0.06561000000000003}},
    };
    for (const auto& example : sequences) {
        const auto& scheduler_case = example.scheduler;
        const bool by_epochs = example.by_epochs;
        const auto& lrs = example.lrs;
        CAPTURE(scheduler_case.type);
        CAPTURE(by_epochs);
        Subject subject;
        sched::LRScheduler scheduler = sched::make(scheduler_case.type, subject.optimizer, scheduler_case.options);
        const int steps = static_cast<int>(lrs.size()) - 1;
        CHECK((by_epochs ? epochs_of(subject, scheduler, steps)
                         : lrs_of(
                               subject, [&] { scheduler.step(); }, steps)) == lrs);
        CHECK(scheduler.get_last_lr() == subject.lrs());
    }
}

TEST_CASE("two schedules stepped together give torch's numbers") {
    Subject subject;
    sched::CosineAnnealingLR cosine(subject.optimizer, {.T_max = 10});
    sched::StepLR steps(subject.optimizer, {.step_size = 3});
    const auto both = [&] {
        cosine.step();
        steps.step();
    };
    CHECK(lrs_of(subject, both, 6) == Numbers{0.1, 0.09755282581475769, 0.09045084971874738, 0.007938926261462368,
                                              0.006545084971874739, 0.005000000000000002, 0.0003454915028125265});
}

TEST_CASE("ReduceLROnPlateau gives torch's numbers for a metric that stays") {
    const auto lrs = [](const sched::ReduceLROnPlateauOptions& options, int steps) {
        Subject subject({1});
        sched::ReduceLROnPlateau scheduler(subject.optimizer, options);
        Numbers result = lrs_of(
            subject, [&] { scheduler.step(1); }, steps);
        result.erase(result.begin());
        return result;
    };
    CHECK(lrs({.factor = 0.5, .patience = 2}, 8) == Numbers{1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25});
    CHECK(lrs({.factor = 0.5, .patience = 0, .cooldown = 2}, 7) == Numbers{1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25});
}

TEST_CASE("momentum is driven as torch does") {
    const auto momenta = [](const sched::LRScheduler& scheduler, const Subject& subject, int steps) {
        sched::LRScheduler copy = scheduler;
        Numbers result = {subject.momentum()};
        for (int i = 0; i < steps; ++i) {
            copy.step();
            result.push_back(subject.momentum());
        }
        return result;
    };
    Subject subject, other;
    const sched::CyclicLR cyclic(subject.optimizer, {.base_lr = 0.01, .max_lr = 0.1, .step_size_up = 2, .step_size_down = 2});
    CHECK(momenta(cyclic, subject, 4) == Numbers{0.9, 0.8500000000000001, 0.8, 0.8500000000000001, 0.9});
    const sched::OneCycleLR one_cycle(other.optimizer, {.max_lr = 0.1, .total_steps = 10});
    CHECK(momenta(one_cycle, other, 9) == Numbers{0.95, 0.8999999999999999, 0.85, 0.854951556604879, 0.8688255099070633,
                                                  0.8888739533021842, 0.9111260466978157, 0.9311744900929366, 0.945048443395121,
                                                  0.95});
}

TEST_CASE("a function by name is a table that ends in its last value, or a power") {
    const auto factors = [](const Dict& function) {
        Subject subject({1});
        sched::LRScheduler scheduler = sched::make("LambdaLR", subject.optimizer, {{"lr_lambda", function}});
        return lrs_of(
            subject, [&] { scheduler.step(); }, 4);
    };
    CHECK(factors({{"table", List{1, 0.5, 0.25}}}) == Numbers{1, 0.5, 0.25, 0.25, 0.25});
    Subject negative({1});
    sched::LRScheduler table = sched::make("LambdaLR", negative.optimizer, {{"lr_lambda", Dict{{"table", List{1, 0.5, 0.25}}}}});
    table.step(-2);
    CHECK(negative.lr() == 0.5);
    CHECK(complaint([&] { table.step(-4); }) == "table: the epoch must be at least -3, got -4");
    CHECK(factors({{"power", List{0.25, 0.5}}}) == Numbers{1, 0.5, 0.25, 0.125, 0.0625});
}

}  // namespace ravine::testing
