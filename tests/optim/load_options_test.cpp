#include "any_run.h"

#include <ravine/optim/adam.h>
#include <ravine/runtime/file.h>

#include <cstdio>

namespace ravine::testing {
namespace {

using optim::LoadOptions;
using optim::MissingParameter;

/// The complaint of a load that must change nothing.
std::string refused_load(Optimizer& optimizer, const Value& state, const LoadOptions& options = {}) {
    const Value before = optimizer.state_dict().clone();
    const std::string text = complaint([&] { optimizer.load_state_dict(state, options); });
    CHECK(optimizer.state_dict() == before);
    return text;
}

Dict& group_of(Value& state) { return state.at("param_groups").as<List>().items[0].as<Dict>(); }

/// Calls `visit` with every tensor of a tree.
void for_each_tensor(const Value& tree, const std::function<void(const Tensor&)>& visit) {
    if (const Tensor* tensor = tree.get_if<Tensor>()) visit(*tensor);
    if (const Dict* dict = tree.get_if<Dict>()) {
        for (const auto& item : *dict) for_each_tensor(item.second, visit);
    }
    if (tree.is(Value::Kind::list) || tree.is(Value::Kind::tuple)) {
        for (const Value& item : tree.items()) for_each_tensor(item, visit);
    }
}

std::vector<Tensor> large_tensors(const Value& tree) {
    std::vector<Tensor> result;
    for_each_tensor(tree, [&](const Tensor& tensor) {
        if (tensor.numel() > 1) result.push_back(tensor);
    });
    return result;
}

}  // namespace

TEST_CASE("taking a state copies no tensor, for every class, and a clone keeps a moment") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun run(name, options);
        run.step(1);
        const Value taken = run.optimizer.state_dict(), again = run.optimizer.state_dict(), moment = taken.clone(), kept = moment.clone();
        const std::vector<Tensor> here = large_tensors(taken), there = large_tensors(again), copies = large_tensors(moment);
        REQUIRE(here.size() == there.size());
        CHECK_FALSE(here.empty());
        for (std::size_t i = 0; i < here.size(); ++i) {
            CHECK(here[i].is_same_view(there[i]));
            CHECK_FALSE(here[i].is_same_view(copies[i]));
        }
        run.step(2);
        CHECK(moment == kept);
        // A step of LBFGS makes its vectors anew.
        const bool follows = std::equal(here.begin(), here.end(), large_tensors(run.optimizer.state_dict()).begin(),
                                        [](const Tensor& a, const Tensor& b) { return a.is_same_view(b); });
        CHECK(follows == !run.is_joint());
        CHECK((taken.at("state") == moment.at("state")) == run.is_joint());
    });
}

TEST_CASE("loading copies, for every class: neither side sees the other's steps") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun source(name, options), target(name);
        source.step(1);
        const Value given = source.optimizer.state_dict(), kept = given.clone();
        target.optimizer.load_state_dict(given);
        const std::vector<Tensor> here = large_tensors(given), there = large_tensors(target.optimizer.state_dict());
        REQUIRE(here.size() == there.size());
        for (std::size_t i = 0; i < here.size(); ++i) CHECK_FALSE(here[i].is_same_view(there[i]));
        target.step(2);
        CHECK(given == kept);
        const Value after = target.optimizer.state_dict().clone();
        source.step(3);
        CHECK(target.optimizer.state_dict() == after);
    });
}

TEST_CASE("a state goes through a file into new objects of every class, which then step alike") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun old(name, options), fresh(name);
        for (int step = 1; step <= 3; ++step) old.step(step);
        save(old.optimizer.state_dict(), "any-state.safetensors");
        fresh.optimizer.load_state_dict(load("any-state.safetensors"));
        std::remove("any-state.safetensors");
        fresh.take_parameters_of(old);
        CHECK(fresh.optimizer.state_dict() == old.optimizer.state_dict());
        old.step(4);
        fresh.step(4);
        CHECK(fresh.result() == old.result());
    });
}

