#include "harness.h"

#include <algorithm>

namespace ravine::testing {

TEST_CASE("a scheduler is made by torch's class name in any case") {
    Subject subject;
    sched::LRScheduler scheduler = sched::make("steplr", subject.optimizer, {{"step_size", 1}, {"gamma", 0.5}});
    CHECK(scheduler.name() == "StepLR");
    CHECK(scheduler.step_argument() == sched::StepArgument::epoch);
    scheduler.step();
    CHECK(subject.lr() == 0.05);
    CHECK(sched::class_name("COSINEANNEALINGLR") == "CosineAnnealingLR");
}

TEST_CASE("the factory and the constructor make the same scheduler") {
    Subject one, other;
    sched::CosineAnnealingLR constructed(one.optimizer, {.T_max = 4, .eta_min = 1});
    sched::LRScheduler made = sched::make("CosineAnnealingLR", other.optimizer, {{"eta_min", 1}, {"T_max", 4}});
    CHECK(made.state_dict() == constructed.state_dict());
}

TEST_CASE("names are sorted and known to the factory") {
    const auto names = sched::names();
    CHECK(std::is_sorted(names.begin(), names.end()));
    for (const auto name : names) CHECK(sched::class_name(name) == name);
}

TEST_CASE("unknown names list the known ones") {
    Subject subject;
    const std::string unknown_class = message_of<std::out_of_range>([&] { sched::make("Step\nLR", subject.optimizer); });
    CHECK(contains(unknown_class, "a scheduler must be one of ChainedScheduler, ConstantLR, CosineAnnealingLR, "));
    CHECK(contains(unknown_class, "WarmupStableDecayLR, got "));
    const std::string unknown_option =
        message_of<std::out_of_range>([&] { sched::make("StepLR", subject.optimizer, {{"stepsize", 3}}); });
    CHECK(contains(unknown_option, "StepLR: an option must be one of step_size, gamma, last_epoch, got 'stepsize'"));
}

TEST_CASE("a required option that is missing is named") {
    Subject subject;
    const std::string text = message_of<std::invalid_argument>([&] { sched::make("CosineAnnealingLR", subject.optimizer); });
    CHECK(contains(text, "CosineAnnealingLR: T_max must be given"));
    CHECK_FALSE(subject.optimizer.param_groups()[0].has("initial_lr"));
}

TEST_CASE("options of the wrong kind are named") {
    Subject subject;
    const auto complaint = [&](const Dict& options) {
        return message_of<std::invalid_argument>([&] { sched::make("StepLR", subject.optimizer, options); });
    };
    CHECK(contains(complaint({{"step_size", 2.5}}), "StepLR: step_size must be an integer, got 2.5"));
    CHECK(contains(complaint({{"step_size", nullptr}}), "StepLR: step_size must be an integer, got None"));
    CHECK(contains(complaint({{"step_size", 2}, {"gamma", "half"}}), "StepLR: gamma must be a number, got 'half'"));
    CHECK(contains(complaint({{"step_size", 0}}), "StepLR: step_size must not be 0, got 0"));
    CHECK(subject.lr() == 0.1);
}

}  // namespace ravine::testing
