#include "harness.h"

#include <ravine/optim/adafactor.h>

#include <cmath>

namespace ravine::testing {
namespace {

void check_near(const std::vector<double>& numbers, const std::vector<double>& expected, double tolerance) {
    REQUIRE(numbers.size() == expected.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) CHECK(std::fabs(numbers[i] - expected[i]) <= tolerance);
}

}  // namespace

TEST_CASE("Adafactor's defaults, their order and their ranges are torch's") {
    const optim::Adafactor optimizer({Parameter(zeros({1}, DType::f32))});
    CHECK(optimizer.state_dict().at("param_groups").items()[0] ==
          Value(Dict{{"lr", 1e-2}, {"beta2_decay", -0.8}, {"eps", Tuple{nullptr, 1e-3}}, {"d", 1.0}, {"weight_decay", 0.0}, {"foreach", nullptr},
                     {"maximize", false}, {"params", List{0}}}));
    CHECK(option_complaint("Adafactor", {{"lr", -1}}) == "Adafactor: lr must be >= 0, got -1");
    CHECK(option_complaint("Adafactor", {{"beta2_decay", 0.5}}) == "Adafactor: beta2_decay must be <= 0, got 0.5");
    CHECK(option_complaint("Adafactor", {{"eps", Tuple{-1e-3, 1e-3}}}) == "Adafactor: eps[0] must be >= 0, got -0.001");
    CHECK(option_complaint("Adafactor", {{"eps", Tuple{nullptr, -1.0}}}) == "Adafactor: eps[1] must be >= 0, got -1");
    CHECK(contains(option_complaint("Adafactor", {{"eps", 1e-3}}), "eps must be None or a float, and a float, got 0.001"));
    CHECK(contains(option_complaint("Adafactor", {{"eps", Tuple{1e-3, nullptr}}}), "eps must be None or a float"));
    CHECK(option_complaint("Adafactor", {{"d", 0.0}}) == "Adafactor: d must be >= 1, got 0");
    CHECK(option_complaint("Adafactor", {{"weight_decay", -0.1}}) == "Adafactor: weight_decay must be >= 0, got -0.1");
    CHECK(option_complaint("Adafactor", {{"eps", Tuple{1e-30, 1}}}).empty());
}

TEST_CASE("Adafactor has for_loop and foreach, and refuses fused however it is asked for") {
    const Parameter parameter(zeros({1}, DType::f32));
    const std::string must = "Adafactor: implementation must be automatic, for_loop or foreach, got fused";
    CHECK(message_of<std::invalid_argument>([&] { optim::Adafactor({parameter}, {.implementation = Implementation::fused}); }) == must);
    optim::Adafactor optimizer({parameter}, {.implementation = Implementation::foreach});
    CHECK(optimizer.param_groups()[0].get("foreach") == Value(true));
    CHECK(message_of<std::invalid_argument>([&] { optimizer.set_implementation(Implementation::fused); }) == must);
    CHECK_THROWS_AS(optim::make("Adafactor", {parameter}, {{"fused", true}}), std::out_of_range);
}

TEST_CASE("a vector moves by a capped share of its own size") {
    const Parameter parameter(tensor_of({3, 4}, DType::f64), tensor_of({1, 1}, DType::f64));
    optim::Adafactor optimizer({parameter});
    optimizer.step();
    check_near(numbers_of(parameter.data()), {2.964645, 3.964645}, 1e-6);
    CHECK(numbers_of(optimizer.state(parameter, "variance")) == std::vector<double>{1, 1});
    CHECK(keys_of(optimizer.state(parameter)) == std::vector<std::string>{"step", "variance"});
}

TEST_CASE("a matrix keeps a mean of squares for each row and column") {
    const Parameter parameter(zeros({2, 2}, DType::f64), tensor_of({1, 2, 3, 4}, DType::f64).view({2, 2}));
    optim::Adafactor optimizer({parameter}, {.lr = 0.5, .eps = {std::nullopt, 1}});
    optimizer.step();
    CHECK(keys_of(optimizer.state(parameter)) == std::vector<std::string>{"step", "row_var", "col_var"});
    CHECK(optimizer.state(parameter, "step") .item() == 1);
    CHECK(optimizer.state(parameter, "row_var").shape() == Shape{2, 1});
    CHECK(optimizer.state(parameter, "col_var").shape() == Shape{1, 2});
    check_near(numbers_of(optimizer.state(parameter, "row_var")), {2.5, 12.5}, 1e-14);
    check_near(numbers_of(optimizer.state(parameter, "col_var")), {5, 10}, 1e-14);
    check_near(numbers_of(parameter.data()), {-0.5 * 0.7746, -0.5 * 1.0954, -0.5 * 1.0392, -0.5 * 0.9798}, 1e-4);
}

TEST_CASE("leading dimensions are a batch of matrices, and a scalar is a vector") {
    const Parameter batch(random_tensor({2, 3, 4}, DType::f64, 1)), scalar(random_tensor({}, DType::f64, 2));
    const Parameter first(batch.data().clone().view({2, 12}));
    optim::Adafactor optimizer({batch, scalar}, {.d = 1e300});
    backward({batch, scalar}, 1);
    const Tensor grad = batch.grad();
    optimizer.step();
    CHECK(optimizer.state(batch, "row_var").shape() == Shape{2, 3, 1});
    CHECK(optimizer.state(batch, "col_var").shape() == Shape{2, 1, 4});
    CHECK(optimizer.state(scalar, "variance").dim() == 0);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto part = [&](const Tensor& tensor) { return borrow(static_cast<double*>(tensor.mutable_data()) + 12 * i, {3, 4}); };
        const Parameter alone(random_tensor({3, 4}, DType::f64, 7), part(grad));
        optim::Adafactor other({alone});
        other.step();
        const std::vector<double> rows = numbers_of(optimizer.state(batch, "row_var"));
        CHECK(numbers_of(other.state(alone, "row_var")) == std::vector(rows.begin() + static_cast<std::ptrdiff_t>(3 * i), rows.begin() + static_cast<std::ptrdiff_t>(3 * i + 3)));
    }
}

