#include "plot_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ravine::tools {
namespace {

constexpr double largest = 1e300;      // beyond it, sums and differences overflow
constexpr double least_spread = 1e-9;  // of a range, relative to its values: below it ticks could not be told apart

/// 1, 2 or 5 times a power of ten.
struct Step {
    int digit;
    int exponent;
    double size() const { return digit * std::pow(10.0, exponent); }
};

Step round_step(double size) {
    const int exponent = static_cast<int>(std::floor(std::log10(size)));
    const double lead = size / std::pow(10.0, exponent);
    if (lead <= 1.0001) return {1, exponent};
    if (lead <= 2.0001) return {2, exponent};
    if (lead <= 5.0001) return {5, exponent};
    return {1, exponent + 1};
}

/// As many decimals as the steps need; powers of ten where there would be many zeros.
std::string label(double value, const Step& step, double greatest) {
    if (value == 0) return "0";
    if (greatest >= 1e6 || greatest < 1e-3) {
        const int digits = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9)) - step.exponent;
        const std::string text = fmt::format("{:.{}e}", value, std::max(digits, 0));
        const std::size_t e = text.find('e');
        std::size_t end = text.find('.') < e ? text.find_last_not_of('0', e - 1) + 1 : e;
        if (text[end - 1] == '.') --end;
        return fmt::format("{}e{}", text.substr(0, end), std::stoi(text.substr(e + 1)));
    }
    return fmt::format("{:.{}f}", value, std::max(-step.exponent, 0));
}

}  // namespace

Axis::Axis(std::span<const double> values, Scale scale, int ticks, double padding) : scale_(scale) {
    choose_range(values, padding);
    const bool whole = std::all_of(values.begin(), values.end(), [](double value) { return value == std::floor(value); });
    if (scale == Scale::logarithmic && high_ - low_ > 1) add_decade_ticks(ticks);
    else add_linear_ticks(ticks, whole);
}

bool Axis::holds(double value) const {
    return std::abs(value) < largest && (scale_ == Scale::linear || value > 0);
}

double Axis::on_scale(double value) const {
    return scale_ == Scale::linear ? value : std::log10(value);
}

void Axis::choose_range(std::span<const double> values, double padding) {
    double low = largest, high = -largest;
    for (const double value : values) {
        if (!holds(value)) continue;
        low = std::min(low, on_scale(value));
        high = std::max(high, on_scale(value));
    }
    if (low > high) low = high = 0;  // nothing to show
    const double magnitude = std::max(std::abs(low), std::abs(high));
    const double least = scale_ == Scale::logarithmic ? 0.3 : magnitude == 0 ? 2
                                                                             : magnitude * least_spread;
    if (high - low < least || high - low < 1e-290) {
        const double around = scale_ == Scale::logarithmic ? 0.3 : magnitude < 1e-290 ? 1
                                                                                      : magnitude * 0.5;
        low_ = low - around;
        high_ = high + around;
        return;
    }
    const double room = padding * (high - low);
    // Curves that come near zero stand on it.
    const bool from_zero = scale_ == Scale::linear && padding > 0 && low >= 0 && low < 0.3 * high;
    low_ = from_zero ? 0 : low - room;
    high_ = high + room;
}

void Axis::add_linear_ticks(int count, bool whole) {
    const auto shown = [&](double at) { return scale_ == Scale::linear ? at : std::pow(10.0, at); };
    const double low = shown(low_), high = shown(high_);
    Step step = round_step((high - low) / count);
    if (whole && step.exponent < 0) step = {1, 0};
    const double size = step.size();
    const auto first = static_cast<std::int64_t>(std::ceil(low / size - 1e-6));
    const auto last = static_cast<std::int64_t>(std::floor(high / size + 1e-6));
    const double greatest = static_cast<double>(std::max(std::abs(first), std::abs(last))) * size;
    for (std::int64_t i = first; i <= last; ++i) {
        const double value = static_cast<double>(i) * size;
        if (holds(value)) ticks_.push_back({value, label(value, step, greatest)});
    }
}

void Axis::add_decade_ticks(int count) {
    const double decades = high_ - low_;
    const int every = std::max(1, static_cast<int>(std::ceil(decades / count)));
    for (int exponent = static_cast<int>(std::floor(low_)); exponent <= high_ + 1e-9; ++exponent) {
        if (exponent % every != 0) continue;
        const auto add = [&](int digit) {
            const double value = digit * std::pow(10.0, exponent);
            if (on_scale(value) > high_ + 1e-9 || on_scale(value) < low_ - 1e-9) return;
            const bool plain = exponent >= -3 && exponent < 6;
            ticks_.push_back({value, plain ? fmt::format("{:.{}f}", value, std::max(-exponent, 0)) : fmt::format("{}e{}", digit, exponent)});
        };
        add(1);
        if (decades * 3 <= count + 1) {
            add(2);
            add(5);
        }
    }
}

}  // namespace ravine::tools
