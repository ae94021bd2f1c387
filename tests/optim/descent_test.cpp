// What every optimizer is for: it goes down, or up if asked to, and stays where nothing pulls.
#include "harness.h"

#include <cmath>
#include <numeric>

namespace ravine::testing {
namespace {

/// W x + b should be zero: the loss is the sum of its squares.
struct LeastSquares {
    /// `columns_first`: the elements of a column of W lie together.
    explicit LeastSquares(bool columns_first) {
        const Tensor matrix = empty_strided({10, 5}, columns_first ? Shape{1, 10} : Shape{5, 1}, DType::f64);
        matrix.copy_(random_tensor({10, 5}, DType::f64, 1));
        weight = Parameter("weight", matrix);
        bias = Parameter("bias", random_tensor({10}, DType::f64, 2));
    }

    /// The loss, and what it says of the gradients.
    double backward(optim::Gradients kind) const {
        const std::vector<double> w = numbers_of(weight.data()), b = numbers_of(bias.data());
        std::vector<double> grad_w, grad_b;
        double loss = 0;
        for (std::size_t i = 0; i < 10; ++i) {
            double residual = b[i];
            for (std::size_t j = 0; j < 5; ++j) residual += w[5 * i + j] * x[j];
            loss += residual * residual;
            grad_b.push_back(2 * residual);
            for (std::size_t j = 0; j < 5; ++j) grad_w.push_back(2 * residual * x[j]);
        }
        give(weight, tensor_of(grad_w, DType::f64).view({10, 5}), kind);
        give(bias, tensor_of(grad_b, DType::f64), kind);
        return loss;
    }

    static void give(const Parameter& parameter, const Tensor& grad, optim::Gradients kind) {
        if (kind != optim::Gradients::sparse) return parameter.set_grad(grad);
        const Tensor rows = zeros({1, grad.shape()[0]}, DType::i64);
        std::iota(rows.span<std::int64_t>().begin(), rows.span<std::int64_t>().end(), 0);
        parameter.set_sparse_grad({rows, grad, grad.shape()});
    }

