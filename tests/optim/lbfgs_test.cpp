#include "lbfgs_harness.h"

#include <ravine/runtime/file.h>

#include <limits>

namespace ravine::testing {
namespace {

using Numbers = std::vector<double>;
using Keys = std::vector<std::string>;

std::int64_t evals(const Optimizer& optimizer, const Problem& problem) { return state_of(optimizer, problem).at("func_evals").as<std::int64_t>(); }
std::int64_t iterations(const Optimizer& optimizer, const Problem& problem) { return state_of(optimizer, problem).at("n_iter").as<std::int64_t>(); }

template <class O> concept steps_alone = requires(O& optimizer) { optimizer.step(); };

}  // namespace

TEST_CASE("LBFGS does not step without a closure, and says so") {
    static_assert(!steps_alone<LBFGS> && steps_alone<optim::Adam>);
    CHECK(optim::needs_closure("lbfgs"));
    CHECK_FALSE(optim::needs_closure("Adam"));
    Problem problem = Problem::ravine();
    Optimizer erased = optim::make("LBFGS", problem.parameters);
    CHECK(erased.traits().needs_closure);
    CHECK(message_of<std::invalid_argument>([&] { erased.step(); }) == "LBFGS: step must be given a closure, got none");
    CHECK(problem.point() == Numbers{-1.5, 2});
    CHECK(erased.step([&] { return problem.rosenbrock(); }) == 12.5);
}

TEST_CASE("the very first step is 1 / sum of magnitudes long, later ones lr") {
    Problem problem = Problem::at({{10}});
    LBFGS optimizer(problem.parameters, {.max_iter = 1});
    CHECK(optimizer.step([&] { return problem.half_square(); }) == 50);
    CHECK(problem.point() == Numbers{9});
    CHECK(optimizer.step([&] { return problem.half_square(); }) == 40.5);
    CHECK(problem.point() == Numbers{0});
}

TEST_CASE("a first step is not longer than lr where the gradient is small") {
    Problem problem = Problem::at({{0.5}});
    LBFGS optimizer(problem.parameters, {.lr = 0.5, .max_iter = 1});
    optimizer.step([&] { return problem.half_square(); });
    CHECK(problem.point() == Numbers{0.25});
    CHECK(state_of(optimizer, problem).at("t").as<double>() == 0.5);
}

TEST_CASE("a gradient within tolerance_grad ends the call at once and leaves all but the counts") {
    Problem problem = Problem::at({{1e-8}});
    LBFGS optimizer(problem.parameters);
    optimizer.step([&] { return problem.half_square(); });
    CHECK(problem.calls == 1);
    CHECK(keys_of(state_of(optimizer, problem)) == Keys{"func_evals", "n_iter"});
    CHECK(iterations(optimizer, problem) == 0);
}

TEST_CASE("a call that ends at once and one that never ends early return the first loss alike") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (const double tolerance : {infinity, -infinity}) {
        Problem problem = Problem::ravine();
        LBFGS optimizer(problem.parameters, {.tolerance_grad = tolerance, .line_search_fn = wolfe});
        CHECK(optimizer.step([&] { return problem.rosenbrock(); }) == 12.5);
        CHECK((problem.calls == 1) == (tolerance > 0));
    }
}

TEST_CASE("the last iteration moves without looking, if there is no line search") {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters, {.lr = 1e-3, .max_iter = 4});
    optimizer.step([&] { return problem.rosenbrock(); });
    CHECK(problem.calls == 4);
    CHECK(evals(optimizer, problem) == 4);
    CHECK(iterations(optimizer, problem) == 4);
    Problem searched = Problem::ravine();
    LBFGS searching(searched.parameters, {.max_iter = 1, .line_search_fn = wolfe});
    searching.step([&] { return searched.rosenbrock(); });
    CHECK(searched.calls == 3);
}

