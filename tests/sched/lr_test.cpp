// The lr as a function of the step, and the schedules that torch does not have.
#include "harness.h"

#include <cmath>
#include <numbers>

namespace ravine::testing {

TEST_CASE("lr(step) has the bits of step(epoch), changes nothing, and needs no step before") {
    for (const auto& example : one_of_each()) {
        const std::string_view type = example.type;
        const auto& options = example.options;
        CAPTURE(type);
        Subject subject({0.1, 0.03}), other({0.1, 0.03});
        sched::LRScheduler scheduler = sched::make(type, subject.optimizer, options);
        const Value before = scheduler.state_dict();
        const Numbers lrs = subject.lrs();
        if (type == "MultiplicativeLR" || type == "SWALR" || type == "ChainedScheduler" || type == "ReduceLROnPlateau") {
            CHECK(contains(complaint([&] { (void)scheduler.lr(3); }),
                           "lr must be asked of a class whose lr is a function of the step, got step 3"));
            continue;
        }
        for (const std::int64_t at : {0, 1, 2, 5, 11, 30}) {
            const Numbers asked = scheduler.lr(at);
            if (type == "SequentialLR") continue;
            sched::LRScheduler jumping = sched::make(type, other.optimizer, options);
            jumping.step(at);
            CHECK(asked == other.lrs());
        }
        CHECK(scheduler.state_dict() == before);
        CHECK(subject.lrs() == lrs);
        CHECK(subject.sink.codes.empty());
    }
}

TEST_CASE("lr(step) of a sequence is that of its stage") {
    Subject subject;
    sched::LinearLR linear(subject.optimizer, {.start_factor = 0.1, .total_iters = 3});
    sched::CosineAnnealingLR cosine(subject.optimizer, {.T_max = 10});
    sched::SequentialLR sequence(subject.optimizer, {linear, cosine}, {.milestones = {3}});
    CHECK(sequence.lr(2) == linear.lr(2));
    CHECK(sequence.lr(3) == cosine.lr(0));
    CHECK(sequence.lr(8) == cosine.lr(5));
    sched::SequentialLR unsorted(subject.optimizer, {linear, cosine, linear}, {.milestones = {5, 3}});
    CHECK(complaint([&] { (void)unsorted.lr(2); }) ==
          "SequentialLR: milestones must be positive and rise for lr(step), got 3 after 5");
}

TEST_CASE("lr(step) of schedules that set the lr is exactly what plain steps write") {
    for (const std::string_view type :
         {"LambdaLR", "CyclicLR", "OneCycleLR", "WarmupCosineLR", "WarmupStableDecayLR", "InverseSquareRootLR"}) {
        CAPTURE(type);
        for (const auto& named : one_of_each()) {
            const std::string_view name = named.type;
            const auto& options = named.options;
            if (name != type) continue;
            Subject subject;
            sched::LRScheduler scheduler = sched::make(type, subject.optimizer, options);
            for (std::int64_t at = 1; at <= 20; ++at) {
                scheduler.step();
                CHECK(subject.lrs() == scheduler.lr(at));
            }
        }
    }
}

TEST_CASE("WarmupCosineLR rises to the base lr, falls to eta_min and stays") {
    Subject subject({0.4});
    sched::WarmupCosineLR scheduler(subject.optimizer,
                                    {.warmup_iters = 4, .total_iters = 8, .start_factor = 0.5, .eta_min = 0.1});
    const Numbers lrs = lrs_of(
        subject, [&] { scheduler.step(); }, 10);
    CHECK(lrs[0] == 0.2);
    CHECK(lrs[2] == doctest::Approx(0.3));
    CHECK(lrs[4] == 0.4);
    CHECK(lrs[5] == doctest::Approx(0.1 + 0.3 * (1 + std::cos(std::numbers::pi / 4)) / 2));
    CHECK(lrs[6] == doctest::Approx(0.25));
    CHECK(lrs[8] == 0.1);
    CHECK(lrs[10] == 0.1);
}

TEST_CASE("WarmupStableDecayLR is trapezoidal, with three ways down") {
    const auto lrs = [](const std::string& decay) {
        Subject subject({1});
        sched::WarmupStableDecayLR scheduler(
            subject.optimizer, {.warmup_iters = 2, .stable_iters = 3, .decay_iters = 4, .decay = decay, .end_factor = 0.2});
        return lrs_of(
            subject, [&] { scheduler.step(); }, 11);
    };
    const Numbers linear = lrs("linear");
    CHECK(Numbers(linear.begin(), linear.begin() + 6) == Numbers{0, 0.5, 1, 1, 1, 1});
    CHECK(linear[7] == doctest::Approx(0.6));
    CHECK(lrs("cosine")[6] == doctest::Approx(0.2 + 0.8 * (1 + std::cos(std::numbers::pi / 4)) / 2));
    CHECK(lrs("1-sqrt")[6] == doctest::Approx(0.2 + 0.8 * 0.5));
    for (const std::string decay : {"linear", "cosine", "1-sqrt"}) {
        CHECK(lrs(decay)[9] == 0.2);
        CHECK(lrs(decay)[11] == 0.2);
    }
}

TEST_CASE("InverseSquareRootLR falls as one over the root of the step") {
    Subject subject({1});
    sched::InverseSquareRootLR scheduler(subject.optimizer, {.warmup_iters = 4});
    CHECK(lrs_of(
              subject, [&] { scheduler.step(); }, 4) == Numbers{0, 0.25, 0.5, 0.75, 1});
    CHECK(scheduler.lr(16) == Numbers{0.5});
    CHECK(scheduler.lr(400) == Numbers{0.1});
}

TEST_CASE("without a warm-up the first lr is the base lr") {
    Subject subject;
    CHECK(sched::WarmupCosineLR(subject.optimizer, {.warmup_iters = 0, .total_iters = 5}).lr(0) == Numbers{0.1});
    CHECK(sched::WarmupStableDecayLR(subject.optimizer, {.warmup_iters = 0, .stable_iters = 0, .decay_iters = 5}).lr(0) ==
          Numbers{0.1});
}

}  // namespace ravine::testing
