#include "contours.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace ravine::tools;

namespace {

template <class F> PlaneGrid sampled(std::size_t columns, std::size_t rows, F value) {
    PlaneGrid grid{columns, rows, {}};
    for (std::size_t j = 0; j < rows; ++j) {
        for (std::size_t i = 0; i < columns; ++i) grid.values.push_back(value(static_cast<double>(i), static_cast<double>(j)));
    }
    return grid;
}

/// The area to the left of a loop's direction.
double area(const std::vector<PlanePoint>& loop) {
    double twice = 0;
    for (std::size_t i = 0; i < loop.size(); ++i) {
        const PlanePoint &a = loop[i], &b = loop[(i + 1) % loop.size()];
        twice += a.x * b.y - b.x * a.y;
    }
    return twice / 2;
}

double total_area(const PlaneGrid& grid, double level) {
    double sum = 0;
    for (const auto& loop : contour_loops(grid, level)) sum += area(loop);
    return sum;
}

}  // namespace

TEST_CASE("a hill has one round line, with the high ground on its left") {
    const PlaneGrid hill = sampled(21, 21, [](double x, double y) { return 10 - std::hypot(x - 10, y - 10); });
    const auto loops = contour_loops(hill, 5);
    REQUIRE(loops.size() == 1);
    for (const PlanePoint& point : loops[0]) CHECK(std::hypot(point.x - 10, point.y - 10) == doctest::Approx(5).epsilon(0.02));
    CHECK(area(loops[0]) == doctest::Approx(78.5).epsilon(0.02));
}

TEST_CASE("a hole leaves the grid's border and its own line") {
    const PlaneGrid hole = sampled(21, 21, [](double x, double y) { return std::hypot(x - 10, y - 10); });
    const auto loops = contour_loops(hole, 5);
    REQUIRE(loops.size() == 2);
    CHECK(total_area(hole, 5) == doctest::Approx(400 - 78.5).epsilon(0.02));
}

TEST_CASE("below all values the line is the grid's border, above them there is none") {
    const PlaneGrid flat = sampled(4, 3, [](double, double) { return 1; });
    CHECK(total_area(flat, 0) == 6);
    CHECK(total_area(flat, 1) == 6);
    CHECK(contour_loops(flat, 2).empty());
}

TEST_CASE("two high corners that face each other are joined where the middle is high") {
    for (const bool first_is_high : {false, true}) {
        const auto saddle = [&](double high, double low) {
            return sampled(2, 2, [=](double x, double y) { return (x == y) == first_is_high ? high : low; });
        };
        CHECK(contour_loops(saddle(3, 0), 1).size() == 1);
        CHECK(contour_loops(saddle(1, 0), 0.9).size() == 2);
        CHECK(total_area(saddle(3, 0), 1) > 0.5);
        CHECK(total_area(saddle(1, 0), 0.9) < 0.1);
    }
}
