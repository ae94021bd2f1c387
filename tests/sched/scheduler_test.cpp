#include "harness.h"

#include <memory>
#include <optional>
#include <type_traits>

namespace ravine::testing {

using sched::CosineAnnealingLR;
using sched::CosineAnnealingLROptions;
using sched::LRScheduler;
using sched::StepLR;
using sched::StepLROptions;

template <class Options> concept needs_no_option = requires { Options{}; };
template <class Options> concept gamma_suffices = requires { Options{.gamma = 0.5}; };
template <class Scheduler> concept steps_by_fractions = requires(Scheduler s) { s.step(0.5); };
static_assert(!needs_no_option<StepLROptions> && !gamma_suffices<StepLROptions> && !needs_no_option<CosineAnnealingLROptions>);
static_assert(!steps_by_fractions<StepLR>);
static_assert(!std::is_convertible_v<double, sched::required<std::int64_t>>);
static_assert(std::is_convertible_v<int, sched::required<double>>);
static_assert(sizeof(StepLR) == sizeof(LRScheduler));

TEST_CASE("the constructor gives the groups an initial_lr and keeps one that is there") {
    Subject subject({0.1, 0.2});
    subject.optimizer.param_groups()[1].set("initial_lr", 0.8);
    StepLR scheduler(subject.optimizer, {.step_size = 3});
    CHECK(subject.optimizer.param_groups()[0].number("initial_lr") == 0.1);
    CHECK(subject.optimizer.param_groups()[1].number("initial_lr") == 0.8);
    CHECK(scheduler.state_dict().at("base_lrs") == Value(List{0.1, 0.8}));
    CHECK(scheduler.last_epoch() == 0);
    CHECK(scheduler.get_last_lr() == Numbers{0.1, 0.2});
    CHECK(subject.sink.codes.empty());
}

TEST_CASE("resuming needs an initial_lr in every group") {
    Subject subject({0.1, 0.2});
    subject.optimizer.param_groups()[0].set("initial_lr", 0.1);
    const std::string text = message_of<std::out_of_range>([&] { StepLR(subject.optimizer, {.step_size = 1, .last_epoch = 0}); });
    CHECK(contains(text, "StepLR: initial_lr must be in every group"));
    CHECK(contains(text, "last_epoch = 0"));
    CHECK(contains(text, "(group 1)"));
    CHECK(subject.lrs() == Numbers{0.1, 0.2});
}

TEST_CASE("an optimizer without groups is refused") {
    Subject subject(Numbers{});
    const std::string text = message_of<std::invalid_argument>([&] { StepLR(subject.optimizer, {.step_size = 1}); });
    CHECK(text == "StepLR: the optimizer must have a parameter group, got none");
}

TEST_CASE("a group that was added later follows the rule") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 1});
    subject.add_group(0.7);
    scheduler.step();
    CHECK(subject.lrs() == Numbers{0.010000000000000002, 0.06999999999999999});
    CHECK(scheduler.get_last_lr() == subject.lrs());
    CHECK_FALSE(subject.optimizer.param_groups()[1].has("initial_lr"));
}

TEST_CASE("a closed form has no base lr for a group that was added later") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 1});
    subject.add_group(0.7);
    const std::string text = complaint([&] { scheduler.step(1); });
    CHECK(text == "StepLR: the optimizer must keep its groups, got 2 instead of 1 (see set_added_groups)");
    CHECK(subject.lrs() == Numbers{0.1, 0.7});
    CHECK(scheduler.last_epoch() == 0);
    scheduler.set_added_groups(sched::AddedGroups::leave);
    scheduler.step(1);
    CHECK(subject.lrs() == Numbers{0.010000000000000002, 0.7});
    CHECK(scheduler.get_last_lr() == subject.lrs());
}

TEST_CASE("a group that has gone is an error") {
    Subject subject({0.1, 0.2});
    StepLR scheduler(subject.optimizer, {.step_size = 1});
    subject.optimizer.group_set()->groups.pop_back();
    const std::string text = message_of<std::invalid_argument>([&] { scheduler.step(); });
    CHECK(contains(text, "StepLR: the optimizer must keep its groups, got 1 instead of 2"));
    CHECK(scheduler.last_epoch() == 0);
}

TEST_CASE("the first step before the optimizer's warns, later ones do not") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 3});
    for (int i = 0; i < 3; ++i) scheduler.step();
    REQUIRE(subject.sink.codes == std::vector{LogCode::order_violation});
    CHECK(contains(subject.sink.texts[0], "StepLR: step() was called before the optimizer's step()"));
}

TEST_CASE("the right order never warns") {
    Subject subject;
    StepLR first(subject.optimizer, {.step_size = 3});
    CosineAnnealingLR second(subject.optimizer, {.T_max = 35});
    const auto both = [&] {
        first.step();
        second.step();
    };
    lrs_of(subject, both, 35);
    CHECK(subject.sink.codes.empty());
}