TEST_CASE("max_eval ends a step, and unset stands for max_iter * 5 / 4") {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters, {.lr = 1e-3, .max_iter = 50, .max_eval = 7});
    optimizer.step([&] { return problem.rosenbrock(); });
    CHECK(problem.calls == 7);
    CHECK(iterations(optimizer, problem) == 6);
    for (const auto& [max_iter, max_eval] : {std::pair{20, 25}, {7, 8}, {1, 1}, {0, 0}, {-1, -2}, {-4, -5}}) {
        const LBFGS other(problem.parameters, {.max_iter = max_iter});
        CHECK(other.defaults().at("max_eval") == Value(max_eval));
        CHECK(other.param_groups()[0].options.max_eval == max_eval);
    }
    const LBFGS endless(problem.parameters, {.max_iter = std::numeric_limits<std::int64_t>::max()});
    CHECK(endless.defaults().at("max_eval") == Value(std::numeric_limits<std::int64_t>::max()));
}

TEST_CASE("max_eval counts each step anew, and a line search may go over it") {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters, {.max_eval = 1, .line_search_fn = wolfe});
    optimizer.step([&] { return problem.rosenbrock(); });
    CHECK(problem.calls == 3);
    CHECK(problem.point()[0] == doctest::Approx(-1.417255));
    CHECK(problem.point()[1] == doctest::Approx(2.026692));
    optimizer.step([&] { return problem.rosenbrock(); });
    CHECK(iterations(optimizer, problem) == 2);
}

TEST_CASE("a gradient within tolerance_grad ends the step where it is found") {
    Problem problem = Problem::at({{10}});
    LBFGS optimizer(problem.parameters, {.tolerance_grad = 9.5});
    optimizer.step([&] { return problem.half_square(); });
    CHECK(problem.point() == Numbers{9});
    CHECK(problem.calls == 2);
}

TEST_CASE("a step that changes no parameter by more than tolerance_change is the last") {
    Problem problem = Problem::at({{10}});
    LBFGS optimizer(problem.parameters, {.lr = 1e-3, .tolerance_change = 2e-3});
    optimizer.step([&] { return problem.half_square(); });
    CHECK(iterations(optimizer, problem) == 1);
}

TEST_CASE("a loss that changes by less than tolerance_change ends the step") {
    Problem problem = Problem::at({{10}});
    LBFGS optimizer(problem.parameters);
    int calls = 0;
    optimizer.step([&] {
        problem.half_square();
        return ++calls < 3 ? calls : 2 + 1e-10;
    });
    CHECK(calls == 3);
}

TEST_CASE("a direction that does not lead down is not gone") {
    Problem problem = Problem::at({{10}});
    LBFGS optimizer(problem.parameters, {.tolerance_change = 1e3});
    optimizer.step([&] { return problem.half_square(); });
    CHECK(problem.point() == Numbers{10});
    CHECK(problem.calls == 1);
    CHECK(keys_of(state_of(optimizer, problem)).size() == 10);
}

TEST_CASE("the history has the newest pairs, as many as history_size") {
    Problem problem = Problem::at({{-1.5, 2, 0.3, 1, -0.5}});
    LBFGS optimizer(problem.parameters, {.max_iter = 1, .history_size = 3, .line_search_fn = wolfe});
    std::vector<Value> newest;
    for (std::size_t step = 1; step <= 8; ++step) {
        optimizer.step([&] { return problem.rosenbrock(); });
        const Dict state = state_of(optimizer, problem);
        const auto pairs = state.at("old_dirs").items();
        CHECK(pairs.size() == std::min<std::size_t>(step - 1, 3));
        CHECK(state.at("old_stps").items().size() == pairs.size());
        CHECK(state.at("ro").items().size() == pairs.size());
        if (!pairs.empty()) newest.push_back(pairs.back().clone());
    }
    const Dict state = state_of(optimizer, problem);
    for (std::size_t i = 0; i < 3; ++i) CHECK(state.at("old_dirs").items()[i] == newest[newest.size() - 3 + i]);
    CHECK(state.at("al").items().size() == 3);
}