TEST_CASE("old checkpoints load, for every class: newer options are filled in, and a step may be a number of any kind") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun source(name, options);
        source.step(1);
        for (const Value& count : {Value(1), Value(1.0), Value(scalar_tensor(1, DType::f64))}) {
            AnyRun target(name);
            Value old = source.optimizer.state_dict().clone();
            Dict& group = group_of(old);
            for (const char* key : {"foreach", "differentiable", "maximize", "capturable", "fused", "nesterov", "centered", "decoupled_weight_decay"}) group.erase(key);
            if (!options.contains("amsgrad")) group.erase("amsgrad");
            if (name == "RMSprop") group.set("centered", true);
            for (const auto& item : old.at("state").as<Dict>()) {
                Dict& slots = old.at("state").at(item.first).as<Dict>();
                if (slots.contains("step")) slots.set("step", count);
                for (const char* scalar : {"mu_product", "eta", "mu"}) {
                    if (slots.contains(scalar)) slots.set(scalar, slots.at(scalar).as<Tensor>().item());
                }
            }
            target.optimizer.load_state_dict(old);
            CHECK(target.optimizer.state_dict().at("state") == source.optimizer.state_dict().at("state"));
            CHECK(target.optimizer.state_dict().at("param_groups").items()[0].at("lr") == source.optimizer.state_dict().at("param_groups").items()[0].at("lr"));
            AnyRun go_on(name, options);
            go_on.step(1);
            target.take_parameters_of(go_on);
            go_on.step(2);
            target.step(2);
            CHECK(target.result() == go_on.result());
        }
    });
}

TEST_CASE("an entry without anything is no state: the next step makes it") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun fresh(name, options), target(name, options);
        Value state = fresh.optimizer.state_dict();
        for (int id = 0; id < 3; ++id) state.at("state").as<Dict>().set(id, Dict());
        if (fresh.is_joint()) state.at("state") = Dict{};
        target.step(1);
        target.optimizer.load_state_dict(state);
        target.take_parameters_of(fresh);
        fresh.step(2);
        target.step(2);
        CHECK(target.result() == fresh.result());
    });
}

TEST_CASE("the options may stay as they are, for every class, and a scheduler's keys with them") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun source(name, options), target(name, options);
        source.step(1);
        optim::Group& group = target.optimizer.param_groups()[0];
        group.set("lr", 0.5);
        group.set("initial_lr", 0.75);
        const Value before = target.optimizer.state_dict().at("param_groups");
        Value saved = source.optimizer.state_dict();
        group_of(saved).set("lr", "not looked at");
        target.optimizer.load_state_dict(saved, {.keep_options = true});
        CHECK(target.optimizer.state_dict().at("param_groups") == before);
        CHECK(target.optimizer.state_dict().at("state") == source.optimizer.state_dict().at("state"));
    });
}

TEST_CASE("state that the kept options need must be there") {
    AnyRun source("Adam"), target("Adam", {{"amsgrad", true}});
    source.step(1);
    CHECK(contains(refused_load(target.optimizer, source.optimizer.state_dict(), {.keep_options = true}), "must have step, exp_avg, exp_avg_sq, max_exp_avg_sq"));
}

TEST_CASE("tensors of another dtype are converted if asked, for every class, and never otherwise") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun source(name, options, {}, DType::f64), target(name, options);
        source.step(1);
        const Value saved = source.optimizer.state_dict();
        CHECK(contains(refused_load(target.optimizer, saved), "must be a float32 tensor"));
        target.optimizer.load_state_dict(saved, {.cast = true});
        const std::vector<Tensor> wide = large_tensors(saved), narrow = large_tensors(target.optimizer.state_dict());
        REQUIRE(wide.size() == narrow.size());
        for (std::size_t i = 0; i < wide.size(); ++i) CHECK(Value(wide[i].to(DType::f32)) == Value(narrow[i]));
        Value more = saved;
        more.at("state").at(0).as<Dict>().set("extra", 1);
        CHECK(contains(refused_load(target.optimizer, more, {.cast = true}), "must be no part of it"));
    });
}

