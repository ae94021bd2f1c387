#include "lbfgs_harness.h"

#include <ravine/runtime/file.h>

#include <cstdio>

namespace ravine::testing {
namespace {

std::string load_refusal_of_lbfgs(Optimizer& optimizer, const Value& state_dict) {
    return message_of<std::invalid_argument>([&] { optimizer.load_state_dict(state_dict); });
}

/// A state dict after a few steps, with another one made of it.
Value saved_state(const std::function<void(Dict&)>& change = [](Dict&) {}) {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters, {.max_iter = 4, .line_search_fn = wolfe});
    optimizer.step([&] { return problem.rosenbrock(); });
    Value result = optimizer.state_dict().clone();
    change(result.at("state").at(0).as<Dict>());
    return result;
}

}  // namespace

TEST_CASE("save, load, step equals step for LBFGS, bit for bit, through a file") {
    for (const DType dtype : {DType::f64, DType::f32}) {
        for (const std::optional<std::string>& search : {std::optional<std::string>(), std::optional<std::string>(wolfe)}) {
            for (int steps = 0; steps < 5; ++steps) {
                Problem problem = Problem::at({{-1.5, 2}, {0.3}}, dtype), resumed = Problem::at({{0, 0}, {0}}, dtype);
                LBFGS optimizer(problem.parameters, {.lr = search ? 1 : 1e-3, .max_iter = 2, .history_size = 3, .line_search_fn = search});
                for (int step = 0; step < steps; ++step) optimizer.step([&] { return problem.rosenbrock(); });
                save(optimizer.state_dict(), "lbfgs-state.safetensors");
                LBFGS other(resumed.parameters);
                other.load_state_dict(load("lbfgs-state.safetensors"));
                std::remove("lbfgs-state.safetensors");
                CHECK(other.state_dict() == optimizer.state_dict());
                for (std::size_t i = 0; i < 2; ++i) resumed.parameters[i].data().copy_(problem.parameters[i].data());
                optimizer.step([&] { return problem.rosenbrock(); });
                other.step([&] { return resumed.rosenbrock(); });
                CHECK(problem.point() == resumed.point());
                CHECK(other.state_dict() == optimizer.state_dict());
            }
        }
    }
}

TEST_CASE("a state dict shows a moment: a later step writes none of its tensors") {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters, {.max_iter = 3, .history_size = 2, .line_search_fn = wolfe});
    optimizer.step([&] { return problem.rosenbrock(); });
    const Value live = optimizer.state_dict(), kept = live.clone();
    optimizer.step([&] { return problem.rosenbrock(); });
    CHECK(live == kept);
    CHECK_FALSE(optimizer.state_dict() == kept);
}

TEST_CASE("loading is strict, says all that is wrong, and changes nothing then") {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters);
    optimizer.step([&] { return problem.rosenbrock(); });
    const Value before = optimizer.state_dict().clone();
    const auto refuses = [&](const std::function<void(Dict&)>& change, std::initializer_list<const char*> parts) {
        const std::string text = load_refusal_of_lbfgs(optimizer, saved_state(change));
        for (const char* part : parts) {
            CAPTURE(text);
            CHECK(contains(text, part));
        }
        CHECK(optimizer.state_dict() == before);
    };
    refuses([](Dict& state) { state.set("d", zeros({3}, DType::f64)); }, {"d must be a float64 tensor of shape (2,), got tensor(float64, (3,))"});
    refuses([](Dict& state) { state.set("d", zeros({2}, DType::f32)); }, {"d must be a float64 tensor"});
    refuses([](Dict& state) { state.erase("prev_loss"); }, {"prev_loss must be given, got none"});
    refuses([](Dict& state) { state.set("n_iter", -1); }, {"n_iter must be a count, got -1"});
    refuses([](Dict& state) { state.set("func_evals", 1.5); }, {"func_evals must be a count, got 1.5"});
    refuses([](Dict& state) { state.at("ro").as<List>().items.pop_back(); }, {"old_stps and ro must be as long as old_dirs"});
    refuses([](Dict& state) { state.set("old_dirs", 3); }, {"old_dirs must be a list, got 3"});
    refuses([](Dict& state) { state.set("exp_avg", 3); }, {"'exp_avg' must be no part of it"});
    refuses([](Dict& state) { state.set("t", "far"); state.set("H_diag", nullptr); }, {"t must be a number or a float64 tensor", "H_diag must be a number or"});
    optimizer.load_state_dict(saved_state());
    CHECK_FALSE(optimizer.state_dict() == before);
}

TEST_CASE("torch's way of loading takes other dtypes and passes over keys that are unknown") {
    Problem problem = Problem::ravine(DType::f32);
    LBFGS optimizer(problem.parameters);
    optimizer.load_state_dict(saved_state([](Dict& state) { state.set("extra", 1); }), {.positional = true});
    const Dict state = state_of(optimizer, problem);
    CHECK(state.at("d").as<Tensor>().dtype() == DType::f32);
    CHECK(state.at("ro").items()[0].as<Tensor>().dtype() == DType::f32);
    optimizer.step([&] { return problem.rosenbrock(); });
}

TEST_CASE("state that belongs to other parameters, or to these in another order, is refused") {
    const auto named = [](std::initializer_list<const char*> names) {
        Parameters result;
        for (const char* name : names) {
            const Tensor data = tensor_of({1, 2}, DType::f64);
            result.emplace_back(name, data, zeros_like(data));
        }
        return result;
    };
    Problem problem;
    problem.parameters = named({"a", "b", "c"});
    LBFGS optimizer(problem.parameters);
    optimizer.step([&] { return problem.rosenbrock(); });
    LBFGS same(named({"a", "b", "c"})), first(named({"b", "a", "c"})), last(named({"a", "c", "b"}));
    same.load_state_dict(optimizer.state_dict());
    CHECK(contains(load_refusal_of_lbfgs(first, optimizer.state_dict()), "state of 'a' must be none, since all is kept under the first parameter, 'b'"));
    CHECK(contains(load_refusal_of_lbfgs(last, optimizer.state_dict()), "state of 'a' must be of parameters in the same order"));
}

