#include "harness.h"

namespace ravine::testing {
namespace {

struct StateRun {
    Parameters parameters;
    Optimizer optimizer;
    StateRun(std::string_view name, const Dict& options, DType dtype = DType::f32, std::vector<Shape> shapes = small_shapes())
        : parameters(make_parameters(shapes, dtype)), optimizer(optim::make(name, parameters, options)) {}
    void step(int number) {
        backward(parameters, number);
        optimizer.step();
    }
};

Parameters named_parameters(const std::vector<std::string>& names) {
    Parameters result;
    for (const std::string& name : names) result.emplace_back(name, random_tensor({name.size() + 1}, DType::f32, name.size()));
    return result;
}

/// The complaint of a load that must change nothing.
std::string load_refusal(Optimizer& optimizer, const Value& state, const optim::LoadOptions& options = {}) {
    const Value before = optimizer.state_dict().clone();
    const std::string text = message_of<std::invalid_argument>([&] { optimizer.load_state_dict(state, options); });
    CHECK(optimizer.state_dict() == before);
    return text;
}

}  // namespace

TEST_CASE("save, load, step equals step") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const DType dtype : every_dtype) {
            for (const int stop : {0, 1, 3}) {
                StateRun old(name, options, dtype);
                for (int step = 1; step <= stop; ++step) old.step(step);
                StateRun fresh(name, {}, dtype);
                for (std::size_t i = 0; i < old.parameters.size(); ++i) {
                    fresh.parameters[i].data().copy_(old.parameters[i].data());
                }
                fresh.optimizer.load_state_dict(old.optimizer.state_dict().clone());
                CHECK(fresh.optimizer.state_dict() == old.optimizer.state_dict());
                for (int step = stop + 1; step <= stop + 3; ++step) {
                    old.step(step);
                    fresh.step(step);
                }
                CHECK(snapshot(fresh.optimizer, fresh.parameters) == snapshot(old.optimizer, old.parameters));
            }
        }
    });
}

TEST_CASE("a state_dict has torch's layout") {
    const Parameters named = named_parameters({"a", "bc", "def"});
    optim::AdamW optimizer({named[0], named[1]}, {.amsgrad = true});
    optimizer.add_param_group({named[2]}, {{"lr", 0.5}, {"eps", 1.0}});
    const std::vector<std::size_t> order = {2, 0};  // ids come in the order in which state was made
    for (const std::size_t i : order) {
        named[i].set_grad(random_tensor(named[i].data().shape(), DType::f32, 9));
        optimizer.step();
        named[i].set_grad(nullptr);
    }
    const Value state = optimizer.state_dict();
    const auto keys = [](const Value& dict) {
        std::string result;
        for (const auto& [key, value] : dict.as<Dict>()) result.append(key.to_string()).append(" ");
        return result;
    };
    CHECK(keys(state) == "'state' 'param_groups' ");
    CHECK(keys(state.at("state")) == "2 0 ");
    CHECK(keys(state.at("state").at(0)) == "'step' 'exp_avg' 'exp_avg_sq' 'max_exp_avg_sq' ");
    CHECK(state.at("state").at(0).at("step") == Value(scalar_tensor(1, DType::f32)));
    CHECK(keys(state.at("param_groups").items()[0]) ==
          "'param_names' 'lr' 'betas' 'eps' 'weight_decay' 'amsgrad' 'maximize' 'foreach' 'capturable' 'differentiable' 'fused' "
          "'decoupled_weight_decay' 'params' ");
    CHECK(keys(state.at("param_groups").items()[1]).starts_with("'lr' 'eps' 'param_names' 'betas' 'weight_decay'"));
    CHECK(state.at("param_groups").items()[1].at("params") == Value(List{2}));
}

TEST_CASE("a parameter that is twice in a group has its last position as its id, and ids count on over it") {
    Sink sink;
    const Parameter p(zeros({1}, DType::f32)), q(zeros({1}, DType::f32)), r(zeros({1}, DType::f32));
    Optimizer optimizer = optim::make("Adam", {p, q, p}, {}, {.log = &sink});
    optimizer.add_param_group({r});
    const Value groups = optimizer.state_dict().at("param_groups");
    CHECK(groups.items()[0].at("params") == Value(List{2, 1, 2}));
    CHECK(groups.items()[1].at("params") == Value(List{3}));
}

