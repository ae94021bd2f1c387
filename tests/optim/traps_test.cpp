// The numbered examples of what surprises in torch's optimizers: each is what torch 2.8 does.
#include "harness.h"

#include <ravine/optim/asgd.h>
#include <ravine/optim/nadam.h>
#include <ravine/optim/rprop.h>

#include <cmath>

namespace ravine::testing {
namespace {

/// One number that an optimizer moves.
struct Number {
    explicit Number(double start, DType dtype = DType::f64) : parameter(tensor_of({start}, dtype), zeros({1}, dtype)) {}
    double value() const { return parameter.data().item(); }
    void give(double gradient) const { parameter.set_grad(tensor_of({gradient}, parameter.data().dtype())); }
    Parameter parameter;
};

/// What the number is after each gradient.
std::vector<double> path(const Number& number, Optimizer& optimizer, std::initializer_list<double> gradients) {
    std::vector<double> result;
    for (const double gradient : gradients) {
        number.give(gradient);
        optimizer.step();
        result.push_back(number.value());
    }
    return result;
}

bool are_near(const std::vector<double>& got, const std::vector<double>& expected) {
    return std::equal(got.begin(), got.end(), expected.begin(), expected.end(), [](double a, double b) { return std::fabs(a - b) < 1e-12; });
}

}  // namespace

TEST_CASE("SGD's first buffer is the gradient, undampened") {
    const Number number(0);
    Optimizer optimizer = optim::make("SGD", {number.parameter}, {{"lr", 1}, {"momentum", 0.9}, {"dampening", 0.5}});
    CHECK(are_near(path(number, optimizer, {1, 1}), {-1, -2.4}));
}

TEST_CASE("Nesterov's momentum leaves the gradient as it was") {
    for (const Implementation implementation : every_implementation) {
        const Number number(1);
        Optimizer optimizer = optim::make("SGD", {number.parameter}, {{"lr", 0.1}, {"momentum", 0.9}, {"nesterov", true}});
        optimizer.set_implementation(implementation);
        CHECK(are_near(path(number, optimizer, {0.5}), {0.905}));
        CHECK(number.parameter.grad().item() == 0.5);
        optimizer.step();
        CHECK(std::fabs(number.value() - 0.7695) < 1e-12);
    }
}

TEST_CASE("Adam's square of a huge gradient does not overflow, since the weight comes first") {
    const Number number(0, DType::f32);
    Optimizer optimizer = optim::make("Adam", {number.parameter});
    path(number, optimizer, {3.2e19});
    CHECK(std::fabs(optimizer.state(number.parameter, "exp_avg_sq").item() / 1.024e36 - 1) < 1e-3);
}

TEST_CASE("AMSGrad takes the maximum of uncorrected averages") {
    const Number number(0);
    Optimizer optimizer = optim::make("Adam", {number.parameter}, {{"amsgrad", true}});
    path(number, optimizer, {2, std::sqrt(0.104)});
    const double kept = optimizer.state(number.parameter, "max_exp_avg_sq").item();
    CHECK(kept == optimizer.state(number.parameter, "exp_avg_sq").item());
    CHECK(std::fabs(kept - 4.1e-3) < 1e-12);
}

TEST_CASE("RAdam follows momentum alone until the sixth step, and always where beta2 is small") {
    for (const auto& [beta2, last_plain] : {std::pair{0.999, 5}, std::pair{0.6666, 20}, std::pair{0.6, 20}}) {
        const Number number(0);
        Optimizer optimizer = optim::make("RAdam", {number.parameter}, {{"lr", 1}, {"betas", Tuple{0.9, beta2}}});
        double before = 0;
        for (int step = 1; step <= 20; ++step) {
            path(number, optimizer, {4});
            const bool is_plain = std::fabs(before - number.value() - 4) < 1e-12;
            CHECK(is_plain == (step <= last_plain));
            before = number.value();
        }
    }
}

TEST_CASE("NAdam keeps the product of its momenta in float32") {
    const Number number(0);
    Optimizer optimizer = optim::make("NAdam", {number.parameter});
    path(number, optimizer, {1});
    CHECK(static_cast<float>(optimizer.state(number.parameter, "mu_product").item()) == 0.45007347F);
    CHECK(optimizer.state(number.parameter, "mu_product").dtype() == DType::f32);
}

TEST_CASE("ASGD steps with the step size of the step before, in float32, and averages from t0 on") {
    const Number number(0);
    optim::ASGD optimizer({number.parameter}, {.lr = 0.01, .lambd = 0, .t0 = 1});
    CHECK(path(number, optimizer, {1}) == std::vector<double>{-static_cast<double>(0.01F)});
    CHECK(optimizer.state(number.parameter, "ax").item() == number.value());
    path(number, optimizer, {1, 1, 1});
    CHECK(optimizer.state(number.parameter, "mu").item() == static_cast<double>(1 / 3.0F));
    CHECK(optimizer.state(number.parameter, "ax").item() != number.value());
}

TEST_CASE("Rprop ignores lr after the first step, and does not move where the gradient changes its sign") {
    const Number number(0);
    optim::Rprop optimizer({number.parameter}, {.lr = 0.01});
    CHECK(are_near(path(number, optimizer, {1, 1, -1}), {-0.01, -0.022, -0.022}));
    optimizer.param_groups()[0].options.lr = 5;
    CHECK(are_near(path(number, optimizer, {-1}), {-0.016}));
}

TEST_CASE("a NaN gradient does not move Rprop, and the next factor is 1") {
    const Number number(0);
    Optimizer optimizer = optim::make("Rprop", {number.parameter});
    CHECK(are_near(path(number, optimizer, {1, NAN, 1}), {-0.01, -0.01, -0.02}));
}

TEST_CASE("Adagrad has state before its first step, also in groups that come later, from the constructor's initial value") {
    const Number first(0), later(0);
    Optimizer optimizer = optim::make("Adagrad", {first.parameter}, {{"initial_accumulator_value", 0.5}});
    CHECK(optimizer.state(first.parameter, "sum").item() == 0.5);
    CHECK(optimizer.state(first.parameter, "step").item() == 0);
    optimizer.add_param_group({later.parameter}, {{"initial_accumulator_value", 0.25}});
    later.give(1);
    optimizer.step();
    CHECK(optimizer.state(later.parameter, "sum").item() == 1.5);
    CHECK(optimizer.state(first.parameter, "step").item() == 1);
}

TEST_CASE("a row that is new gets what new state starts with") {
    for (const auto& [name, slot, start] : {std::tuple{"Adagrad", "sum", 0.5}, std::tuple{"Rprop", "step_size", 0.25}, std::tuple{"Adam", "exp_avg", 0.0}}) {
        const Tensor before = random_tensor({2, 3}, DType::f64, 1), after = random_tensor({3, 3}, DType::f64, 2);
        const Parameter parameter(before, random_tensor({2, 3}, DType::f64, 3));
        Dict options{{"lr", 0.25}};
        if (std::string_view(name) == "Adagrad") options.set("initial_accumulator_value", 0.5);
        Optimizer optimizer = optim::make(name, {parameter}, options);
        optimizer.step();
        const std::vector<double> old = numbers_of(optimizer.state(parameter, slot));
        parameter.rebind(after, random_tensor({3, 3}, DType::f64, 4));
        const std::int64_t sources[] = {1, -1, 0};
        optimizer.select_rows({parameter}, sources);
        const std::vector<double> expected = {old[3], old[4], old[5], start, start, start, old[0], old[1], old[2]};
        CHECK(numbers_of(optimizer.state(parameter, slot)) == expected);
    }
}

TEST_CASE("a zero gradient is a step, by momentum and decay, where an absent one is none") {
    const Number number(1);
    Optimizer optimizer = optim::make("SGD", {number.parameter}, {{"lr", 0.5}, {"momentum", 0.5}, {"weight_decay", 0.5}});
    CHECK(path(number, optimizer, {0}) == std::vector<double>{0.75});
    number.parameter.set_grad(nullptr);
    optimizer.step();
    CHECK(number.value() == 0.75);
    CHECK(path(number, optimizer, {0}) == std::vector<double>{0.4375});
}

TEST_CASE("Rprop's step sizes start with its lr, a zero with its sign, and are clamped at once") {
    for (const double lr : {0.0, -0.0}) {
        const Number number(1);
        optim::Rprop optimizer({number.parameter}, {.lr = lr, .step_sizes = {-1, 1}});
        path(number, optimizer, {1});
        CHECK(optimizer.state(number.parameter, "step_size").item() == 0);
        CHECK(std::signbit(optimizer.state(number.parameter, "step_size").item()) == std::signbit(lr));
    }
    const Number number(1);
    optim::Rprop optimizer({number.parameter}, {.lr = 8, .step_sizes = {0, 0.5}});
    CHECK(path(number, optimizer, {1}) == std::vector<double>{0.5});
}

}  // namespace ravine::testing