TEST_CASE("a parameter that the state dict lacks is refused, keeps its state or begins anew") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun two(name, options), three(name, options);
        if (two.is_joint()) return;  // all parameters have one state
        two.optimizer.remove_param(two.parameters[1]);
        two.step(1);
        three.step(2);
        const Value saved = two.optimizer.state_dict(), before = three.optimizer.state_dict().clone();
        CHECK(contains(refused_load(three.optimizer, saved), "param_groups[0] must have the parameter 'middle', got none of that name"));

        three.optimizer.load_state_dict(saved, {.missing = MissingParameter::keep});
        CHECK(three.optimizer.state_dict().at("state").at(1) == before.at("state").at(1));
        CHECK(Value(three.optimizer.state(three.parameters[0])) == Value(two.optimizer.state(two.parameters[0])));
        CHECK(Value(three.optimizer.state(three.parameters[2])) == Value(two.optimizer.state(two.parameters[2])));

        three.optimizer.load_state_dict(saved, {.missing = MissingParameter::initialise});
        CHECK(three.optimizer.state(three.parameters[1]).empty());
        CHECK(Value(three.optimizer.state(three.parameters[2])) == Value(two.optimizer.state(two.parameters[2])));
        AnyRun fresh(name, options);
        fresh.parameters[1].data().copy_(three.parameters[1].data());
        three.step(3);
        fresh.step(3);
        CHECK(Value(three.optimizer.state(three.parameters[1])) == Value(fresh.optimizer.state(fresh.parameters[1])));
    });
}

TEST_CASE("parameters that the optimizer does not have are refused or passed over") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun two(name, options), three(name, options);
        if (two.is_joint()) return;
        two.optimizer.remove_param(two.parameters[0]);
        three.step(1);
        const Value saved = three.optimizer.state_dict();
        CHECK(contains(refused_load(two.optimizer, saved), "param_groups[0] must have only parameters of the optimizer, got 'in'"));
        two.optimizer.load_state_dict(saved, {.ignore_surplus = true});
        CHECK(Value(two.optimizer.state(two.parameters[1])) == Value(three.optimizer.state(three.parameters[1])));
        CHECK(Value(two.optimizer.state(two.parameters[2])) == Value(three.optimizer.state(three.parameters[2])));
    });
}

TEST_CASE("parameters may have other names in the state dict, and several may have one source") {
    const auto named = [](std::string name) { return Parameter(std::move(name), zeros({2, 3}, DType::f32)); };
    const Parameters dense = {named("fc.weight"), named("head")}, experts = {named("head"), named("fc1.weight"), named("fc2.weight")};
    optim::Adam source(dense), target(experts);
    backward(dense, 1);
    source.step();
    const LoadOptions options = {.sources = {{"fc1.weight", "fc.weight"}, {"fc2.weight", "fc.weight"}}};
    target.load_state_dict(source.state_dict(), options);
    CHECK(Value(target.state(experts[0])) == Value(source.state(dense[1])));
    for (const std::size_t expert : {std::size_t{1}, std::size_t{2}}) CHECK(Value(target.state(experts[expert])) == Value(source.state(dense[0])));
    CHECK_FALSE(target.state(experts[1], "exp_avg").is_same_view(target.state(experts[2], "exp_avg")));
    CHECK(target.state_dict().at("param_groups").items()[0].at("param_names") == Value(List{"head", "fc1.weight", "fc2.weight"}));

    CHECK(contains(refused_load(target, source.state_dict(), {.sources = {{"fc1.weight", "fc.weight"}, {"fc2.weight", "fc.wait"}}}),
                   "must have the parameter 'fc.wait', got none of that name for 'fc2.weight'"));
    CHECK(contains(refused_load(target, source.state_dict(), {.sources = {{"fc3.weight", "fc.weight"}}}),
                   "sources must be for parameters of the optimizer, got one for 'fc3.weight'"));
}