TEST_CASE("what is loaded replaces every option, and what a scheduler added") {
    StateRun source("Adam", {{"lr", 0.5}, {"betas", Tuple{0.5, 0.25}}, {"amsgrad", true}, {"foreach", true}}, DType::f32, {{2}}), target("Adam", {}, DType::f32, {{2}});
    source.optimizer.param_groups()[0].set("initial_lr", 0.75);
    source.step(1);
    target.optimizer.load_state_dict(source.optimizer.state_dict());
    CHECK(target.optimizer.state_dict() == source.optimizer.state_dict());
    CHECK(target.optimizer.param_groups()[0].get("initial_lr") == Value(0.75));
    CHECK(target.optimizer.param_groups()[0].get("foreach") == Value(true));
}

TEST_CASE("SGD without momentum has no state, with momentum a buffer and no step") {
    StateRun plain("SGD", {}), heavy("SGD", {{"momentum", 0.9}}, DType::f32, {{3}});
    plain.step(1);
    heavy.step(1);
    CHECK(plain.optimizer.state_dict().at("state") == Value(Dict()));
    CHECK(heavy.optimizer.state_dict().at("state").at(0) == Value(Dict{{"momentum_buffer", heavy.parameters[0].grad()}}));
}

TEST_CASE("the tensors of a state_dict are the live ones, and clone keeps a moment") {
    StateRun run("AdamW", {}, DType::f32, {{5}});
    run.step(1);
    const Value live = run.optimizer.state_dict(), moment = live.clone();
    run.step(2);
    CHECK(live.at("state").at(0).at("exp_avg") == Value(run.optimizer.state(run.parameters[0], "exp_avg")));
    CHECK_FALSE(live == moment);
    CHECK(live.at("state").at(0).at("exp_avg").as<Tensor>().is_same_view(run.optimizer.state(run.parameters[0], "exp_avg")));
}

TEST_CASE("what is loaded is a copy") {
    StateRun source("AdamW", {}), target("AdamW", {});
    source.step(1);
    const Value state = source.optimizer.state_dict(), before = state.clone();
    target.optimizer.load_state_dict(state);
    target.step(2);
    CHECK(state == before);
}

TEST_CASE("state is reached by slot, and an unknown slot lists the known ones") {
    StateRun run("Adam", {}, DType::f32, {{5}});
    CHECK(run.optimizer.state(run.parameters[0]).empty());
    CHECK(contains(message_of<std::out_of_range>([&] { run.optimizer.state(run.parameters[0], "exp_avg"); }), "which has none"));
    run.step(1);
    run.step(2);
    CHECK(run.optimizer.state(run.parameters[0], "step").item() == 2);
    CHECK(run.optimizer.state(run.parameters[0], "exp_avg").span<const float>().size() == 5);
    const std::string text = message_of<std::out_of_range>([&] { run.optimizer.state(run.parameters[0], "momentum_buffer"); });
    CHECK(contains(text, "Adam: 'momentum_buffer' must be in the state of a parameter of shape (5,), which has step, exp_avg, exp_avg_sq"));
}

TEST_CASE("named parameters are found by name, in any order") {
    const Parameters one = named_parameters({"a", "bc", "def"});
    const Parameters other = {one[2], one[0], one[1]};
    optim::AdamW source(one), target(other);
    backward(one, 1);
    source.step();
    target.load_state_dict(source.state_dict());
    CHECK(snapshot(target, one) == snapshot(source, one));

    optim::AdamW renamed(named_parameters({"x", "bc", "def"}));
    const std::string text = load_refusal(renamed, source.state_dict());
    CHECK(contains(text, "must have the parameter 'x'"));
    CHECK(contains(text, "got 'a'"));
    renamed.load_state_dict(source.state_dict(), {.positional = true});
    CHECK(Value(renamed.state(renamed.param_groups()[0].params()[0], "exp_avg")) == Value(source.state(one[0], "exp_avg")));
}

