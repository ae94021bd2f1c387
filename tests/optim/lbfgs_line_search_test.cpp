#include "lbfgs_line_search.h"

#include "lbfgs_harness.h"

#include <functional>

namespace ravine::testing {
namespace {

using optim::LinePoint;
using optim::LineSearch;
using optim::Number;

/// A search along a line on which loss and slope are known, and where it looked.
struct Line {
    std::function<std::pair<double, double>(double t, std::size_t call)> function;
    std::vector<double> tried;

    LineSearch search(double loss, double slope, Number first = 1, Number largest = 1) {
        return optim::strong_wolfe({0, loss, {}, Number(slope, DType::f64)}, first, largest, [&](Number t) {
            tried.push_back(t.value());
            const auto [there, slope_there] = function(t.value(), tried.size());
            return LinePoint{t, there, {}, Number(slope_there, DType::f64)};
        });
    }
};

Line parabola(double minimum) {
    return {[=](double t, std::size_t) { return std::pair{(t - minimum) * (t - minimum), 2 * (t - minimum)}; }, {}};
}

}  // namespace

TEST_CASE("a point that is low and flat enough is taken at once") {
    Line line = parabola(1.2);
    const LineSearch result = line.search(1.44, -2.4);
    CHECK(result.evaluations == 1);
    CHECK(result.found.t.value() == 1);
}

TEST_CASE("a cubic through two points of a parabola has its minimum") {
    for (const double minimum : {0.1, 0.3, 0.5}) {
        Line line = parabola(minimum);
        const LineSearch result = line.search(minimum * minimum, -2 * minimum);
        CHECK(result.evaluations == 2);
        CHECK(result.found.t.value() == doctest::Approx(minimum));
    }
}

TEST_CASE("the next length is between 1.01 and 10 times the last") {
    Line line = parabola(1000);
    const LineSearch result = line.search(1e6, -2000);
    CHECK(line.tried[0] == 1);
    CHECK(line.tried[1] == 10);
    CHECK(result.found.t.value() <= 1900);
    CHECK(std::abs(result.found.slope.value()) <= 0.9 * 2000);
}

TEST_CASE("the second look may be higher than the first without ending the bracketing") {
    Line line{[](double, std::size_t call) { return std::pair{call == 1 ? -1.0 : -0.9, -0.95}; }, {}};
    line.search(0, -1);
    REQUIRE(line.tried.size() > 3);
    CHECK(line.tried[1] > line.tried[0]);
    CHECK(line.tried[2] > line.tried[1]);
    CHECK(line.tried[3] < line.tried[2]);
}

TEST_CASE("a line that falls for ever is followed 25 times, then the last point is taken") {
    Line line{[](double t, std::size_t) { return std::pair{-t, -1.0}; }, {}};
    const LineSearch result = line.search(0, -1);
    CHECK(result.evaluations == 26);
    CHECK(result.found.t.value() == line.tried.back());
}

TEST_CASE("a line that only rises ends where it began, once the bracket is small") {
    Line line{[](double t, std::size_t) { return std::pair{t, 1.0}; }, {}};
    const LineSearch result = line.search(0, -1);
    CHECK(result.found.t.value() == 0);
    CHECK(result.evaluations < 26);
    CHECK(line.tried.back() < 1e-8);
    Line short_line{[](double t, std::size_t) { return std::pair{t, 1.0}; }, {}};
    CHECK(short_line.search(0, -1, 1, 1e-10).evaluations == 1);
}

TEST_CASE("where there is no cubic the middle is taken, also for what is not finite") {
    const auto point = [](double t, double loss, double slope) { return LinePoint{t, loss, {}, Number(slope, DType::f64)}; };
    CHECK(optim::cubic_minimum(point(0, 0, -2), point(1, -2, -2.5), 0, 4).value() == 2);  // falls ever faster
    for (const double bad : {static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
        CHECK(optim::cubic_minimum(point(0, 0, -1), point(1, bad, bad), 0, 4).value() == 2);
    }
    CHECK(optim::cubic_minimum(point(1, 0.25, -1), point(2, 0.25, 1), 1, 2).value() == 1.5);
    CHECK(optim::cubic_minimum(point(2, 0.25, 1), point(1, 0.25, -1), 1, 2).value() == 1.5);
    CHECK(optim::cubic_minimum(point(1, 0.25, -1), point(2, 0.25, 1), 1.75, 2).value() == 1.75);
}

TEST_CASE("a NaN loss does not stop the search, and is what it ends with") {
    Line line{[](double, std::size_t) { return std::pair{static_cast<double>(NAN), static_cast<double>(NAN)}; }, {}};
    const LineSearch result = line.search(1, -1);
    CHECK(result.evaluations == 26);
    CHECK(std::isnan(result.found.loss));
}

TEST_CASE("numbers of a tensor round what they meet, numbers of the host do not") {
    const Number host = 0.1, tensor(0.1, DType::f32), wide(0.1, DType::f64);
    CHECK(tensor.value() == static_cast<double>(0.1F));
    CHECK((host + 0.2).value() == 0.1 + 0.2);
    CHECK_FALSE((host + 0.2).is_tensor());
    CHECK((tensor + 0.2).value() == static_cast<double>(0.1F + 0.2F));
    CHECK((0.2 * tensor).value() == static_cast<double>(0.2F * 0.1F));
    CHECK((tensor + 0.2).dtype() == DType::f32);
    CHECK((wide / 3.0).value() == 0.1 / 3.0);
    CHECK((3.0 / wide).value() == 1 / 0.1 * 3.0);
    CHECK((3.0 / tensor).value() == static_cast<double>(1 / 0.1F * 3.0F));
    CHECK(tensor <= 0.1);
    CHECK(tensor >= 0.1);
    CHECK_FALSE(Number(static_cast<double>(0.1F)) <= 0.1);
}

TEST_CASE("the smaller and the larger of two are the first one where that is not known") {
    const Number nan = static_cast<double>(NAN);
    CHECK(min(1, nan).value() == 1);
    CHECK(max(1, nan).value() == 1);
    CHECK(std::isnan(min(nan, 1).value()));
    CHECK(std::isnan(max(nan, 1).value()));
    CHECK(min(1, Number(2, DType::f32)).is_tensor() == false);
    CHECK(max(1, Number(2, DType::f32)).is_tensor());
}

}  // namespace ravine::testing
