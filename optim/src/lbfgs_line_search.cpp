#include "lbfgs_line_search.h"

#include <utility>
#include <vector>

namespace ravine::inline v0::optim {
namespace {

constexpr double sufficient_decrease = 1e-4;
constexpr double curvature = 0.9;
constexpr int most_iterations = 25;
constexpr double least_bracket = 1e-9;  // torch does not pass the optimizer's tolerance_change on

/// One line search. Comparisons are written as torch has them, because each means something for NaN.
class Search {
  public:
    Search(const LinePoint& start, Number largest, function_ref<LinePoint(Number t)> evaluate)
        : start_(start), largest_(largest), evaluate_(evaluate) {}

    LineSearch run(Number first) {
        bracket(first);
        while (!done_ && iterations_ < most_iterations) {
            if (abs(bracket_[1].t - bracket_[0].t) * largest_ < least_bracket) break;
            narrow(try_length());
        }
        return {bracket_[low_], evaluations_};
    }

  private:
    LinePoint evaluate(Number t) {
        ++evaluations_;
        return evaluate_(t);
    }

    bool is_too_high(const LinePoint& point) const { return point.loss > start_.loss + sufficient_decrease * point.t * start_.slope; }
    bool is_flat(const LinePoint& point) const { return abs(point.slope) <= -curvature * start_.slope; }

    /// Goes on until a minimum lies between two points, or a point is good enough.
    void bracket(Number first) {
        LinePoint previous = start_, current = evaluate(first);
        for (; iterations_ < most_iterations; ++iterations_) {
            if (is_too_high(current) || (iterations_ > 1 && current.loss >= previous.loss)) return between(previous, current);
            if (is_flat(current)) {
                bracket_ = {std::move(current)};
                done_ = true;
                return;
            }
            if (current.slope >= 0) return between(previous, current);
            const Number nearest = current.t + 0.01 * (current.t - previous.t), farthest = current.t * 10;
            LinePoint next = evaluate(cubic_minimum(previous, current, nearest, farthest));
            previous = std::exchange(current, std::move(next));
        }
        between(start_, current);
    }

    void between(LinePoint a, LinePoint b) {
        bracket_ = {std::move(a), std::move(b)};
        choose_low();
    }
    void choose_low() { low_ = bracket_[0].loss <= bracket_[1].loss ? 0 : 1; }

    /// Where to try next: the cubic's minimum, but not twice in turn close to the same end.
    Number try_length() {
        const Number lower = min(bracket_[0].t, bracket_[1].t), upper = max(bracket_[0].t, bracket_[1].t);
        const Number t = cubic_minimum(bracket_[0], bracket_[1], lower, upper);
        const Number margin = 0.1 * (upper - lower);
        const bool is_close = min(upper - t, t - lower) < margin;
        const bool moves = is_close && (was_close_ || t >= upper || t <= lower);
        was_close_ = is_close && !moves;
        if (!moves) return t;
        return abs(t - upper) < abs(t - lower) ? upper - margin : lower + margin;
    }

    void narrow(Number t) {
        LinePoint point = evaluate(t);
        ++iterations_;
        const std::size_t high = 1 - low_;
        if (is_too_high(point) || point.loss >= bracket_[low_].loss) {
            bracket_[high] = std::move(point);
            choose_low();
            return;
        }
        if (is_flat(point)) done_ = true;
        else if (point.slope * (bracket_[high].t - bracket_[low_].t) >= 0) bracket_[high] = bracket_[low_];
        bracket_[low_] = std::move(point);
    }

    const LinePoint& start_;
    const Number largest_;
    const function_ref<LinePoint(Number t)> evaluate_;
    std::vector<LinePoint> bracket_;
    std::size_t low_ = 0;
    bool done_ = false;
    bool was_close_ = false;
    int iterations_ = 0;
    std::int64_t evaluations_ = 0;
};

}  // namespace

Number cubic_minimum(const LinePoint& a, const LinePoint& b, Number lower, Number upper) {
    const Number d1 = a.slope + b.slope - Number(3 * (a.loss - b.loss)) / (a.t - b.t);
    const Number square = d1 * d1 - a.slope * b.slope;
    if (!(square >= 0)) return (lower + upper) / 2;
    const Number d2 = sqrt(square);
    const Number t = a.t <= b.t ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
                                : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
    return min(max(t, lower), upper);
}

LineSearch strong_wolfe(const LinePoint& start, Number first, Number largest, function_ref<LinePoint(Number t)> evaluate) {
    return Search(start, largest, evaluate).run(first);
}

}  // namespace ravine::inline v0::optim