TEST_CASE("named and unnamed optimizers load each other's state") {
    const Parameters named = named_parameters({"a", "bc"});
    const Parameters nameless = {Parameter(named[0].data().clone()), Parameter(named[1].data().clone())};
    optim::AdamW source(named), target(nameless);
    backward(named, 1);
    backward(nameless, 1);
    source.step();
    target.load_state_dict(source.state_dict());
    CHECK(target.state_dict().at("param_groups").items()[0].at("param_names") == Value(List{"a", "bc"}));
    optim::AdamW again(named);
    again.load_state_dict(optim::AdamW(nameless, {.lr = 0.5}).state_dict());
    CHECK(again.param_groups()[0].options.lr == 0.5);
    CHECK(again.state_dict().at("param_groups").items()[0].at("param_names") == Value(List{"a", "bc"}));
}

TEST_CASE("keys that are no options are kept for the way back") {
    StateRun run("AdamW", {}, DType::f32, {{2}});
    run.optimizer.param_groups()[0].set("initial_lr", 0.5);
    Value state = run.optimizer.state_dict();
    state.at("param_groups").as<List>().items[0].as<Dict>().set("note", List{1, "two"});
    run.optimizer.load_state_dict(state);
    CHECK(run.optimizer.state_dict().at("param_groups").items()[0].at("note") == Value(List{1, "two"}));
    CHECK(run.optimizer.param_groups()[0].get("initial_lr") == Value(0.5));
}

TEST_CASE("what old checkpoints lack is filled in") {
    for (const std::string_view name : elementwise_names()) {
        StateRun source(name, {}), target(name, {});
        source.step(1);
        Value state = source.optimizer.state_dict();
        Dict& group = state.at("param_groups").as<List>().items[0].as<Dict>();
        for (const char* key : {"foreach", "differentiable", "maximize", "capturable", "fused"}) group.erase(key);
        target.optimizer.load_state_dict(state);
        CHECK(target.optimizer.state_dict().at("state") == source.optimizer.state_dict().at("state"));
        for (const char* key : {"foreach", "differentiable", "maximize", "fused"}) {
            if (!source.optimizer.param_groups()[0].has(key)) continue;
            CHECK(target.optimizer.param_groups()[0].get(key) == source.optimizer.param_groups()[0].get(key));
        }
        CHECK(contains(load_refusal(target.optimizer, [&] {
                           Value without = source.optimizer.state_dict();
                           without.at("param_groups").as<List>().items[0].as<Dict>().erase("lr");
                           return without;
                       }()),
                       "lr must be given"));
    }
}

TEST_CASE("a step may be a number, as in old checkpoints") {
    StateRun source("Adam", {}, DType::f32, {{4}}), target("Adam", {}, DType::f32, {{4}});
    source.step(1);
    Value state = source.optimizer.state_dict();
    for (const Value& step : {Value(1), Value(1.0), Value(scalar_tensor(1, DType::f64))}) {
        state.at("state").at(0).as<Dict>().set("step", step);
        target.optimizer.load_state_dict(state);
        CHECK(target.optimizer.state_dict() == source.optimizer.state_dict());
    }
    for (const Value& step : {Value(-1), Value(0.5), Value("1"), Value(zeros({2}, DType::f32))}) {
        state.at("state").at(0).as<Dict>().set("step", step);
        CHECK(contains(load_refusal(target.optimizer, state), "step must be a count of steps"));
    }
}

TEST_CASE("steps beyond 2^24 are counted exactly and shown as the nearest float32") {
    StateRun run("Adam", {}, DType::f32, {{2}});
    run.step(1);
    Value state = run.optimizer.state_dict();
    state.at("state").at(0).as<Dict>().set("step", 16'777'216);
    run.optimizer.load_state_dict(state);
    for (int i = 0; i < 4; ++i) run.step(2);
    CHECK(run.optimizer.state(run.parameters[0], "step").item() == 16'777'220);
}