TEST_CASE("what old files lack is filled in: maximize is off") {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters, {.maximize = true});
    Value saved = optimizer.state_dict();
    saved.at("param_groups").as<List>().items[0].as<Dict>().erase("maximize");
    optimizer.load_state_dict(saved);
    CHECK_FALSE(optimizer.param_groups()[0].options.maximize);
}

TEST_CASE("the options are torch's, in torch's order, with None where nothing is chosen") {
    Problem problem = Problem::ravine();
    const LBFGS optimizer(problem.parameters);
    const std::vector<std::string> keys = {"lr", "max_iter", "max_eval", "tolerance_grad", "tolerance_change", "history_size", "line_search_fn", "maximize"};
    CHECK(keys_of(optimizer.defaults()) == keys);
    CHECK(optimizer.defaults().at("line_search_fn").is_null());
    Optimizer made = optim::make("lbfgs", problem.parameters, {{"lr", 1}, {"max_eval", nullptr}, {"line_search_fn", nullptr}});
    CHECK(made.state_dict() == optimizer.state_dict());
    made.param_groups()[0].set("line_search_fn", "strong_wolfe");
    CHECK(made.param_groups()[0].get("line_search_fn") == Value("strong_wolfe"));
    CHECK(message_of<std::invalid_argument>([&] { made.param_groups()[0].set("max_eval", 2.5); }) ==
          "LBFGS: max_eval must be an integer or None, got 2.5 (float)");
    CHECK(message_of<std::invalid_argument>([&] { made.param_groups()[0].set("line_search_fn", 2); }) ==
          "LBFGS: line_search_fn must be a string or None, got 2 (int)");
}

TEST_CASE("bad options are refused, at construction and before a step's first call") {
    Problem problem = Problem::ravine();
    const auto refused = [&](const Dict& options) {
        return message_of<std::invalid_argument>([&] { optim::make("LBFGS", problem.parameters, options); });
    };
    CHECK(refused({{"lr", -1.0}}) == "LBFGS: lr must be >= 0, got -1");
    CHECK(refused({{"lr", static_cast<double>(NAN)}}) == "LBFGS: lr must be >= 0, got nan");
    CHECK(refused({{"history_size", 0}}) == "LBFGS: history_size must be >= 1, got 0");
    CHECK(refused({{"line_search_fn", "wolfe"}}) == "LBFGS: line_search_fn must be None or 'strong_wolfe', got 'wolfe'");
    LBFGS optimizer(problem.parameters);
    optimizer.param_groups()[0].options.line_search_fn = "armijo";
    CHECK(message_of<std::invalid_argument>([&] { optimizer.step([&] { return problem.rosenbrock(); }); }) ==
          "LBFGS: line_search_fn must be None or 'strong_wolfe', got 'armijo' (group 0)");
    CHECK(problem.calls == 0);
}

TEST_CASE("there is one group of float32 and float64 parameters") {
    Problem problem = Problem::ravine();
    LBFGS optimizer({problem.parameters[0]});
    CHECK(message_of<std::invalid_argument>([&] { optimizer.add_param_group({problem.parameters[1]}); }) ==
          "LBFGS: there must be one group of parameters only, got a second one (group 1)");
    CHECK(optimizer.param_groups().size() == 1);
    CHECK(message_of<std::invalid_argument>([] { LBFGS({Parameter("h", zeros({2}, DType::bf16))}); }) ==
          "LBFGS: parameters must be float64, float32 or complex, got bfloat16 ('h')");
}

TEST_CASE("with an empty group the closure is called once; without a group there is nothing to step") {
    LBFGS optimizer({}, {});
    int calls = 0;
    const auto closure = [&] { return static_cast<double>(++calls) + 0.5; };
    CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step(closure); }), "LBFGS: step must have a parameter to update, got none"));
    optimizer.add_param_group({});
    CHECK(optimizer.step(closure) == 1.5);
    CHECK(calls == 1);
    CHECK(optimizer.state_dict().at("state").as<Dict>().empty());
}

TEST_CASE("what state of all parameters together cannot do is refused") {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters);
    optimizer.step([&] { return problem.rosenbrock(); });
    const std::vector<std::int64_t> rows = {0};
    CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.select_rows({problem.parameters[0]}, rows); }), "LBFGS: select_rows must be"));
    CHECK(message_of<std::invalid_argument>([&] { optimizer.set_implementation(Implementation::fused); }) ==
          "LBFGS: implementation must be automatic or for_loop, got fused");
    optimizer.set_implementation(Implementation::for_loop);
    const Tensor longer = tensor_of({1, 2, 3}, DType::f64);
    problem.parameters[1].rebind(longer, zeros_like(longer));
    CHECK(message_of<std::invalid_argument>([&] { optimizer.step([&] { return problem.rosenbrock(); }); }) ==
          "LBFGS: the parameters must have as many elements as their state, 2, got 4");
    optimizer.remove_param(problem.parameters[0]);
    CHECK(optimizer.state_dict().at("state").as<Dict>().empty());
    problem.parameters.erase(problem.parameters.begin());
    optimizer.step([&] { return problem.rosenbrock(); });
    optimizer.set_found_inf(scalar_tensor(0, DType::f32));
    CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step([&] { return problem.rosenbrock(); }); }), "without found_inf and grad_scale"));
}

}  // namespace ravine::testing
