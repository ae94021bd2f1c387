#include "harness.h"

#include <cmath>

namespace ravine::testing {

using sched::CosineAnnealingLR;

TEST_CASE("CosineAnnealingLR gives torch's values bit for bit over more than a period") {
    Subject subject;
    CosineAnnealingLR scheduler(subject.optimizer, {.T_max = 5, .eta_min = 0.01});
    const Numbers expected = {0.1, 0.09140576474687263, 0.06890576474687263, 0.04109423525312736, 0.018594235253127367, 0.01,
                              0.018594235253127367, 0.04109423525312739, 0.06890576474687267, 0.09140576474687269,
                              0.10000000000000006};
    CHECK(lrs_of(subject, [&] { scheduler.step(); }, 10) == expected);
}

TEST_CASE("CosineAnnealingLR given epochs writes the closed form") {
    Subject subject;
    CosineAnnealingLR scheduler(subject.optimizer, {.T_max = 5, .eta_min = 0.01});
    const Numbers expected = {0.1, 0.09140576474687263, 0.06890576474687264, 0.04109423525312737, 0.01859423525312737, 0.01,
                              0.01859423525312736, 0.041094235253127366, 0.06890576474687263, 0.09140576474687263, 0.1};
    for (std::size_t epoch = 0; epoch < expected.size(); ++epoch) {
        scheduler.step(static_cast<std::int64_t>(epoch));
        CHECK(subject.lr() == expected[epoch]);
    }
}

TEST_CASE("every group follows the cosine from its own base") {
    Subject subject({0.1, 0.02});
    CosineAnnealingLR scheduler(subject.optimizer, {.T_max = 6});
    lrs_of(subject, [&] { scheduler.step(); }, 6);
    CHECK(subject.lrs() == Numbers{0, 0});
    scheduler.step();
    CHECK(subject.lrs() == Numbers{0.006698729810778065, 0.001339745962155613});
}

TEST_CASE("CosineAnnealingLR then StepLR on one optimizer give torch's values") {
    Subject subject;
    CosineAnnealingLR cosine(subject.optimizer, {.T_max = 10});
    sched::StepLR steps(subject.optimizer, {.step_size = 3});
    const auto both = [&] {
        cosine.step();
        steps.step();
    };
    const Numbers expected = {0.1, 0.09755282581475769, 0.09045084971874738, 0.007938926261462368, 0.006545084971874739,
                              0.005000000000000002, 0.0003454915028125265};
    CHECK(lrs_of(subject, both, 6) == expected);
}

TEST_CASE("CosineAnnealingLR resumed with last_epoch = 0 reports the same lr") {
    Subject subject;
    CosineAnnealingLR first(subject.optimizer, {.T_max = 10});
    first.step();
    CosineAnnealingLR second(subject.optimizer, {.T_max = 10, .last_epoch = 0});
    CHECK(second.get_last_lr() == first.get_last_lr());
    CHECK(second.last_epoch() == 1);
}

TEST_CASE("a loaded state that resets the counter makes the next step the closed form") {
    Subject subject;
    CosineAnnealingLR scheduler(subject.optimizer, {.T_max = 5, .eta_min = 0.01});
    subject.optimizer.param_groups()[0].options.lr = 7;
    scheduler.load_state_dict(Dict{{"_step_count", 0}, {"last_epoch", 6}});
    scheduler.step();
    CHECK(subject.lr() == 0.041094235253127366);
}

TEST_CASE("the step after a minimum passes over groups that were added later, if it is told to") {
    Subject subject;
    CosineAnnealingLR scheduler(subject.optimizer, {.T_max = 1});
    scheduler.set_added_groups(sched::AddedGroups::leave);
    scheduler.step();
    subject.add_group(0.7);
    scheduler.step();
    CHECK(subject.lrs() == Numbers{0.1, 0.7});
    scheduler.step();  // the ratio form reaches them: 0 / 2
    CHECK(subject.lrs() == Numbers{0, 0});
    CHECK(scheduler.get_last_lr().size() == 2);
}

TEST_CASE("T_max may be negative or enormous") {
    Subject mirrored, plain, slow;
    CosineAnnealingLR backwards(mirrored.optimizer, {.T_max = -5, .eta_min = 0.01});
    CosineAnnealingLR forwards(plain.optimizer, {.T_max = 5, .eta_min = 0.01});
    CHECK(lrs_of(mirrored, [&] { backwards.step(); }, 12) == lrs_of(plain, [&] { forwards.step(); }, 12));
    CosineAnnealingLR scheduler(slow.optimizer, {.T_max = std::numeric_limits<std::int64_t>::max()});
    CHECK(lrs_of(slow, [&] { scheduler.step(); }, 3) == Numbers{0.1, 0.1, 0.1, 0.1});
}

TEST_CASE("CosineAnnealingLR refuses to divide by 0") {
    Subject subject;
    const std::string text = message_of<std::invalid_argument>([&] { CosineAnnealingLR(subject.optimizer, {.T_max = 0}); });
    CHECK(text == "CosineAnnealingLR: T_max must not be 0, got 0");

    const std::int64_t T_max = std::int64_t{1} << 40;  // cos(pi (T_max - 1) / T_max) rounds to -1
    CosineAnnealingLR scheduler(subject.optimizer, {.T_max = T_max});
    scheduler.step(T_max - 1);
    CHECK_THROWS_AS(scheduler.step(), std::invalid_argument);
    CHECK(scheduler.last_epoch() == T_max - 1);
}

TEST_CASE("a NaN lr goes on") {
    Subject subject({std::nan("")});
    CosineAnnealingLR scheduler(subject.optimizer, {.T_max = 5});
    scheduler.step();
    CHECK(std::isnan(subject.lr()));
}

}  // namespace ravine::testing