TEST_CASE("options that match by name are refused where there are none") {
    AnyRun named("Adam"), nameless("Adam", {}, {}, DType::f32, {});
    nameless.step(1);
    for (const LoadOptions& options : {LoadOptions{.missing = MissingParameter::keep}, LoadOptions{.ignore_surplus = true}, LoadOptions{.sources = {{"in", "x"}}}}) {
        CHECK(contains(refused_load(named.optimizer, nameless.optimizer.state_dict(), options), "param_groups[0] must have names, here and there"));
    }
    CHECK(contains(refused_load(named.optimizer, nameless.optimizer.state_dict(), {.positional = true, .ignore_surplus = true}),
                   "positional must be without missing, ignore_surplus and sources"));
}

TEST_CASE("all that is wrong is in one message: groups, parameters, options and state") {
    AnyRun run("Adam");
    run.step(1);
    run.optimizer.add_param_group({Parameter("more", zeros({2}, DType::f32))});
    run.optimizer.add_param_group({Parameter("last", zeros({2}, DType::f32))});
    Value bad = run.optimizer.state_dict().clone();
    ValueList& groups = bad.at("param_groups").as<List>().items;
    groups.pop_back();
    groups[0].as<Dict>().set("lr", "fast");
    groups[0].as<Dict>().set("eps", -1.0);
    groups[0].as<Dict>().set("betas", Tuple{0.9, 1.5});
    groups[1].as<Dict>().set("param_names", List{"other"});
    groups[1].as<Dict>().erase("weight_decay");
    bad.at("state").at(0).as<Dict>().set("exp_avg", zeros({5, 3}, DType::f32));
    bad.at("state").at(2).as<Dict>().erase("exp_avg_sq");
    const std::string text = refused_load(run.optimizer, bad);
    for (const char* part : {"the number of groups must be 3, got 2", "lr must be a number, got 'fast' (str) (param_groups[0])", "eps must be >= 0, got -1 (param_groups[0])",
                             "betas[1] must be in [0, 1), got 1.5 (param_groups[0])", "param_groups[1] must have the parameter 'more'",
                             "param_groups[1] must have only parameters of the optimizer, got 'other'", "weight_decay must be given, got none (param_groups[1])",
                             "state of 'in': exp_avg must be a float32 tensor of shape (3, 5)", "state of 'out' must have step, exp_avg, exp_avg_sq"}) {
        CHECK_MESSAGE(contains(text, part), text << "\n" << std::string(part));
    }
}

TEST_CASE("one id for two parameters, and two states for one, are refused; by position the last one counts") {
    const Parameters equal = make_parameters({{4}, {4}}, DType::f32);
    optim::Adam optimizer(equal);
    backward(equal, 1);
    optimizer.step();
    Value twice = optimizer.state_dict().clone();
    group_of(twice).set("params", List{1, 1});
    twice.at("state").as<Dict>().erase(0);
    CHECK(contains(refused_load(optimizer, twice), "param_groups[0].params must be another id for each parameter, got 1 again"));
    optimizer.load_state_dict(twice, {.positional = true});
    CHECK(optimizer.state(equal[0]).empty());
    CHECK_FALSE(optimizer.state(equal[1]).empty());

    Sink sink;
    optim::Adam doubled({equal[0], equal[0]}, {}, {.log = &sink});
    Value two = optimizer.state_dict().clone();
    group_of(two).set("params", List{0, 1});
    two.at("state").as<Dict>().set(0, two.at("state").at(1));
    CHECK(contains(refused_load(doubled, two), "must be one, got two, under different ids"));
    doubled.load_state_dict(two, {.positional = true});
    CHECK(Value(doubled.state(equal[0])) == two.at("state").at(1));
}

}  // namespace ravine::testing
