#include "any_run.h"

#include <ravine/optim/hooks.h>
#include <ravine/optim/lbfgs.h>

#include <cmath>
#include <optional>

namespace ravine::testing {
namespace {

using optim::RemovableHandle;
using optim::StepArguments;
using optim::StepHooks;

using Calls = std::vector<std::string>;

/// A hook of any kind that notes that it was called.
auto note(Calls& calls, std::string text) {
    return [&calls, text](auto&&...) { calls.push_back(text); };
}

struct Refusal : std::runtime_error {
    Refusal() : std::runtime_error("refused by a hook") {}
};
auto refuse_always() {
    return [](auto&&...) { throw Refusal(); };
}

}  // namespace

TEST_CASE("the hooks of a step are called once and in torch's order, for every class") {
    for_each_class([](std::string_view name, const Dict& options) {
        Calls calls;
        StepHooks global;
        global.register_optimizer_step_post_hook(note(calls, "global post"));
        global.register_optimizer_step_pre_hook(note(calls, "global pre"));
        AnyRun run(name, options, {.step_hooks = &global}), plain(name, options);
        run.optimizer.register_step_post_hook(note(calls, "post 1"));
        run.optimizer.register_step_pre_hook(note(calls, "pre 1"));
        run.optimizer.register_step_pre_hook(note(calls, "pre 2"));
        run.optimizer.register_step_post_hook(note(calls, "post 2"));
        for (int number = 1; number <= 2; ++number) {
            calls.clear();
            run.step(number);
            plain.step(number);
            CHECK(calls == Calls{"global pre", "pre 1", "pre 2", "post 1", "post 2", "global post"});
        }
        CHECK(run.result() == plain.result());
    });
}

TEST_CASE("hooks of a context are called for all of its optimizers, and for no other") {
    Calls calls;
    StepHooks global;
    global.register_optimizer_step_pre_hook([&](Optimizer& optimizer, StepArguments&) { calls.emplace_back(optimizer.name()); });
    AnyRun one("Adam", {}, {.step_hooks = &global}), other("SGD", {}, {.step_hooks = &global}), third("ASGD");
    one.step(1);
    third.step(1);
    other.step(1);
    CHECK(calls == Calls{"Adam", "SGD"});
}

TEST_CASE("a removed hook is not called any more, and lets go of what it held") {
    Calls calls;
    StepHooks global;
    std::optional<AnyRun> run(std::in_place, "Adam", Dict{}, Context{.step_hooks = &global});
    const auto held = std::make_shared<int>(0);
    std::vector<RemovableHandle> handles = {
        global.register_optimizer_step_pre_hook([held, &calls](auto&&...) { calls.emplace_back("global"); }),
        run->optimizer.register_step_pre_hook(note(calls, "a")),
        run->optimizer.register_step_pre_hook([held, &calls](auto&&...) { calls.emplace_back("b"); }),
        run->optimizer.register_step_post_hook(note(calls, "c")),
    };
    run->step(1);
    CHECK(calls == Calls{"global", "a", "b", "c"});
    handles[2].remove();
    handles[0].remove();
    handles[2].remove();
    CHECK(held.use_count() == 1);
    calls.clear();
    run->step(2);
    CHECK(calls == Calls{"a", "c"});
    run.reset();
    handles[1].remove();
    RemovableHandle().remove();
}

TEST_CASE("hooks may remove themselves and one another, and add hooks, while they run") {
    Calls calls;
    AnyRun run("Adam");
    RemovableHandle itself, next;
    itself = run.optimizer.register_step_pre_hook([&](Optimizer& optimizer, StepArguments&) {
        calls.emplace_back("first");
        itself.remove();
        next.remove();
        optimizer.register_step_pre_hook(note(calls, "added"));
        optimizer.register_step_post_hook(note(calls, "after"));
    });
    next = run.optimizer.register_step_pre_hook(note(calls, "next"));
    run.step(1);
    CHECK(calls == Calls{"first", "after"});
    run.step(2);
    CHECK(calls == Calls{"first", "after", "added", "after"});
}

TEST_CASE("a pre hook that throws makes no step, and nothing behind it is called, for every class") {
    for_each_class([](std::string_view name, const Dict& options) {
        Calls calls;
        StepHooks global;
        global.register_optimizer_step_post_hook(note(calls, "global post"));
        AnyRun run(name, options, {.step_hooks = &global});
        run.step(1);
        calls.clear();
        run.optimizer.register_step_pre_hook(note(calls, "before"));
        RemovableHandle refusal = run.optimizer.register_step_pre_hook(refuse_always());
        run.optimizer.register_step_pre_hook(note(calls, "behind"));
        run.optimizer.register_step_post_hook(note(calls, "post"));
        const Value before = run.result();
        CHECK_THROWS_AS(run.step(2), Refusal);
        CHECK(run.result() == before);
        CHECK(calls == Calls{"before"});
        refusal.remove();
        run.step(2);
        CHECK(calls == Calls{"before", "before", "behind", "post", "global post"});
    });
}

TEST_CASE("post hooks are not called for a step that throws") {
    Calls calls;
    AnyRun run("Adam");
    run.optimizer.register_step_post_hook(note(calls, "post"));
    run.step(1);
    CHECK_THROWS_AS(run.optimizer.step([]() -> double { throw Refusal(); }), Refusal);
    run.optimizer.param_groups()[0].set("eps", -1.0);
    CHECK_THROWS_AS(run.optimizer.step(), std::invalid_argument);
    CHECK(calls == Calls{"post"});
}

TEST_CASE("a post hook that throws comes after the step, which stays") {
    Calls calls;
    AnyRun run("Adam"), plain("Adam");
    run.optimizer.register_step_post_hook(refuse_always());
    run.optimizer.register_step_post_hook(note(calls, "behind"));
    CHECK_THROWS_AS(run.step(1), Refusal);
    plain.step(1);
    CHECK(run.result() == plain.result());
    CHECK(calls.empty());
}

TEST_CASE("a pre hook may put another closure in place, and later hooks and the step see it") {
    AnyRun run("SGD");
    run.backward(1);
    const auto replacing = [](Optimizer&, StepArguments& arguments) {
        arguments.closure = [inner = arguments.closure] { return (inner ? inner() : 100) + 1; };
    };
    run.optimizer.register_step_pre_hook(replacing);
    run.optimizer.register_step_pre_hook(replacing);
    double seen = 0;
    run.optimizer.register_step_post_hook([&](Optimizer&, const StepArguments& arguments) { seen = arguments.closure(); });
    CHECK(run.optimizer.step([] { return 5.0; }) == 7);
    CHECK(seen == 7);
    run.optimizer.step();
    CHECK(seen == 102);
}

TEST_CASE("a step whose closure a hook takes away has no loss") {
    AnyRun run("SGD");
    run.backward(1);
    RemovableHandle taking = run.optimizer.register_step_pre_hook([](Optimizer&, StepArguments& arguments) { arguments.closure = nullptr; });
    CHECK(std::isnan(run.optimizer.step([] { return 5.0; })));
    taking.remove();
    CHECK(run.optimizer.step([] { return 5.0; }) == 5);
}

TEST_CASE("a hook may give LBFGS the closure that it needs") {
    AnyRun run("LBFGS"), plain("LBFGS");
    run.backward(1);
    CHECK(contains(complaint([&] { run.optimizer.step(); }), "LBFGS: step must be given a closure"));
    run.optimizer.register_step_pre_hook([](Optimizer&, StepArguments& arguments) { arguments.closure = [] { return 1.0; }; });
    run.optimizer.step();
    plain.step(1);
    CHECK(run.result() == plain.result());
}

TEST_CASE("hooks move with their optimizer, and are given it where it is") {
    AnyRun run("Adam");
    const Optimizer* given = nullptr;
    run.optimizer.register_step_pre_hook([&](Optimizer& optimizer, StepArguments&) { given = &optimizer; });
    Optimizer moved = std::move(run.optimizer);
    moved.step();
    CHECK(given == &moved);
}

TEST_CASE("a pre hook's changes of options and gradients are those of the step") {
    AnyRun run("SGD"), plain("SGD", {{"lr", 0.5}});
    run.optimizer.register_step_pre_hook([](Optimizer& optimizer, StepArguments&) { optimizer.param_groups()[0].set("lr", 0.5); });
    run.step(1);
    plain.step(1);
    CHECK(run.result() == plain.result());
}

TEST_CASE("state dict hooks are called around it, and a post hook may change or replace what was made") {
    for_each_class([](std::string_view name, const Dict& options) {
        Calls calls;
        AnyRun run(name, options);
        run.step(1);
        const Value plain = run.optimizer.state_dict();
        run.optimizer.register_state_dict_pre_hook(note(calls, "pre"));
        run.optimizer.register_state_dict_pre_hook(note(calls, "earlier pre"), true);
        run.optimizer.register_state_dict_post_hook([&](const Optimizer&, Value& state) {
            CHECK(state == Value(Dict{{"only", 1}}));
            calls.emplace_back("post");
            state.as<Dict>().set("more", 2);
        });
        run.optimizer.register_state_dict_post_hook(
            [&](const Optimizer&, Value& state) {
                CHECK(state == plain);
                calls.emplace_back("earlier post");
                state = Dict{{"only", 1}};
            },
            true);
        CHECK(run.optimizer.state_dict() == Value(Dict{{"only", 1}, {"more", 2}}));
        CHECK(calls == Calls{"earlier pre", "pre", "earlier post", "post"});
    });
}

TEST_CASE("load hooks are called around it, and a pre hook may change or replace what is loaded, but not the caller's dict") {
    for_each_class([](std::string_view name, const Dict& options) {
        Calls calls;
        AnyRun source(name, options), target(name, options);
        source.step(1);
        const Value saved = source.optimizer.state_dict();
        Value broken = saved;
        broken.at("param_groups").as<List>().items[0].as<Dict>().set("lr", "none");
        const Value given = broken;
        target.optimizer.register_load_state_dict_post_hook([&](Optimizer& optimizer) {
            CHECK(optimizer.state_dict().at("state") == saved.at("state"));
            calls.emplace_back("post");
        });
        target.optimizer.register_load_state_dict_pre_hook([&](Optimizer&, Value& state) {
            calls.emplace_back("pre");
            state.at("param_groups").as<List>().items[0].as<Dict>().set("lr", 0.125);
        });
        RemovableHandle replacing = target.optimizer.register_load_state_dict_pre_hook(
            [&](Optimizer&, Value& state) {
                calls.emplace_back("earlier pre");
                state = saved;
            },
            true);
        target.optimizer.load_state_dict(Dict{});
        CHECK(calls == Calls{"earlier pre", "pre", "post"});
        replacing.remove();
        target.optimizer.load_state_dict(given);
        CHECK(given == broken);
        CHECK(target.optimizer.param_groups()[0].number("lr") == 0.125);
    });
}

TEST_CASE("a load that a hook or a complaint ends changes nothing, and calls nothing behind it") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun source(name, options), target(name, options), untouched(name, options);
        source.step(1);
        source.step(2);
        target.step(3);
        untouched.step(3);
        source.optimizer.param_groups()[0].set("lr", 0.25);
        source.optimizer.param_groups()[0].set("note", "more");
        const Value before = target.optimizer.state_dict().clone();
        for (const bool prepend : {false, true}) {
            RemovableHandle after = target.optimizer.register_load_state_dict_post_hook(refuse_always(), prepend);
            CHECK_THROWS_AS(target.optimizer.load_state_dict(source.optimizer.state_dict()), Refusal);
            CHECK(target.optimizer.state_dict() == before);
            after.remove();
            RemovableHandle ahead = target.optimizer.register_load_state_dict_pre_hook(refuse_always(), prepend);
            CHECK_THROWS_AS(target.optimizer.load_state_dict(source.optimizer.state_dict()), Refusal);
            ahead.remove();
        }
        Calls calls;
        target.optimizer.register_load_state_dict_post_hook(note(calls, "post"));
        CHECK_THROWS_AS(target.optimizer.load_state_dict(Dict{}), std::invalid_argument);
        CHECK(calls.empty());
        CHECK(target.optimizer.state_dict() == before);
        target.step(4);
        untouched.step(4);
        CHECK(target.result() == untouched.result());
    });
}

