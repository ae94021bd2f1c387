#include "plot.h"
#include "plot_axis.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace ravine::tools;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<std::string> labels(const std::vector<double>& values, Axis::Scale scale = Axis::Scale::linear, double padding = 0) {
    const Axis axis(values, scale, 5, padding);
    std::vector<std::string> result;
    for (const Tick& tick : axis.ticks()) result.push_back(tick.label);
    return result;
}

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

std::string one_curve(std::vector<double> x, std::vector<double> y, bool log_y = false) {
    return svg({{"title", "x", "y", {{"curve", std::move(x), std::move(y)}}, log_y}});
}

using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("ticks stand at round numbers with as many decimals as they need") {
    CHECK(labels({0, 0.5, 1}) == Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"});
    CHECK(labels({0.5, 100.5}) == Labels{"20", "40", "60", "80", "100"});
    CHECK(labels({-0.002, 0.004}) == Labels{"-0.002", "0", "0.002", "0.004"});
    CHECK(labels({0, 4e-7}) == Labels{"0", "1e-7", "2e-7", "3e-7", "4e-7"});
    CHECK(labels({0, 2.5e6}) == Labels{"0", "5e5", "1e6", "1.5e6", "2e6", "2.5e6"});
}

TEST_CASE("whole numbers get no ticks between them") {
    CHECK(labels({1, 2, 3}) == Labels{"1", "2", "3"});
}

TEST_CASE("a logarithmic axis has its decades, and less where there are many") {
    constexpr auto logarithmic = Axis::Scale::logarithmic;
    CHECK(labels({0.01, 100}, logarithmic) == Labels{"0.01", "0.1", "1", "10", "100"});
    CHECK(labels({1e-8, 1}, logarithmic) == Labels{"1e-8", "1e-6", "1e-4", "0.01", "1"});
    CHECK(labels({0.1, 2, 0, -3}, logarithmic) == Labels{"0.1", "0.2", "0.5", "1", "2"});
    CHECK(labels({2, 4}, logarithmic).size() > 2);
    const Axis axis(std::vector<double>{1, 100}, logarithmic, 5, 0);
    CHECK(axis.position(10) == doctest::Approx(0.5));
    CHECK_FALSE(axis.holds(0));
}

TEST_CASE("curves near zero stand on it, others fill the axis") {
    CHECK(Axis(std::vector<double>{0.1, 1}, Axis::Scale::linear, 5, 0.05).position(0) == 0);
    CHECK(Axis(std::vector<double>{0.9, 1}, Axis::Scale::linear, 5, 0.05).position(0.9) == doctest::Approx(0.05 / 1.1));
}

TEST_CASE("an axis of one value, of none, or of extreme ones is finite") {
    for (const auto& values : std::vector<std::vector<double>>{
             {}, {7}, {0, 0}, {-3, -3}, {not_a_number, infinity}, {5e-324}, {1e308, -1e308}, {1e299, -1e299}, {0.1, 0.1 + 1e-17}, {1e16, 1e16 + 2}}) {
        for (const auto scale : {Axis::Scale::linear, Axis::Scale::logarithmic}) {
            const Axis axis(values, scale, 5, 0.05);
            CHECK(axis.ticks().size() < 12);
            for (const Tick& tick : axis.ticks()) {
                CHECK(axis.position(tick.value) >= -1e-6);
                CHECK(axis.position(tick.value) <= 1 + 1e-6);
            }
        }
    }
}

TEST_CASE("points that are not finite are gaps, and a point between gaps is a dot") {
    CHECK(count(one_curve({0, 1, 2, 3}, {1, 2, 3, 4}), "<path fill=\"none\" d=") == 1);
    CHECK(count(one_curve({0, 1, 2, 3, 4}, {1, 2, not_a_number, 4, 5}), "<path fill=\"none\" d=") == 2);
    CHECK(count(one_curve({0, 1, 2, 3, 4}, {1, 2, 0, 4, 5}, true), "<path fill=\"none\" d=") == 2);
    const std::string lonely = one_curve({0, 1, 2}, {infinity, 2, -infinity});
    CHECK(count(lonely, "<path fill=\"none\" d=") == 0);
    CHECK(count(lonely, "<circle") == 1);
    for (const std::string_view word : {"nan", "inf"}) CHECK(lonely.find(word) == std::string::npos);
}

TEST_CASE("texts are escaped and cut") {
    const std::string picture = svg({{"a < b & c\n\x01", "x", "y", {{std::string(500, 'n'), {1}, {1}}, {"<svg>", {1}, {2}}}}});
    CHECK(picture.find("a &lt; b &amp; c\\n\\x01") != std::string::npos);
    CHECK(picture.find("&lt;svg&gt;") != std::string::npos);
    CHECK(picture.find(std::string(40, 'n')) == std::string::npos);
    CHECK(count(picture, "<svg") == 1);
}

TEST_CASE("the legend comes with the second curve and ends before it is too long") {
    const auto with = [](std::size_t curves) {
        Panel panel{"", "", "", {}};
        for (std::size_t i = 0; i < curves; ++i) panel.series.push_back({"curve " + std::to_string(i), {0, 1}, {0, 1}});
        return svg({panel});
    };
    CHECK(count(with(1), ">curve ") == 0);
    CHECK(count(with(2), ">curve ") == 2);
    CHECK(count(with(1000), ">curve ") == 16);
    CHECK(count(with(1000), "and 984 more") == 1);
}

TEST_CASE("a picture of many points is small and keeps the extremes") {
    std::vector<double> x, y;
    for (int i = 0; i < 200'000; ++i) {
        x.push_back(i);
        y.push_back(i == 123'456 ? 50 : std::sin(i * 0.37));
    }
    const std::string noisy = one_curve(x, y);
    CHECK(noisy.size() < 60'000);
    y[123'456] = 0;
    CHECK(one_curve(x, y) != noisy);
    std::fill(y.begin(), y.end(), 3.0);
    CHECK(one_curve(x, y).size() < 4'000);
}
