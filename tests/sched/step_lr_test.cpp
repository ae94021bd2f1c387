#include "harness.h"

namespace ravine::testing {

using sched::StepLR;

TEST_CASE("StepLR gives torch's values bit for bit") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 3});
    const Numbers expected = {0.1, 0.1, 0.1, 0.010000000000000002, 0.010000000000000002, 0.010000000000000002,
                              0.0010000000000000002, 0.0010000000000000002, 0.0010000000000000002, 0.00010000000000000003};
    CHECK(lrs_of(subject, [&] { scheduler.step(); }, 9) == expected);
    CHECK(scheduler.last_epoch() == 9);
    CHECK(scheduler.get_last_lr() == subject.lrs());
}

TEST_CASE("StepLR works on every group") {
    Subject subject({0.5, 0.05});
    StepLR scheduler(subject.optimizer, {.step_size = 2, .gamma = 0.5});
    lrs_of(subject, [&] { scheduler.step(); }, 2);
    CHECK(subject.lrs() == Numbers{0.25, 0.025});
    CHECK(scheduler.get_last_lr() == Numbers{0.25, 0.025});
}

TEST_CASE("StepLR given an epoch writes the closed form") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 2, .gamma = 0.5});
    const auto at = [&](std::int64_t epoch) {
        scheduler.step(epoch);
        return subject.lr();
    };
    CHECK(at(5) == 0.025);
    CHECK(at(0) == 0.1);
    CHECK(at(1) == 0.1);
    CHECK(at(-1) == 0.2);
    CHECK(at(-4) == 0.4);
    CHECK(scheduler.last_epoch() == -4);
    scheduler.step();
    CHECK(scheduler.last_epoch() == -3);
    CHECK(subject.lr() == 0.4);
}

TEST_CASE("the closed form uses pow, the rule multiplies") {
    Subject by_rule, by_epoch;
    StepLR rule(by_rule.optimizer, {.step_size = 1, .gamma = 0.9});
    StepLR closed(by_epoch.optimizer, {.step_size = 1, .gamma = 0.9});
    for (std::int64_t epoch = 1; epoch <= 3; ++epoch) {
        rule.step();
        closed.step(epoch);
    }
    CHECK(by_rule.lr() == 0.07290000000000002);
    CHECK(by_epoch.lr() == 0.0729);
}

TEST_CASE("a negative step_size acts like its absolute value in the rule") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = -2, .gamma = 0.5});
    CHECK(lrs_of(subject, [&] { scheduler.step(); }, 4) == Numbers{0.1, 0.1, 0.05, 0.05, 0.025});
    scheduler.step(3);  // gamma ** (3 // -2)
    CHECK(subject.lr() == 0.4);
}

TEST_CASE("a step_size that never comes keeps the lr") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = std::numeric_limits<std::int64_t>::max()});
    CHECK(lrs_of(subject, [&] { scheduler.step(); }, 3) == Numbers{0.1, 0.1, 0.1, 0.1});
    StepLR downwards(subject.optimizer, {.step_size = std::numeric_limits<std::int64_t>::min()});
    downwards.step();
    CHECK(subject.lr() == 0.1);
}

TEST_CASE("a resumed StepLR decays again when it lands on its step, as torch does") {
    Subject subject({0.01});
    subject.optimizer.param_groups()[0].set("initial_lr", 0.1);
    SUBCASE("before the step") {
        StepLR scheduler(subject.optimizer, {.step_size = 3, .last_epoch = 2});
        CHECK(subject.lr() == 0.001);
        CHECK(scheduler.last_epoch() == 3);
    }
    SUBCASE("at the step") {
        StepLR scheduler(subject.optimizer, {.step_size = 3, .last_epoch = 3});
        CHECK(subject.lr() == 0.01);
        CHECK(scheduler.last_epoch() == 4);
    }
}

TEST_CASE("StepLR refuses a step_size of 0") {
    Subject subject;
    const std::string text = message_of<std::invalid_argument>([&] { StepLR(subject.optimizer, {.step_size = 0}); });
    CHECK(text == "StepLR: step_size must not be 0, got 0");
    CHECK_FALSE(subject.optimizer.param_groups()[0].has("initial_lr"));
}

TEST_CASE("StepLR refuses powers at which Python raises and changes nothing") {
    Subject subject;
    StepLR vanishing(subject.optimizer, {.step_size = 1, .gamma = 0});
    StepLR exploding(subject.optimizer, {.step_size = 1, .gamma = 0.1});
    CHECK_THROWS_AS(vanishing.step(-1), std::invalid_argument);
    const std::string text = message_of<std::invalid_argument>([&] { exploding.step(-400); });
    CHECK(contains(text, "StepLR: gamma"));
    CHECK(contains(text, "0.1"));
    CHECK(exploding.last_epoch() == 0);
    CHECK(subject.lr() == 0.1);
    exploding.step(400);
    CHECK(subject.lr() == 0.0);
}

}  // namespace ravine::testing