TEST_CASE("hooks are no part of a state dict") {
    AnyRun run("Adam"), plain("Adam");
    run.optimizer.register_step_pre_hook([](auto&&...) {});
    run.step(1);
    plain.step(1);
    CHECK(run.optimizer.state_dict() == plain.optimizer.state_dict());
}

TEST_CASE("an empty function is refused") {
    AnyRun run("Adam");
    StepHooks global;
    CHECK(complaint([&] { run.optimizer.register_step_pre_hook(nullptr); }) ==
          "Adam: register_step_pre_hook must be given a function, got an empty one");
    CHECK(contains(complaint([&] { run.optimizer.register_step_post_hook(nullptr); }), "register_step_post_hook must"));
    CHECK(contains(complaint([&] { run.optimizer.register_state_dict_pre_hook(nullptr); }), "register_state_dict_pre_hook must"));
    CHECK(contains(complaint([&] { run.optimizer.register_state_dict_post_hook(nullptr); }), "register_state_dict_post_hook must"));
    CHECK(contains(complaint([&] { run.optimizer.register_load_state_dict_pre_hook(nullptr); }), "register_load_state_dict_pre_hook must"));
    CHECK(contains(complaint([&] { run.optimizer.register_load_state_dict_post_hook(nullptr); }), "register_load_state_dict_post_hook must"));
    CHECK(contains(complaint([&] { global.register_optimizer_step_pre_hook(nullptr); }), "StepHooks: register_optimizer_step_pre_hook must"));
    CHECK(contains(complaint([&] { global.register_optimizer_step_post_hook(nullptr); }), "StepHooks: register_optimizer_step_post_hook must"));
}

}  // namespace ravine::testing