TEST_CASE("a history may be as long as can be counted, and takes the room of its pairs") {
    Problem problem = Problem::ravine(), other = Problem::ravine();
    LBFGS endless(problem.parameters, {.max_iter = 6, .history_size = std::numeric_limits<std::int64_t>::max()}), usual(other.parameters, {.max_iter = 6});
    endless.step([&] { return problem.rosenbrock(); });
    usual.step([&] { return other.rosenbrock(); });
    CHECK(problem.point() == other.point());
    endless.param_groups()[0].options.history_size = 100;
    CHECK(endless.state_dict() == usual.state_dict());
}

TEST_CASE("a pair without curvature is passed over and the diagonal stays") {
    Problem problem = Problem::at({{0, 0}});
    LBFGS optimizer(problem.parameters, {.max_iter = 3, .max_eval = 10});
    optimizer.step([&] { return problem.plane(0.25); });
    const Dict state = state_of(optimizer, problem);
    CHECK(state.at("old_dirs").items().empty());
    CHECK(state.at("H_diag") == Value(1));
    CHECK(problem.point() == Numbers{-0.75, -0.75});
}

TEST_CASE("state is kept under the first parameter with torch's keys, kinds and order") {
    Problem problem = Problem::ravine(DType::f32);
    LBFGS optimizer(problem.parameters, {.max_iter = 1, .history_size = 5, .line_search_fn = wolfe});
    CHECK(state_of(optimizer, problem).empty());
    CHECK(optimizer.state_dict().at("state").as<Dict>().empty());
    const Keys first = {"func_evals", "n_iter", "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss"};
    optimizer.step([&] { return problem.rosenbrock(); });
    CHECK(keys_of(state_of(optimizer, problem)) == first);
    CHECK(state_of(optimizer, problem).at("H_diag") == Value(1));
    Keys later = first;
    later.insert(later.begin() + 2, "al");
    optimizer.step([&] { return problem.rosenbrock(); });
    const Dict state = state_of(optimizer, problem);
    CHECK(keys_of(state) == later);
    CHECK(state.at("d").as<Tensor>().shape() == Shape{2});
    CHECK(state.at("H_diag").as<Tensor>().dim() == 0);
    CHECK(state.at("ro").items()[0].as<Tensor>().dtype() == DType::f32);
    CHECK(state.at("al").items()[0].is(Value::Kind::tensor));
    CHECK(state.at("al").items()[4].is_null());
    CHECK(state.at("prev_loss").is(Value::Kind::floating));
    CHECK(optimizer.state(problem.parameters[1]).empty());
    CHECK(optimizer.state_dict().at("state").as<Dict>().size() == 1);
}

TEST_CASE("without an iteration the state is there and holds nothing") {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters, {.max_iter = 0});
    optimizer.step([&] { return problem.rosenbrock(); });
    CHECK(state_of(optimizer, problem).size() == 10);
    CHECK(state_of(optimizer, problem).at("H_diag").is_null());
    LBFGS other(problem.parameters, {.max_iter = 0});
    other.load_state_dict(optimizer.state_dict());
    CHECK(other.state_dict() == optimizer.state_dict());
}

TEST_CASE("the length of a step is a number of the host or of the gradient's dtype, as in torch") {
    for (const DType dtype : {DType::f32, DType::f64}) {
        Problem problem = Problem::at({{10}}, dtype);
        LBFGS optimizer(problem.parameters, {.lr = 0.3, .max_iter = 1});
        optimizer.step([&] { return problem.half_square(); });
        const Tensor t = state_of(optimizer, problem).at("t").as<Tensor>();
        CHECK(t.dtype() == dtype);
        const double tenth = dtype == DType::f32 ? static_cast<double>(0.1F * 0.3F) : 0.1 * 0.3;
        CHECK(t.item() == tenth);
        optimizer.step([&] { return problem.half_square(); });
        CHECK(state_of(optimizer, problem).at("t") == Value(0.3));
    }
}

TEST_CASE("tolerances are compared in the gradient's dtype") {
    const double above = static_cast<double>(0.1F) - 0.1;  // 0.1F is larger than 0.1
    REQUIRE(above > 0);
    for (const DType dtype : {DType::f32, DType::f64}) {
        Problem problem = Problem::at({{static_cast<double>(0.1F)}}, dtype);
        LBFGS optimizer(problem.parameters, {.tolerance_grad = 0.1});
        optimizer.step([&] { return problem.half_square(); });
        CHECK(iterations(optimizer, problem) == (dtype == DType::f32 ? 0 : 1));
    }
}

