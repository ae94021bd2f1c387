#include "harness.h"

#include <ravine/optim/adamw.h>

namespace ravine::testing {

using sched::CosineAnnealingLR;
using sched::StepLR;

namespace {

std::vector<std::string> keys_of(const Value& state) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : state.as<Dict>()) keys.push_back(key.as<std::string>());
    return keys;
}

}  // namespace

TEST_CASE("state dicts have torch's keys in torch's order") {
    Subject subject;
    StepLR steps(subject.optimizer, {.step_size = 3});
    CosineAnnealingLR cosine(subject.optimizer, {.T_max = 5});
    const std::vector<std::string> tail = {"base_lrs", "last_epoch", "_step_count", "_is_initial", "_get_lr_called_within_step",
                                           "_last_lr"};
    std::vector<std::string> expected = {"step_size", "gamma"};
    expected.insert(expected.end(), tail.begin(), tail.end());
    CHECK(keys_of(steps.state_dict()) == expected);
    expected.erase(expected.begin(), expected.begin() + 2);
    expected.insert(expected.begin(), {"T_max", "eta_min"});
    CHECK(keys_of(cosine.state_dict()) == expected);
}

TEST_CASE("state dicts hold torch's values") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 3, .gamma = 0.5});
    lrs_of(subject, [&] { scheduler.step(); }, 4);
    CHECK(scheduler.state_dict() == Value(Dict{{"step_size", 3},
                                               {"gamma", 0.5},
                                               {"base_lrs", List{0.1}},
                                               {"last_epoch", 4},
                                               {"_step_count", 5},
                                               {"_is_initial", false},
                                               {"_get_lr_called_within_step", false},
                                               {"_last_lr", List{0.05}}}));
}

TEST_CASE("a state loaded into a differently configured scheduler makes it equal") {
    Subject one({0.1, 0.3}), other({7, 8});
    CosineAnnealingLR source(one.optimizer, {.T_max = 5, .eta_min = 0.01});
    lrs_of(one, [&] { source.step(); }, 10);
    CosineAnnealingLR target(other.optimizer, {.T_max = 77, .eta_min = 0.5});
    target.load_state_dict(source.state_dict());
    CHECK(target.state_dict() == source.state_dict());
    CHECK(target.get_last_lr() == source.get_last_lr());
    CHECK(other.lrs() == Numbers{7, 8});
}

TEST_CASE("new objects with both states loaded continue like the old ones at any step") {
    for (int stop = 0; stop <= 12; ++stop) {
        Subject old_subject({0.1, 0.3});
        StepLR old_steps(old_subject.optimizer, {.step_size = 4, .gamma = 0.7});
        CosineAnnealingLR old_cosine(old_subject.optimizer, {.T_max = 5});
        const auto old_step = [&] {
            old_steps.step();
            old_cosine.step();
        };
        lrs_of(old_subject, old_step, stop);

        Subject subject({0.1, 0.3});
        StepLR steps(subject.optimizer, {.step_size = 1});
        CosineAnnealingLR cosine(subject.optimizer, {.T_max = 1});
        steps.load_state_dict(old_steps.state_dict());
        cosine.load_state_dict(old_cosine.state_dict());
        subject.optimizer.load_state_dict(old_subject.optimizer.state_dict());
        const auto step = [&] {
            steps.step();
            cosine.step();
        };
        CHECK(lrs_of(subject, step, 12) == lrs_of(old_subject, old_step, 12));
        CHECK(subject.sink.codes.empty());
    }
}

TEST_CASE("unknown keys are passed over and absent ones keep what is there") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 3, .gamma = 0.5});
    const Value before = scheduler.state_dict();
    scheduler.load_state_dict(Dict{{"verbose", false}});
    CHECK(scheduler.state_dict() == before);
    scheduler.load_state_dict(Dict{{"gamma", 1}, {"last_epoch", 2}});
    subject.optimizer.step();
    scheduler.step();
    CHECK(scheduler.last_epoch() == 3);
    CHECK(scheduler.state_dict().at("gamma") == Value(1.0));
    CHECK(subject.lr() == 0.1);
}

TEST_CASE("a state of a schedule with tensors as lr is read as numbers") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 1, .gamma = 0.5});
    scheduler.load_state_dict(Dict{{"base_lrs", List{scalar_tensor(4, DType::f32)}}});
    scheduler.step(1);
    CHECK(subject.lr() == 2);
}

TEST_CASE("loading is all or nothing") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 3, .gamma = 0.5});
    const Value before = scheduler.state_dict();
    const auto complaint = [&](const Value& state) {
        return message_of<std::invalid_argument>([&] { scheduler.load_state_dict(state); });
    };
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"_last_lr", "abc"}}), "StepLR: _last_lr must be a list of numbers, got 'abc'"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"step_size", 3.0}}), "StepLR: step_size must be an integer, got 3.0"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"step_size", 0}}), "StepLR: step_size must not be 0, got 0"));
    CHECK(contains(complaint(Dict{{"gamma", true}}), "StepLR: gamma must be a number"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"_is_initial", 0}}), "_is_initial must be a bool"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"last_epoch", std::int64_t{1} << 60}}), "last_epoch must be within"));
    CHECK(contains(complaint(Dict{{"gamma", 0.1}, {"base_lrs", List{0.1, 0.2}}}), "base_lrs must have at most one lr per group (1)"));
    CHECK(contains(complaint(List{}), "StepLR: state_dict must be a dict"));
    CHECK(scheduler.state_dict() == before);
}

}  // namespace ravine::testing