TEST_CASE("foreach agrees with for_loop but for one rounding") {
    for (const DType dtype : {DType::f64, DType::f32}) {
        const std::vector<Shape> shapes = {{3, 5}, {40}, {}, {2, 3, 4}};
        const Parameters one = make_parameters(shapes, dtype), other = make_parameters(shapes, dtype);
        optim::Adafactor loop(one, {.implementation = Implementation::for_loop}), list(other, {.implementation = Implementation::foreach});
        for (int step = 1; step <= 5; ++step) {
            backward(one, step);
            backward(other, step);
            loop.step();
            list.step();
        }
        for (std::size_t i = 0; i < one.size(); ++i) check_near(numbers_of(one[i].data()), numbers_of(other[i].data()), dtype == DType::f64 ? 1e-14 : 1e-6);
    }
}

TEST_CASE("the epsilon of None is that of the first parameter with a gradient, for the whole group") {
    const auto step = [](const Parameters& parameters, std::optional<double> eps) {
        optim::Adafactor optimizer(parameters, {.eps = {eps, 1e-3}});
        optimizer.step();
        return numbers_of(parameters.back().data());
    };
    const auto parameter = [](DType dtype) { return Parameter(tensor_of({1, 1}, dtype), tensor_of({1e-4, 1e-3}, dtype)); };
    const double half = 0x1p-7, single = 0x1p-23;
    CHECK(step({parameter(DType::bf16), parameter(DType::f32)}, {}) == step({parameter(DType::f32)}, half));
    CHECK(step({parameter(DType::f32)}, {}) == step({parameter(DType::f32)}, single));
    CHECK(step({Parameter(zeros({1}, DType::bf16)), parameter(DType::f32)}, {}) == step({parameter(DType::f32)}, single));
    CHECK_FALSE(step({parameter(DType::f32)}, half) == step({parameter(DType::f32)}, single));
}

TEST_CASE("Adafactor refuses parameters without elements and an eps that overflows, before any write") {
    const Parameter good(tensor_of({1, 2}), tensor_of({1, 2})), none("none", zeros({0, 3}, DType::f32), zeros({0, 3}, DType::f32));
    optim::Adafactor optimizer({good});
    optimizer.add_param_group({Parameter(none.data(), none.grad())});
    CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step(); }), "Adafactor: parameters must have elements, got shape (0, 3)"));
    CHECK(numbers_of(good.data()) == std::vector<double>{1, 2});
    CHECK(optimizer.state(good).empty());
    for (const std::pair<std::optional<double>, double>& eps : {std::pair(std::optional(1e39), 1.0), std::pair(std::optional(1e30), 1.0), std::pair(std::optional(1e-3), 1e42)}) {
        optim::Adafactor large({good}, {.eps = eps});
        CHECK(contains(message_of<std::invalid_argument>([&] { large.step(); }), "must be convertible to float32 without overflow"));
        CHECK(numbers_of(good.data()) == std::vector<double>{1, 2});
    }
}

TEST_CASE("Adafactor maximizes by the negative gradient, and decays the parameter before it moves") {
    const auto run = [](double sign, bool maximize) {
        const Parameter parameter(tensor_of({1, 2, 3, 4}).view({2, 2}), tensor_of({sign, -2 * sign, 0.5 * sign, sign}).view({2, 2}));
        optim::Adafactor optimizer({parameter}, {.weight_decay = 0.1, .maximize = maximize});
        optimizer.step();
        return snapshot(optimizer, {parameter});
    };
    CHECK(run(1, true) == run(-1, false));
    const Parameter still(tensor_of({2}, DType::f64), tensor_of({0}, DType::f64));
    optim::Adafactor decaying({still}, {.lr = 0.5, .weight_decay = 0.5});
    decaying.step();
    CHECK(numbers_of(still.data()) == std::vector<double>{1.5});
}

}  // namespace ravine::testing
