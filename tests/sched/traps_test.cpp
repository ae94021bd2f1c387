// What surprises users of torch: the same here, or not, as the headers say.
#include "harness.h"

#include <cmath>

namespace ravine::testing {

TEST_CASE("T1: WarmRestarts given the epoch of a restart may stay before it, by the rounding of a logarithm") {
    Subject jumped, stepped;
    sched::CosineAnnealingWarmRestarts jumping(jumped.optimizer, {.T_0 = 10, .T_mult = 3}),
        stepping(stepped.optimizer, {.T_0 = 10, .T_mult = 3});
    jumping.step(1210);
    CHECK(jumped.lr() == 0.0);
    CHECK(jumping.state_dict().at("T_cur") == Value(810.0));
    CHECK(jumping.state_dict().at("T_i") == Value(810));
    for (int i = 0; i < 1210; ++i) stepping.step();
    CHECK(stepped.lr() == 0.1);
    CHECK(stepping.state_dict().at("T_cur") == Value(0));
    CHECK(stepping.state_dict().at("T_i") == Value(2430));
}

TEST_CASE("T2, T5: OneCycleLR does not start at initial_lr, and without a rise never gets to max_lr") {
    const auto first = [](const Dict& options) {
        Subject subject;
        Dict all = options;
        all.set("max_lr", 0.1);
        all.set("total_steps", 10);
        sched::make("OneCycleLR", subject.optimizer, all);
        return subject.lr();
    };
    CHECK(first({}) == 0.0040000000000000036);
    CHECK(first({{"pct_start", 0.0}}) == 0.09755283560345443);
    CHECK(first({{"pct_start", 0.0}, {"anneal_strategy", "linear"}}) == 0.09000004);
    CHECK(first({{"pct_start", 0.0}, {"three_phase", true}}) == 0.003682538814955796);
}

TEST_CASE("T5: OneCycleLR that only rises has no way down for its extra step") {
    Subject two, three;
    sched::OneCycleLR down(two.optimizer, {.max_lr = 0.1, .total_steps = 10, .pct_start = 1});
    sched::OneCycleLR back(three.optimizer, {.max_lr = 0.1, .total_steps = 10, .pct_start = 1, .three_phase = true});
    for (int i = 0; i < 9; ++i) {
        down.step();
        back.step();
    }
    CHECK(contains(complaint([&] { down.step(); }), "the length of a phase (see pct_start) must not be 0"));
    CHECK(two.lr() == 0.1);
    back.step();
    CHECK(three.lr() == doctest::Approx(0.0971).epsilon(1e-3));
}

TEST_CASE("T3: OneCycleLR takes one step too many, and rebounds") {
    Subject subject;
    sched::OneCycleLR scheduler(subject.optimizer, {.max_lr = 0.1, .total_steps = 10});
    const Numbers lrs = lrs_of(
        subject, [&] { scheduler.step(); }, 10);
    CHECK(lrs[9] == 4e-07);
    CHECK(lrs[10] == 0.004951936798652624);
    CHECK_THROWS_AS(scheduler.step(), std::invalid_argument);
}

TEST_CASE("T4: WarmRestarts resumed by last_epoch knows the first period only; the state does better") {
    Subject subject, other;
    subject.optimizer.param_groups()[0].set("initial_lr", 0.1);
    sched::CosineAnnealingWarmRestarts resumed(subject.optimizer, {.T_0 = 10, .T_mult = 2, .last_epoch = 34});
    CHECK(subject.lr() == doctest::Approx(0.0853553).epsilon(1e-6));
    CHECK(resumed.state_dict().at("T_cur") == Value(5));
    CHECK(resumed.state_dict().at("T_i") == Value(20));
    sched::CosineAnnealingWarmRestarts straight(other.optimizer, {.T_0 = 10, .T_mult = 2});
    lrs_of(
        other, [&] { straight.step(); }, 34);
    sched::CosineAnnealingWarmRestarts loaded(subject.optimizer, {.T_0 = 10, .T_mult = 2});
    loaded.load_state_dict(straight.state_dict());
    loaded.step();
    CHECK(subject.lr() == doctest::Approx(0.0961940).epsilon(1e-6));
}

TEST_CASE("T6: a schedule resumed by last_epoch changes the lr again where its step is due") {
    const auto resumed = [](std::string_view type, const Dict& options, std::int64_t last_epoch) {
        Subject subject({0.01});
        subject.optimizer.param_groups()[0].set("initial_lr", 0.1);
        Dict all = options;
        all.set("last_epoch", last_epoch);
        sched::make(type, subject.optimizer, all);
        return subject.lr();
    };
    CHECK(resumed("StepLR", {{"step_size", 3}}, 2) == 0.001);
    CHECK(resumed("StepLR", {{"step_size", 3}}, 3) == 0.01);
    CHECK(resumed("MultiStepLR", {{"milestones", List{3}}}, 2) == 0.001);
    CHECK(resumed("ConstantLR", {{"factor", 0.5}, {"total_iters", 3}}, 2) == 0.02);
    CHECK(resumed("ExponentialLR", {{"gamma", 0.5}}, 2) == 0.01);
}

TEST_CASE("T7: SWALR without annealing writes swa_lr at once") {
    Subject subject;
    sched::SWALR scheduler(subject.optimizer, {.swa_lr = 0.05, .anneal_epochs = 0});
    CHECK(subject.lr() == 0.05);
}

TEST_CASE("T8: a chain as the first stage makes a step in the constructor, and warns there") {
    Subject subject;
    sched::ExponentialLR exponential(subject.optimizer, {.gamma = 0.5});
    sched::ChainedScheduler chain({exponential});
    sched::ConstantLR constant(subject.optimizer);
    CHECK(subject.sink.codes.empty());
    sched::SequentialLR sequence(subject.optimizer, {chain, constant}, {.milestones = {3}});
    CHECK(subject.lr() == 0.05);
    CHECK(subject.sink.codes == std::vector{LogCode::order_violation});
}

TEST_CASE("T9: LambdaLR overwrites what others did, and a new one goes back to initial_lr") {
    Subject subject;
    sched::ExponentialLR exponential(subject.optimizer, {.gamma = 0.5});
    sched::LambdaLR function(subject.optimizer, {.lr_lambda = [](std::int64_t epoch) { return std::pow(0.9, epoch); }});
    const auto both = [&] {
        exponential.step();
        function.step();
    };
    CHECK(lrs_of(subject, both, 3) == Numbers{0.1, 0.1 * 0.9, 0.1 * std::pow(0.9, 2), 0.1 * std::pow(0.9, 3)});
    sched::LambdaLR anew(subject.optimizer, {.lr_lambda = [](std::int64_t) { return 1.0; }});
    CHECK(subject.lr() == 0.1);
}

TEST_CASE("T10: a warm-up in a sequence leaves the base lr of the others alone") {
    Subject subject;
    sched::ConstantLR constant(subject.optimizer, {.factor = 0.5, .total_iters = 2});
    sched::ExponentialLR exponential(subject.optimizer, {.gamma = 0.9});
    sched::SequentialLR sequence(subject.optimizer, {constant, exponential}, {.milestones = {2}});
    CHECK(lrs_of(
              subject, [&] { sequence.step(); }, 3) == Numbers{0.05, 0.05, 0.1, 0.09000000000000001});
    CHECK(subject.optimizer.param_groups()[0].number("initial_lr") == 0.1);
    CHECK(exponential.state_dict().at("base_lrs") == Value(List{0.1}));
}

TEST_CASE("T12: the state of SWALR has the strategy's name, and reads the functions of old files by theirs") {
    Subject subject;
    sched::SWALR scheduler(subject.optimizer, {.swa_lr = 0.05});
    CHECK(scheduler.state_dict().at("_anneal_strategy") == Value("cos"));
    scheduler.load_state_dict(Dict{{"anneal_func", "SWALR._linear_anneal"}});
    CHECK(scheduler.state_dict().at("_anneal_strategy") == Value("linear"));
    CHECK(contains(complaint([&] {
                       scheduler.load_state_dict(Dict{{"anneal_func", "system"}});
                   }),
                   "SWALR: anneal_func must name _cosine_anneal or _linear_anneal, got 'system'"));
}

TEST_CASE("T13: a sequence as the first stage of another is one ahead") {
    Subject subject;
    sched::ConstantLR constant(subject.optimizer, {.factor = 1});
    sched::ExponentialLR exponential(subject.optimizer, {.gamma = 0.5});
    sched::SequentialLR inner(subject.optimizer, {constant, exponential}, {.milestones = {2}});
    sched::LinearLR linear(subject.optimizer);
    subject.sink.codes.clear();
    sched::SequentialLR outer(subject.optimizer, {inner, linear}, {.milestones = {9}});
    CHECK(subject.sink.codes == std::vector{LogCode::order_violation});
    CHECK(lrs_of(
              subject, [&] { outer.step(); }, 3) == Numbers{0.1, 0.1, 0.05, 0.025});
}

TEST_CASE("T14: MultiplicativeLR multiplies whenever it is called, and never goes back to the base lr") {
    Subject subject, staged;
    const auto half = [](std::int64_t) { return 0.5; };
    sched::MultiplicativeLR scheduler(subject.optimizer, {.lr_lambda = half});
    for (int i = 0; i < 3; ++i) scheduler.step(2);
    CHECK(subject.lr() == 0.0125);
    sched::ConstantLR constant(staged.optimizer, {.factor = 0.1});
    sched::MultiplicativeLR second(staged.optimizer, {.lr_lambda = half});
    sched::SequentialLR sequence(staged.optimizer, {constant, second}, {.milestones = {2}});
    const double warm = 0.010000000000000002;
    CHECK(lrs_of(
              staged, [&] { sequence.step(); }, 3) == Numbers{warm, warm, warm * 0.5, warm * 0.25});
}

TEST_CASE("T15: with total_iters 0 the rules keep the first factor, the closed forms do not") {
    Subject subject;
    sched::ConstantLR constant(subject.optimizer, {.factor = 0.5, .total_iters = 0});
    lrs_of(
        subject, [&] { constant.step(); }, 3);
    CHECK(subject.lr() == 0.05);
    constant.step(3);
    CHECK(subject.lr() == 0.1);
}

TEST_CASE("T16: a relative threshold lets negative metrics get worse") {
    Subject subject;
    sched::ReduceLROnPlateau least(subject.optimizer, {.patience = 0, .threshold = 0.1});
    for (const double metric : {-1.0, -0.95, -0.92}) least.step(metric);
    CHECK(least.state_dict().at("best") == Value(-0.92));
    CHECK(subject.lr() == 0.1);
    sched::ReduceLROnPlateau most(subject.optimizer, {.mode = "max", .patience = 0, .threshold = 0.1});
    for (const double metric : {-1.0, -0.85, -0.9}) most.step(metric);
    CHECK(subject.lr() == 0.1);
}

TEST_CASE("T17: eps swallows reductions of small lrs") {
    Subject subject({1e-8, 1.5e-8});
    sched::ReduceLROnPlateau scheduler(subject.optimizer, {.patience = 0});
    scheduler.step(1);
    scheduler.step(1);
    CHECK(subject.lrs() == Numbers{1e-8, 1.5e-09});
}

TEST_CASE("T18: the rule and the closed form differ in their last bits") {
    Subject by_rule, by_epoch;
    sched::LinearLR rule(by_rule.optimizer), closed(by_epoch.optimizer);
    rule.step();
    rule.step();
    closed.step(2);
    CHECK(by_rule.lr() == 0.060000000000000005);
    CHECK(by_epoch.lr() == 0.06000000000000001);
}

TEST_CASE("T19: groups added later: rules over the lr reach them, numbers of their own they do not have") {
    for (const auto& example : one_of_each()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        CAPTURE(type);
        Subject subject;
        sched::LRScheduler scheduler = sched::make(type, subject.optimizer, options);
        subject.optimizer.step();
        subject.add_group(0.7);
        const Value before = scheduler.state_dict();
        const bool lacks_keys = type == "OneCycleLR" || type == "SWALR";
        const bool pairs = type == "CosineAnnealingWarmRestarts" || type == "CyclicLR" || type == "InverseSquareRootLR" ||
                           type == "LambdaLR" || type == "MultiplicativeLR" || type == "WarmupCosineLR" ||
                           type == "WarmupStableDecayLR";
        if (lacks_keys) {
            CHECK(contains(message_of<std::out_of_range>([&] { step(scheduler); }), "must be a key of the group"));
        } else if (pairs) {
            CHECK(contains(complaint([&] { step(scheduler); }),
                           "the optimizer must keep its groups, got 2 instead of 1 (see set_added_groups)"));
        }
        if (lacks_keys || pairs) {
            CHECK(scheduler.state_dict() == before);
            scheduler.set_added_groups(sched::AddedGroups::leave);
        }
        if (lacks_keys) continue;
        step(scheduler);
        CHECK(scheduler.get_last_lr() == subject.lrs());
        if (pairs) CHECK(subject.lrs()[1] == 0.7);
    }
}

TEST_CASE("T19: CosineAnnealingLR needs the base lr only after a minimum") {
    Subject subject;
    sched::CosineAnnealingLR scheduler(subject.optimizer, {.T_max = 2});
    subject.add_group(0.7);
    scheduler.step();
    scheduler.step();
    CHECK(subject.lrs()[1] != 0.7);
    CHECK_THROWS_AS(scheduler.step(), std::invalid_argument);
    CHECK(scheduler.last_epoch() == 2);
}

TEST_CASE("T20: loading takes nothing out of the dict") {
    Subject subject;
    sched::CyclicLR scheduler(subject.optimizer, {.base_lr = 0.01, .max_lr = 0.1});
    const Value state = scheduler.state_dict();
    const Value copy = state;
    scheduler.load_state_dict(state);
    scheduler.load_state_dict(state);
    CHECK(state == copy);
    CHECK(scheduler.state_dict() == state);
}

TEST_CASE("T21: cycling gives an optimizer without momentum one, unless it is told not to") {
    Subject driven, left;
    sched::OneCycleLR one(driven.optimizer, {.max_lr = 0.1, .total_steps = 9});
    CHECK(driven.momentum() == 0.95);
    CHECK(one.drives_momentum());
    sched::OneCycleLR other(left.optimizer, {.max_lr = 0.1, .total_steps = 9, .cycle_momentum = false});
    CHECK(left.momentum() == 0);
    CHECK_FALSE(left.optimizer.param_groups()[0].has("base_momentum"));
}

TEST_CASE("T23: patience counts the bad steps that are borne, and the first metric is better than none") {
    Subject subject({1});
    sched::ReduceLROnPlateau scheduler(subject.optimizer, {.factor = 0.5, .patience = 2});
    for (int i = 0; i < 3; ++i) scheduler.step(1);
    CHECK(subject.lr() == 1);
    scheduler.step(1);
    CHECK(subject.lr() == 0.5);
    Subject other({1});
    sched::ReduceLROnPlateau from_infinity(other.optimizer, {.factor = 0.5, .patience = 0});
    from_infinity.step(std::numeric_limits<double>::infinity());
    CHECK(other.lr() == 0.5);
    from_infinity.step(std::numeric_limits<double>::quiet_NaN());
    CHECK(other.lr() == 0.25);
    CHECK(from_infinity.state_dict().at("best") == Value(std::numeric_limits<double>::infinity()));
}

}  // namespace ravine::testing