TEST_CASE("parameters of two dtypes are one vector of the wider") {
    Problem mixed = Problem::at({{-1.5}, {2.0}});
    const Tensor narrow = tensor_of({-1.5}, DType::f32);
    mixed.parameters[0] = Parameter(narrow, zeros_like(narrow));
    LBFGS optimizer(mixed.parameters, {.max_iter = 1, .line_search_fn = wolfe});
    optimizer.step([&] { return mixed.rosenbrock(); });
    Problem wide = Problem::ravine();
    LBFGS other(wide.parameters, {.max_iter = 1, .line_search_fn = wolfe});
    other.step([&] { return wide.rosenbrock(); });
    CHECK(state_of(optimizer, mixed).at("d").as<Tensor>().dtype() == DType::f64);
    CHECK(mixed.point()[0] == doctest::Approx(wide.point()[0]).epsilon(1e-6));
    CHECK(mixed.parameters[0].data().dtype() == DType::f32);
}

TEST_CASE("how parameters are cut and laid out does not matter") {
    const auto run = [](Problem problem) {
        LBFGS optimizer(problem.parameters, {.max_iter = 12, .line_search_fn = wolfe});
        optimizer.step([&] { return problem.rosenbrock(); });
        return problem.point();
    };
    const Numbers whole = run(Problem::at({{-1.5, 2, 0.3, 1}}));
    CHECK(run(Problem::at({{-1.5}, {2, 0.3}, {}, {1}})) == whole);
    Problem strided = Problem::at({{-1.5, 2, 0.3, 1}});
    std::vector<double> memory(8), gradients(12);
    const Tensor data = borrow(memory.data(), {4}, {.strides = {2}});
    data.copy_(strided.parameters[0].data());
    strided.parameters = {Parameter(data, borrow(gradients.data(), {4}, {.strides = {3}}))};
    CHECK(run(strided) == whole);
    Problem scalar = Problem::at({{-1.5}, {2, 0.3, 1}});
    const Tensor zero_d = scalar_tensor(-1.5, DType::f64);
    scalar.parameters[0] = Parameter(zero_d, zeros_like(zero_d));
    CHECK(run(scalar) == whole);
}

TEST_CASE("a parameter without a gradient stays where it is") {
    Problem problem = Problem::at({{3}, {4}});
    problem.parameters[1].set_grad(nullptr);
    LBFGS optimizer(problem.parameters);
    optimizer.step([&] { return problem.half_square(); });
    CHECK(problem.point()[0] == doctest::Approx(0));
    CHECK(problem.point()[1] == 4);
    CHECK(state_of(optimizer, problem).at("d").as<Tensor>().numel() == 2);
}

TEST_CASE("the number of threads does not matter") {
    const auto run = [](int threads) {
        ThreadExecutor executor(threads);
        const Parameter parameter(random_tensor({50'001}, DType::f32, 3), zeros({50'001}, DType::f32));
        LBFGS optimizer({parameter}, {.max_iter = 6, .line_search_fn = wolfe}, {.executor = &executor});
        optimizer.step([&] {
            double loss = 0;
            const auto x = parameter.data().span<const float>();
            const auto gradient = parameter.grad().span<float>();
            for (std::size_t i = 0; i < x.size(); ++i) {
                const float curvature = 1 + static_cast<float>(i % 7);
                gradient[i] = curvature * x[i];
                loss += static_cast<double>(0.5F * curvature * x[i] * x[i]);
            }
            return loss;
        });
        return snapshot(optimizer, {parameter});
    };
    CHECK(run(1) == run(3));
}