    const std::vector<double> x = {0.5, -1, 0.25, 0.75, -0.5};
    Parameter weight = Parameter(zeros({1, 1}, DType::f64)), bias = weight;
};

/// The loss before and after 20 steps.
std::pair<double, double> losses(std::string_view name, const Dict& options, bool columns_first) {
    const LeastSquares problem(columns_first);
    const bool matrices_only = name == "Muon";
    Optimizer optimizer = optim::make(name, matrices_only ? Parameters{problem.weight} : Parameters{problem.weight, problem.bias}, options);
    const auto closure = [&] { return problem.backward(optimizer.traits().gradients); };
    const double first = closure();
    for (int step = 0; step < 20; ++step) optimizer.step(closure);
    return {first, closure()};
}

}  // namespace

TEST_CASE("twenty steps of any class lower a sum of squares, and raise it under maximize, whatever the layout") {
    for (const std::string_view name : optim::names()) {
        const bool can_maximize = has_option(optim::make(name, {some_parameter()}), "maximize");
        std::vector<Dict> choices = {{}, {{"lr", 1e-2}}};
        if (optim::make(name, {some_parameter()}).traits().elementwise) choices = configurations(name);
        for (Dict options : choices) {
            if (options.contains("maximize")) continue;
            for (const bool columns_first : {false, true}) {
                CAPTURE(std::string(name));
                CAPTURE(Value(options).to_string());
                const auto [before, after] = losses(name, options, columns_first);
                CHECK(after < before);
                if (!can_maximize) continue;
                options.set("maximize", true);
                const auto [low, high] = losses(name, options, columns_first);
                CHECK(high > low);
                options.erase("maximize");
            }
        }
    }
}

TEST_CASE("a group of next to no lr stays where it is, beside one that moves") {
    for (const std::string_view name : optim::names()) {
        CAPTURE(std::string(name));
        const optim::Traits traits = optim::make(name, {some_parameter()}).traits();
        if (traits.needs_closure) continue;  // has one group
        for (const DType dtype : {DType::f64, DType::f32}) {
            const Parameter moving(tensor_of({1, 2}, dtype).view({1, 2})), still(tensor_of({1, 2}, dtype).view({1, 2}));
            Dict slow{{"lr", 1e-28}};
            if (name == "Rprop") slow.set("step_sizes", Tuple{0.0, 50.0});
            Optimizer optimizer = optim::make(name, {moving});
            optimizer.add_param_group({still}, slow);
            for (int step = 0; step < 3; ++step) {
                for (const Parameter& parameter : {moving, still}) LeastSquares::give(parameter, tensor_of({-3, 0.5}, dtype).view({1, 2}), traits.gradients);
                optimizer.step();
            }
            CHECK(numbers_of(still.data()) == std::vector<double>{1, 2});
            CHECK(numbers_of(moving.data()) != std::vector<double>{1, 2});
        }
    }
}

TEST_CASE("zero gradients move nothing where there is no decay") {
    for (const std::string_view name : optim::names()) {
        if (name == "ASGD") continue;  // lambd shrinks a parameter by itself
        CAPTURE(std::string(name));
        for (const DType dtype : {DType::f64, DType::f32}) {
            const Parameter parameter(random_tensor({3, 4}, dtype, 1));
            Optimizer optimizer = optim::make(name, {parameter});
            if (has_option(optimizer, "weight_decay")) optimizer.param_groups()[0].set("weight_decay", 0.0);
            const Value before = Value(parameter.data()).clone();
            for (int step = 0; step < 3; ++step) {
                LeastSquares::give(parameter, zeros({3, 4}, dtype), optimizer.traits().gradients);
                optimizer.step([] { return 0.0; });
            }
            CHECK(Value(parameter.data()) == before);
        }
    }
}

namespace {

/// The gradient of Rosenbrock's function where one coordinate only may move, in two halves at one place.
SparseTensor one_coordinate(const Parameter& point, int coordinate) {
    const std::vector<double> at = numbers_of(point.data());
    const double x = at[0], y = at[1];
    const double slope = coordinate == 0 ? -400 * x * (y - x * x) - 2 * (1 - x) : 200 * (y - x * x);
    const Tensor places = zeros({1, 2}, DType::i64);
    for (std::int64_t& place : places.span<std::int64_t>()) place = coordinate;
    return {places, tensor_of({slope / 4, slope - slope / 4}, DType::f64), {2}};
}

}  // namespace

TEST_CASE("sparse gradients lead down Rosenbrock's ravine as dense ones do, step by step") {
    for (const auto& [name, lr] : {std::pair{"SGD", 4.8e-3}, std::pair{"Adagrad", 0.1}}) {
        for (const bool maximize : {false, true}) {
            const Parameter sparse(tensor_of({1.5, 1.5}, DType::f64)), dense(tensor_of({1.5, 1.5}, DType::f64));
            const Dict options{{"lr", maximize ? lr / 1e3 : lr}, {"maximize", maximize}};
            Optimizer one = optim::make(name, {sparse}, options), other = optim::make(name, {dense}, options);
            double farthest = 0;
            for (int step = 0; step < 1800; ++step) {
                sparse.set_sparse_grad(one_coordinate(sparse, step % 2));
                dense.set_grad(one_coordinate(dense, step % 2).to_dense());
                one.step();
                other.step();
                const std::vector<double> a = numbers_of(sparse.data()), b = numbers_of(dense.data());
                for (std::size_t i = 0; i < 2; ++i) farthest = std::max(farthest, std::fabs(a[i] - b[i]) / std::max(1.0, std::fabs(b[i])));
            }
            CHECK(farthest < 5e-6);
            CHECK(numbers_of(sparse.data()) != std::vector<double>{1.5, 1.5});
        }
    }
}

TEST_CASE("SparseAdam comes nearer to the end of Rosenbrock's ravine") {
    const Parameter point(tensor_of({1.5, 1.5}, DType::f64));
    Optimizer optimizer = optim::make("SparseAdam", {point}, {{"lr", 4e-2}});
    for (int step = 0; step < 1800; ++step) {
        point.set_sparse_grad(one_coordinate(point, step % 2));
        optimizer.step();
    }
    const std::vector<double> end = numbers_of(point.data());
    CHECK(std::hypot(end[0] - 1, end[1] - 1) < std::hypot(0.5, 0.5));
}

TEST_CASE("a sparse gradient that stores nothing moves nothing, and is a step where steps are counted") {
    for (const std::string_view name : {"SGD", "Adagrad", "SparseAdam"}) {
        const Parameter parameter(tensor_of({1, 2}, DType::f64));
        Optimizer optimizer = optim::make(name, {parameter});
        parameter.set_sparse_grad({zeros({1, 0}, DType::i64), zeros({0}, DType::f64), {2}});
        optimizer.step();
        optimizer.step();
        CHECK(numbers_of(parameter.data()) == std::vector<double>{1, 2});
        if (name != "SGD") CHECK(optimizer.state(parameter, "step").item() == 2);
    }
}

}  // namespace ravine::testing
