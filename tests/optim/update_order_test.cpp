// In which order numbers are combined, and what is rounded when: shown against the same arithmetic written out in doubles.
#include "harness.h"

#include <cmath>

namespace ravine::testing {
namespace {

/// An optimizer of some numbers in f64, and the same numbers for the arithmetic beside it.
struct Beside {
    Beside(std::string_view name, const Dict& options) : parameter(tensor_of(p, DType::f64)), optimizer(optim::make(name, {parameter}, options)) {}

    /// The gradients of the next step.
    const std::vector<double>& next() {
        ++step;
        const Tensor grad = random_tensor({p.size()}, DType::f64, static_cast<std::uint64_t>(step));
        g = numbers_of(grad);
        parameter.set_grad(grad);
        optimizer.step();
        return g;
    }
    bool agrees() const { return numbers_of(parameter.data()) == p; }

    std::vector<double> p = {0.3, -1.7, 0.001, 25, -0.6, 0.9, 1e-3, -4, 0.2};
    std::vector<double> g, m = std::vector<double>(p.size()), v = m;
    Parameter parameter;
    Optimizer optimizer;
    int step = 0;
};

/// torch's lerp.
double lerp(double from, double to, double weight) {
    return std::fabs(weight) < 0.5 ? std::fma(weight, to - from, from) : std::fma(weight - 1, to - from, to);
}

}  // namespace

TEST_CASE("Adam's averages are a lerp and a scaled square, and its bias is corrected in doubles") {
    for (const double beta1 : {0.9, 0.25}) {
        const double beta2 = 0.999, lr = 1e-3, eps = 1e-8;
        Beside adam("Adam", {{"betas", Tuple{beta1, beta2}}});
        int plain_differs = 0;
        for (int t = 1; t <= 50; ++t) {
            const std::vector<double>& g = adam.next();
            const double minus_step_size = -(lr / (1 - std::pow(beta1, t))), root = std::pow(1 - std::pow(beta2, t), 0.5);
            for (std::size_t i = 0; i < g.size(); ++i) {
                plain_differs += lerp(adam.m[i], g[i], 1 - beta1) != beta1 * adam.m[i] + (1 - beta1) * g[i] ? 1 : 0;
                adam.m[i] = lerp(adam.m[i], g[i], 1 - beta1);
                adam.v[i] = std::fma((1 - beta2) * g[i], g[i], adam.v[i] * beta2);
                adam.p[i] += minus_step_size * adam.m[i] / (std::sqrt(adam.v[i]) / root + eps);
            }
            CHECK(adam.agrees());
        }
        CHECK(numbers_of(adam.optimizer.state(adam.parameter, "exp_avg")) == adam.m);
        CHECK(numbers_of(adam.optimizer.state(adam.parameter, "exp_avg_sq")) == adam.v);
        CHECK(plain_differs > 0);
    }
}

TEST_CASE("RAdam divides by a reciprocal, once it divides at all") {
    const double beta1 = 0.9, beta2 = 0.99, lr = 1e-2, eps = 1e-8, longest = 2 / (1 - beta2) - 1;
    Beside radam("RAdam", {{"lr", lr}, {"betas", Tuple{beta1, beta2}}});
    int direct_differs = 0;
    for (int t = 1; t <= 30; ++t) {
        const std::vector<double>& g = radam.next();
        const double bias2 = 1 - std::pow(beta2, t), length = longest - 2 * t * std::pow(beta2, t) / bias2;
        const double rect = std::pow((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length), 0.5);
        for (std::size_t i = 0; i < g.size(); ++i) {
            radam.m[i] = lerp(radam.m[i], g[i], 1 - beta1);
            radam.v[i] = std::fma((1 - beta2) * g[i], g[i], radam.v[i] * beta2);
            const double corrected = radam.m[i] / (1 - std::pow(beta1, t)) * lr;
            if (length <= 5) {
                radam.p[i] -= corrected;
                continue;
            }
            const double root = std::pow(bias2, 0.5), denominator = std::sqrt(radam.v[i]) + eps, adaptive = 1 / denominator * root;
            direct_differs += adaptive != root / denominator ? 1 : 0;
            radam.p[i] -= corrected * adaptive * rect;
        }
        CHECK(radam.agrees());
    }
    CHECK(direct_differs > 0);
}

TEST_CASE("NAdam adds the gradient's share first and the average's after it, and reads its product of momenta as a float") {
    const double beta1 = 0.9, beta2 = 0.999, lr = 2e-3, eps = 1e-8, decay = 4e-3;
    Beside nadam("NAdam", {});
    const auto momentum = [&](int t) { return beta1 * (1 - 0.5 * std::pow(0.96, t * decay)); };
    float product = 1;
    for (int t = 1; t <= 20; ++t) {
        const std::vector<double>& g = nadam.next();
        product = product * static_cast<float>(momentum(t));
        const double read = static_cast<double>(product), bias2 = 1 - std::pow(beta2, t);
        for (std::size_t i = 0; i < g.size(); ++i) {
            nadam.m[i] = lerp(nadam.m[i], g[i], 1 - beta1);
            nadam.v[i] = std::fma((1 - beta2) * g[i], g[i], nadam.v[i] * beta2);
            const double denominator = std::sqrt(nadam.v[i] / bias2) + eps;
            nadam.p[i] += -lr * (1 - momentum(t)) / (1 - read) * g[i] / denominator;
            nadam.p[i] += -lr * momentum(t + 1) / (1 - read * momentum(t + 1)) * nadam.m[i] / denominator;
        }
        CHECK(nadam.agrees());
        CHECK(nadam.optimizer.state(nadam.parameter, "mu_product").item() == read);
        if (t == 1) CHECK(product == 0.45007347F);
        if (t == 2) CHECK(product == 0.45007347F * 0.45014694F);
    }
}

TEST_CASE("eps is beside the root, inside of it, or beside the gradient, as the class has it") {
    const double g = 1e-3, eps = 1e-2;
    const auto first_move = [&](std::string_view name, Dict options) {
        options.set("lr", 1.0);
        options.set("eps", eps);
        const Parameter parameter(zeros({1}, DType::f64), tensor_of({g}, DType::f64));
        optim::make(name, {parameter}, options).step();
        return parameter.data().item();
    };
    CHECK(first_move("Adam", {}) == doctest::Approx(-g / (g + eps)));
    CHECK(first_move("Adagrad", {}) == doctest::Approx(-g / (g + eps)));
    CHECK(first_move("Adamax", {}) == doctest::Approx(-g / (g + eps)));
    CHECK(first_move("RMSprop", {{"alpha", 0.75}}) == doctest::Approx(-g / (g / 2 + eps)));
    CHECK(first_move("Adadelta", {{"rho", 0.75}}) == doctest::Approx(-std::sqrt(eps) / std::sqrt(g * g / 4 + eps) * g));
    // The gradient's part of NAdam's step; the other part is the average's.
    CHECK(first_move("NAdam", {{"betas", Tuple{0.0, 0.999}}}) == doctest::Approx(-g / (g + eps)));
}

TEST_CASE("a gradient of the size of eps moves Adam by less than its lr") {
    const Parameter parameter(zeros({1}, DType::f64), tensor_of({1e-6}, DType::f64));
    optim::Adam({parameter}, {.lr = 0.1}).step();
    CHECK(-parameter.data().item() == doctest::Approx(0.0990).epsilon(1e-3));
}

TEST_CASE("Adamax adds eps to the gradient, not to what is kept of earlier ones") {
    const Parameter parameter(zeros({1}, DType::f64), tensor_of({1}, DType::f64));
    Optimizer optimizer = optim::make("Adamax", {parameter}, {{"betas", Tuple{0.5, 0.5}}, {"eps", 0.25}});
    optimizer.step();
    CHECK(optimizer.state(parameter, "exp_inf").item() == 1.25);
    parameter.set_grad(tensor_of({0.125}, DType::f64));
    optimizer.step();
    CHECK(optimizer.state(parameter, "exp_inf").item() == 0.625);
}

TEST_CASE("square roots are rounded correctly, where torch's wheels are off by one ulp on some CPUs") {
    for (const Implementation implementation : every_implementation) {
        const auto quotient = [&](double sum, double grad, DType dtype) {
            const Parameter parameter(zeros({1}, dtype), tensor_of({grad}, dtype));
            Optimizer optimizer = optim::make("Adagrad", {parameter}, {{"lr", 1}, {"initial_accumulator_value", sum}, {"eps", 0}});
            optimizer.set_implementation(implementation);
            optimizer.step();
            return -parameter.data().item();
        };
        CHECK(quotient(19, 0x1p-60, DType::f32) == static_cast<double>(0x1p-60F / 4.358899F));
        CHECK(quotient(1e-20, 0x1p-80, DType::f64) == 0x1p-80 / 1e-10);
    }
}

TEST_CASE("a learning rate is rounded to a half type before it scales a sum, but not in a fused step") {
    const auto moved = [](Implementation implementation) {
        const Parameter parameter(zeros({1}, DType::bf16), tensor_of({3}, DType::bf16));
        optim::SGD optimizer({parameter}, {.lr = 1e-3});
        optimizer.set_implementation(implementation);
        optimizer.step();
        return -parameter.data().item();
    };
    const double rounded = 0.00099945068359375;               // 1e-3 in bfloat16
    CHECK(moved(Implementation::for_loop) == 196 * 0x1p-16);  // 3 * rounded, a tie, to even
    CHECK(3 * rounded == 196.5 * 0x1p-16);
    CHECK(moved(Implementation::fused) == 197 * 0x1p-16);
}

TEST_CASE("eps is 0 in float16, so that an Adam without any gradient yet is 0/0 there, but not in a fused step") {
    for (const Implementation implementation : every_implementation) {
        const Parameter parameter(tensor_of({1}, DType::f16), zeros({1}, DType::f16));
        Optimizer optimizer = optim::make("Adam", {parameter});
        optimizer.set_implementation(implementation);
        optimizer.step();
        if (implementation == Implementation::fused) CHECK(parameter.data().item() == 1);
        else CHECK(std::isnan(parameter.data().item()));
    }
}

}  // namespace ravine::testing