TEST_CASE("maximize is minimising the function with the other sign, and returns what the closure returned") {
    for (const std::optional<std::string>& search : {std::optional<std::string>(), std::optional<std::string>(wolfe)}) {
        Problem up = Problem::at({{3, -2, 0.5}}), down = Problem::at({{3, -2, 0.5}});
        LBFGS climbing(up.parameters, {.lr = 0.5, .max_iter = 3, .line_search_fn = search, .maximize = true});
        LBFGS falling(down.parameters, {.lr = 0.5, .max_iter = 3, .line_search_fn = search});
        for (int step = 0; step < 3; ++step) {
            const double top = climbing.step([&] { return up.half_square(-1); });
            CHECK(top == -falling.step([&] { return down.half_square(); }));
            CHECK(up.point() == down.point());
            CHECK(Value(state_of(climbing, up)) == Value(state_of(falling, down)));
        }
    }
}

TEST_CASE("a loss that is not a number ends nothing by itself") {
    for (const std::optional<std::string>& search : {std::optional<std::string>(), std::optional<std::string>(wolfe)}) {
        for (const double bad : {static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
            Problem problem = Problem::at({{3}});
            LBFGS optimizer(problem.parameters, {.max_iter = 2, .line_search_fn = search});
            int calls = 0;
            optimizer.step([&] {
                problem.half_square();
                return ++calls == 1 ? 4.5 : bad;
            });
            CHECK(calls > 1);
            CHECK(iterations(optimizer, problem) >= 1);
        }
    }
    Problem problem = Problem::at({{NAN}});
    LBFGS optimizer(problem.parameters, {.max_iter = 3});
    optimizer.step([&] { return problem.half_square(); });
    CHECK(std::isnan(problem.point()[0]));
}

TEST_CASE("a closure that throws leaves parameters and state as they were, whichever call it is") {
    struct Stop {};
    for (int last = 1; last <= 5; ++last) {
        CAPTURE(last);
        Problem problem = Problem::ravine(), undisturbed = Problem::ravine();
        LBFGS optimizer(problem.parameters, {.max_iter = 4, .line_search_fn = wolfe}), other(undisturbed.parameters, {.max_iter = 4, .line_search_fn = wolfe});
        optimizer.step([&] { return problem.rosenbrock(); });
        other.step([&] { return undisturbed.rosenbrock(); });
        const Value before = optimizer.state_dict().clone();
        const Numbers point = problem.point();
        int calls = 0;
        const auto failing = [&]() -> double {
            if (++calls == last) throw Stop();
            return problem.rosenbrock();
        };
        CHECK_THROWS_AS(optimizer.step(failing), Stop);
        CHECK(problem.point() == point);
        CHECK(optimizer.state_dict() == before);
        optimizer.step([&] { return problem.rosenbrock(); });
        other.step([&] { return undisturbed.rosenbrock(); });
        CHECK(problem.point() == undisturbed.point());
    }
}

TEST_CASE("a scalar that overflows the dtype is an error, and nothing has moved") {
    Problem problem = Problem::at({{0.5, 0.25}}, DType::f32);
    LBFGS optimizer(problem.parameters, {.lr = 1e39});
    CHECK(complaint([&] { optimizer.step([&] { return problem.half_square(); }); }) ==
          "LBFGS: the length of a step must be convertible to float32 without overflow, got 1e+39");
    CHECK(problem.point() == Numbers{0.5, 0.25});
    CHECK(state_of(optimizer, problem).empty());
}

TEST_CASE("a closure that moves a parameter elsewhere is an error") {
    Problem problem = Problem::ravine();
    LBFGS optimizer(problem.parameters);
    const Tensor elsewhere = tensor_of({-1.5}, DType::f64);
    const std::string text = message_of<std::invalid_argument>([&] {
        optimizer.step([&] {
            problem.parameters[1].rebind(elsewhere, zeros_like(elsewhere));
            return problem.rosenbrock();
        });
    });
    CHECK(text == "LBFGS: the closure must leave the parameters where they are, got another place (a parameter of shape (1,))");
}

TEST_CASE("a closure may bring new gradients each time") {
    Problem problem = Problem::at({{3, 4}});
    LBFGS optimizer(problem.parameters);
    optimizer.step([&] {
        problem.parameters[0].set_grad(zeros({2}, DType::f64));
        return problem.half_square();
    });
    CHECK(problem.point()[0] == doctest::Approx(0));
}

}  // namespace ravine::testing
