#include "objective.h"

#include <ravine/runtime/registry.h>

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>

namespace ravine::tools {
namespace objectives {

/// What a function is called with. `T` is float or double, and everything is rounded to it.
template <class T> struct Point {
    std::span<const T> x;
    std::span<T> gradient;
    std::span<const double> curvature;
};

// The statements follow the chain rule, so that a framework's automatic gradients have nearly the same bits.

template <class T> T rosenbrock(const Point<T>& p) {
    T value = 0;
    for (T& element : p.gradient) element = 0;
    for (std::size_t i = 0; i + 1 < p.x.size(); ++i) {
        const T above = p.x[i + 1] - p.x[i] * p.x[i], left = 1 - p.x[i];
        value += 100 * (above * above) + left * left;
        const T slope = 200 * above;
        p.gradient[i] += -slope * (2 * p.x[i]) - 2 * left;
        p.gradient[i + 1] += slope;
    }
    return value;
}

template <class T> T beale(const Point<T>& p) {
    const T x = p.x[0], y = p.x[1], y2 = y * y, y3 = y2 * y;
    const T a = T(1.5) - x + x * y, b = T(2.25) - x + x * y2, c = T(2.625) - x + x * y3;
    p.gradient[0] = 2 * a * (y - 1) + 2 * b * (y2 - 1) + 2 * c * (y3 - 1);
    p.gradient[1] = 2 * a * x + 2 * b * (2 * x * y) + 2 * c * (3 * x * y2);
    return a * a + b * b + c * c;
}

template <class T> T himmelblau(const Point<T>& p) {
    const T x = p.x[0], y = p.x[1], a = x * x + y - 11, b = x + y * y - 7;
    p.gradient[0] = 2 * a * (2 * x) + 2 * b;
    p.gradient[1] = 2 * a + 2 * b * (2 * y);
    return a * a + b * b;
}

/// The sum over all dimensions of a function that takes one number and its slope.
template <class T, class F> T sum(const Point<T>& p, F each) {
    T value = 0;
    for (std::size_t i = 0; i < p.x.size(); ++i) value += each(i, p.x[i], p.gradient[i]);
    return value;
}

template <class T> T sphere(const Point<T>& p) {
    return sum(p, [](std::size_t, T x, T& slope) {
        slope = 2 * x;
        return x * x;
    });
}

template <class T> T quadratic(const Point<T>& p) {
    return T(0.5) * sum(p, [&](std::size_t i, T x, T& slope) {
        const T c = static_cast<T>(p.curvature[i]);
        slope = c * x;
        return c * (x * x);
    });
}

template <class T> T rastrigin(const Point<T>& p) {
    constexpr T turn = static_cast<T>(2 * std::numbers::pi);
    return 10 * static_cast<T>(p.x.size()) + sum(p, [&](std::size_t, T x, T& slope) {
        slope = 2 * x + 10 * std::sin(turn * x) * turn;
        return x * x - 10 * std::cos(turn * x);
    });
}

template <class T> T styblinski_tang(const Point<T>& p) {
    return T(0.5) * sum(p, [](std::size_t, T x, T& slope) {
        const T x2 = x * x;
        slope = T(0.5) * (4 * (x2 * x) - 32 * x + 5);
        return x2 * x2 - 16 * x2 + 5 * x;
    });
}

constexpr std::size_t any_number = 0;

}  // namespace objectives

struct Objective::Entry {
    std::string_view name;
    std::size_t least, most;  // dimensions
    bool takes_curvature;
    double (*wide)(const objectives::Point<double>&);
    float (*narrow)(const objectives::Point<float>&);
};

namespace {

using namespace objectives;

constexpr std::array<Objective::Entry, 7> entries = {{
    {"beale", 2, 2, false, beale<double>, beale<float>},
    {"himmelblau", 2, 2, false, himmelblau<double>, himmelblau<float>},
    {"quadratic", 1, any_number, true, quadratic<double>, quadratic<float>},
    {"rastrigin", 1, any_number, false, rastrigin<double>, rastrigin<float>},
    {"rosenbrock", 2, any_number, false, rosenbrock<double>, rosenbrock<float>},
    {"sphere", 1, any_number, false, sphere<double>, sphere<float>},
    {"styblinski_tang", 1, any_number, false, styblinski_tang<double>, styblinski_tang<float>},
}};

}  // namespace

Objective::Objective(std::string_view name, std::vector<double> curvature)
    : entry_(&find_entry(entries, "function", name)), curvature_(std::move(curvature)) {}

std::string_view Objective::name() const { return entry_->name; }
bool Objective::takes_curvature() const { return entry_->takes_curvature; }

std::string Objective::complaint(std::size_t dimensions) const {
    if (entry_->most == any_number) return dimensions >= entry_->least ? "" : fmt::format("at least {}", entry_->least);
    return dimensions == entry_->least ? "" : fmt::format("{}", entry_->least);
}

double Objective::operator()(std::span<const double> x, std::span<double> gradient) const { return entry_->wide({x, gradient, curvature_}); }
double Objective::operator()(std::span<const float> x, std::span<float> gradient) const {
    return static_cast<double>(entry_->narrow({x, gradient, curvature_}));
}

}  // namespace ravine::tools
