#pragma once
#include "harness.h"

#include <ravine/optim/lbfgs.h>

#include <cmath>

namespace ravine::testing {

using optim::LBFGS;

/// Parameters of one function of all their elements together: a chain of ravines (Rosenbrock), or sums of one-dimensional terms.
class Problem {
  public:
    static Problem at(const std::vector<std::vector<double>>& starts, DType dtype = DType::f64) {
        Problem result;
        for (const auto& start : starts) {
            const Tensor data = tensor_of(start, dtype);
            result.parameters.emplace_back(data, zeros_like(data));
        }
        return result;
    }
    /// Two parameters of one element each, in a ravine.
    static Problem ravine(DType dtype = DType::f64) { return at({{-1.5}, {2.0}}, dtype); }

    /// The loss; writes the gradients.
    double rosenbrock() { return evaluate([](const std::vector<double>& x, std::vector<double>& g) {
        double loss = 0;
        for (std::size_t i = 0; i + 1 < x.size(); ++i) {
            const double above = x[i + 1] - x[i] * x[i], left = 1 - x[i];
            loss += 100 * above * above + left * left;
            g[i] += -400 * above * x[i] - 2 * left;
            g[i + 1] += 200 * above;
        }
        return loss;
    }); }
    double half_square(double sign = 1) { return evaluate([&](const std::vector<double>& x, std::vector<double>& g) {
        double loss = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            loss += sign * 0.5 * x[i] * x[i];
            g[i] = sign * x[i];
        }
        return loss;
    }); }
    /// All slopes are `slope`.
    double plane(double slope) { return evaluate([&](const std::vector<double>& x, std::vector<double>& g) {
        double loss = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            loss += slope * x[i];
            g[i] = slope;
        }
        return loss;
    }); }

    std::vector<double> point() const {
        std::vector<double> result;
        for (const Parameter& parameter : parameters) {
            for (const double number : numbers_of(parameter.data())) result.push_back(number);
        }
        return result;
    }

    Parameters parameters;
    int calls = 0;

  private:
    template <class F> double evaluate(F function) {
        ++calls;
        const std::vector<double> x = point();
        std::vector<double> gradient(x.size());
        const double loss = function(x, gradient);
        std::size_t at = 0;
        for (const Parameter& parameter : parameters) {
            const auto size = static_cast<std::size_t>(parameter.data().numel());
            const std::vector<double> part(gradient.begin() + static_cast<std::ptrdiff_t>(at), gradient.begin() + static_cast<std::ptrdiff_t>(at + size));
            if (parameter.grad().defined()) parameter.grad().copy_(tensor_of(part, parameter.grad().dtype()).view(parameter.grad().shape()));
            at += size;
        }
        return loss;
    }
};

inline Dict state_of(const Optimizer& optimizer, const Problem& problem) { return optimizer.state(problem.parameters.front()); }

inline constexpr const char* wolfe = "strong_wolfe";

}  // namespace ravine::testing