TEST_CASE("an optimizer step made before the first scheduler does not count") {
    Subject subject;
    subject.optimizer.step();
    StepLR first(subject.optimizer, {.step_size = 3});
    subject.optimizer.step();
    StepLR second(subject.optimizer, {.step_size = 3});
    second.step();
    CHECK(subject.sink.codes.empty());

    Subject other;
    other.optimizer.step();
    StepLR scheduler(other.optimizer, {.step_size = 3});
    scheduler.step();
    CHECK(other.sink.codes == std::vector{LogCode::order_violation});
}

TEST_CASE("a scheduler that hooks of the optimizer's step drive never warns, and acts on the step that it stands before") {
    Subject subject;
    StepLR before(subject.optimizer, {.step_size = 1, .gamma = 0.5}), after(subject.optimizer, {.step_size = 1, .gamma = 0.5});
    Numbers seen;
    subject.optimizer.register_step_pre_hook([&](auto&&...) { before.step(); });
    subject.optimizer.register_step_post_hook([&](auto&&...) { seen.push_back(subject.lr()); });
    subject.optimizer.register_step_post_hook([&](auto&&...) { after.step(); });
    for (int i = 0; i < 2; ++i) subject.optimizer.step();
    CHECK(seen == Numbers{0.05, 0.0125});
    CHECK(subject.lr() == 0.00625);
    CHECK(subject.sink.codes.empty());
}

TEST_CASE("nor does it where a loaded state has brought an initial_lr") {
    Subject subject;
    subject.optimizer.param_groups()[0].set("initial_lr", 0.1);
    subject.optimizer.step();
    StepLR scheduler(subject.optimizer, {.step_size = 3});
    scheduler.step();
    CHECK(subject.sink.codes == std::vector{LogCode::order_violation});
}

TEST_CASE("resumed schedulers warn about the order too") {
    Subject subject;
    subject.optimizer.param_groups()[0].set("initial_lr", 0.1);
    StepLR scheduler(subject.optimizer, {.step_size = 3, .last_epoch = 10});
    scheduler.step();
    CHECK(subject.sink.codes == std::vector{LogCode::order_violation});
}

TEST_CASE("an epoch warns each time and repeats the same lr") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 1});
    subject.optimizer.step();
    Numbers seen;
    for (int i = 0; i < 10; ++i) {
        scheduler.step(2);
        seen.push_back(subject.lr());
    }
    CHECK(seen == Numbers(10, seen[0]));
    CHECK(subject.sink.codes == std::vector(10, LogCode::epoch_deprecated));
}

TEST_CASE("get_lr outside of a step warns and changes nothing") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 1});
    subject.optimizer.step();
    scheduler.step();
    CHECK(scheduler.get_lr() == Numbers{0.0010000000000000002});
    CHECK(subject.sink.codes == std::vector{LogCode::get_lr_outside_step});
    CHECK(subject.lr() == 0.010000000000000002);
}

TEST_CASE("epochs beyond 2^53 are refused") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 1});
    const std::int64_t too_far = (std::int64_t{1} << 53) + 1;
    CHECK_THROWS_AS(scheduler.step(too_far), std::invalid_argument);
    CHECK_THROWS_AS(scheduler.step(std::numeric_limits<std::int64_t>::min()), std::invalid_argument);
    CHECK_THROWS_AS(StepLR(subject.optimizer, {.step_size = 1, .last_epoch = too_far}), std::invalid_argument);
    CHECK(scheduler.last_epoch() == 0);
    CHECK(subject.sink.codes.empty());
}

TEST_CASE("a scheduler outlives its optimizer, and an optimizer may move") {
    Parameter parameter(zeros({2}, DType::f32));
    auto first = std::make_unique<optim::SGD>(Parameters{parameter}, optim::SGDOptions{.lr = 0.1});
    StepLR scheduler(*first, {.step_size = 1, .gamma = 0.5});
    optim::SGD second = std::move(*first);
    first.reset();
    scheduler.step();
    CHECK(second.param_groups()[0].options.lr == 0.05);
    {
        const optim::SGD gone = std::move(second);
    }
    scheduler.step();
    CHECK(scheduler.get_last_lr() == Numbers{0.025});
}

TEST_CASE("copies of a handle name the same scheduler, also as its base class") {
    Subject subject;
    StepLR scheduler(subject.optimizer, {.step_size = 1});
    LRScheduler copy = scheduler;
    LRScheduler moved = std::move(copy);
    moved.step();
    CHECK(scheduler.last_epoch() == 1);
    CHECK(copy.last_epoch() == 1);
    CHECK(moved.name() == "StepLR");
}

TEST_CASE("what the caller gets is the caller's") {
    Subject subject;
    StepLROptions options{.step_size = 1, .gamma = 0.5};
    StepLR scheduler(subject.optimizer, options);
    options.gamma = 9;
    Value state = scheduler.state_dict();
    state.as<Dict>().set("gamma", 9.0);
    state.as<Dict>().set("base_lrs", List{9.0});
    scheduler.get_last_lr()[0] = 9;
    scheduler.step();
    CHECK(subject.lr() == 0.05);
    scheduler.step(0);
    CHECK(subject.lr() == 0.1);
}

}  // namespace ravine::testing