TEST_CASE("AdamW's decay is decoupled whatever was loaded, Adam's as loaded") {
    StateRun adam("Adam", {}, DType::f32, {{2}}), adamw("AdamW", {}, DType::f32, {{2}});
    adam.step(1);
    adamw.step(1);
    const Value from_adam = adam.optimizer.state_dict().clone(), from_adamw = adamw.optimizer.state_dict().clone();
    adamw.optimizer.load_state_dict(from_adam);
    CHECK(adamw.optimizer.param_groups()[0].get("decoupled_weight_decay") == Value(true));
    adam.optimizer.load_state_dict(from_adamw);
    CHECK(adam.optimizer.param_groups()[0].get("decoupled_weight_decay") == Value(true));
}

TEST_CASE("a state that does not fit is refused whole, with every complaint") {
    StateRun run("Adam", {}, DType::f32, {{4}, {2, 3}});
    run.step(1);
    const Value good = run.optimizer.state_dict().clone();
    const auto with = [&](const std::function<void(Value&)>& change) {
        Value bad = good.clone();
        change(bad);
        return load_refusal(run.optimizer, bad);
    };
    const auto slots = [](Value& state, int id) -> Dict& { return state.at("state").at(id).as<Dict>(); };
    const auto group = [](Value& state) -> Dict& { return state.at("param_groups").as<List>().items[0].as<Dict>(); };
    CHECK(contains(load_refusal(run.optimizer, Value(3)), "Adam: load_state_dict must be given the state of such an optimizer"));
    CHECK(contains(load_refusal(run.optimizer, Dict{{"state", Dict()}}), "'param_groups'"));
    CHECK(contains(with([&](Value& s) { s.at("param_groups").as<List>().items.push_back(Dict{{"params", List()}}); }),
                   "the number of groups must be 1, got 2"));
    CHECK(contains(with([&](Value& s) { group(s).set("params", List{0}); }), "must have 2 parameters, got 1"));
    CHECK(contains(with([&](Value& s) { group(s).set("params", List{0, "x"}); }), "'params', a list of integers"));
    CHECK(contains(with([&](Value& s) { group(s).set("weight_decay", -1); }), "weight_decay must be >= 0, got -1 (param_groups[0])"));
    CHECK(contains(with([&](Value& s) { group(s).set("betas", Tuple{0.9}); }), "betas must be two floats"));
    CHECK(contains(with([&](Value& s) { s.at("state").as<Dict>().set(7, Dict()); }), "got 7"));
    CHECK(contains(with([&](Value& s) { slots(s, 1).erase("exp_avg"); }), "must have step, exp_avg, exp_avg_sq"));
    CHECK(contains(with([&](Value& s) { slots(s, 1).erase("step"); }), "must have step"));
    CHECK(contains(with([&](Value& s) { slots(s, 1).set("sum", 3); }), "sum must be no part of it"));
    const std::string both = with([&](Value& s) {
        slots(s, 0).set("exp_avg", zeros({5}, DType::f32));
        slots(s, 1).set("exp_avg_sq", zeros({2, 3}, DType::f64));
    });
    CHECK(contains(both, "exp_avg must be a float32 tensor of shape (4,), got tensor(float32, (5,))"));
    CHECK(contains(both, "exp_avg_sq must be a float32 tensor of shape (2, 3), got tensor(float64, (2, 3))"));
    run.optimizer.load_state_dict(good);
}

TEST_CASE("loading by position casts to the parameter's dtype, as torch does") {
    StateRun source("Adam", {}, DType::f32, {{6}}), target("Adam", {}, DType::bf16, {{6}});
    source.step(1);
    CHECK(contains(load_refusal(target.optimizer, source.optimizer.state_dict()), "exp_avg must be a bfloat16 tensor"));
    target.optimizer.load_state_dict(source.optimizer.state_dict(), {.positional = true});
    CHECK(Value(target.optimizer.state(target.parameters[0], "exp_avg")) ==
          Value(source.optimizer.state(source.parameters[0], "exp_avg").to(DType::bf16)));
    CHECK(target.optimizer.state(target.parameters[0], "step").dtype() == DType::f32);
}

TEST_CASE("a parameter without state in a checkpoint has none after loading") {
    StateRun source("AdamW", {}, DType::f32, {{2}}), target("AdamW", {}, DType::f32, {{2}});
    target.step(1);
    target.optimizer.load_state_dict(source.optimizer.state_dict());
    CHECK(target.optimizer.state(target.parameters[0]).empty());
}

}  // namespace ravine::testing
