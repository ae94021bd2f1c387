#include "lbfgs_step.h"

#include <ravine/runtime/foreach.h>

#include <cmath>
#include <limits>

namespace ravine::inline v0::optim {

std::int64_t default_max_eval(std::int64_t max_iter) noexcept {
    constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
    if (max_iter > largest / 5 * 4) return largest;
    if (max_iter < -(largest / 5 * 4)) return -largest;
    const std::int64_t quarters = max_iter % 4;
    return max_iter / 4 * 5 + (quarters * 5 - (quarters < 0 ? 3 : 0)) / 4;
}

LBFGSStep::LBFGSStep(const LBFGSOptions& options, const FlatParameters& flat, LBFGSState state, function_ref<double()> closure,
                     const Context& context)
    : options_(options), flat_(flat), closure_(closure), context_(context),
      most_evaluations_(options.max_eval.value_or(default_max_eval(options.max_iter))), state_(std::move(state)) {}

double LBFGSStep::call_closure() {
    ++evaluations_;
    ++state_.func_evals;
    return closure_();
}

double LBFGSStep::evaluate() {
    const double loss = call_closure();
    loss_ = read(loss);
    gradient_ = flat_.gradient(options_.maximize);
    optimal_ = is_optimal();
    return loss;
}

Number LBFGSStep::largest(const Tensor& vector) const {
    return {foreach::norms(std::span(&vector, 1), INFINITY, context_)[0], vector.dtype()};
}

double LBFGSStep::run() {
    state_.exists = true;
    if (flat_.numel() == 0) return call_closure();
    const double first_loss = evaluate();
    if (optimal_) return first_loss;
    iterate();
    state_.finished = true;
    return first_loss;
}

void LBFGSStep::iterate() {
    for (std::int64_t k = 1; k <= options_.max_iter; ++k) {
        ++state_.n_iter;
        choose_direction();
        state_.previous_gradient = gradient_;
        state_.previous_loss = loss_;
        state_.t = first_length();
        const Number slope = dot(gradient_, state_.direction, context_);
        if (slope > -options_.tolerance_change) return;
        if (options_.line_search_fn) search_line(slope);
        else take_step(k == options_.max_iter);
        if (is_finished(k)) return;
    }
}

void LBFGSStep::choose_direction() {
    if (state_.n_iter == 1) {
        state_.direction = negative(gradient_, context_);
        state_.history = {};
        return;
    }
    Tensor y = foreach::sub(std::span(&gradient_, 1), std::span<const Tensor>(&state_.previous_gradient, 1), context_)[0];
    Tensor s = foreach::mul(std::span<const Tensor>(&state_.direction, 1), state_.t.value(), context_)[0];
    state_.history.push(std::move(y), std::move(s), options_.history_size, context_);
    if (!state_.alphas) state_.alphas.emplace();
    state_.direction = state_.history.direction(gradient_, *state_.alphas, context_);
}

/// Only the very first iteration of all steps is cautious.
Number LBFGSStep::first_length() const {
    if (state_.n_iter > 1) return options_.lr;
    const Number sum(foreach::norms(std::span(&gradient_, 1), 1, context_)[0], gradient_.dtype());
    return min(1, 1 / sum) * options_.lr;
}

/// Where there is no line search, the last iteration moves without looking where it came to.
void LBFGSStep::take_step(bool last) {
    flat_.move(state_.direction, state_.t.value());
    if (!last) evaluate();
}

void LBFGSStep::search_line(Number slope) {
    const std::vector<Tensor> start = flat_.values();
    const auto look = [&](Number t) {
        flat_.move(state_.direction, t.value());
        const double loss = read(call_closure());
        Tensor gradient = flat_.gradient(options_.maximize);
        flat_.restore(start);
        const Number there = dot(gradient, state_.direction, context_);
        return LinePoint{t, loss, std::move(gradient), there};
    };
    LinePoint found = strong_wolfe({0, loss_, gradient_, slope}, state_.t, largest(state_.direction), look).found;
    loss_ = found.loss;
    gradient_ = std::move(found.gradient);
    state_.t = found.t;
    flat_.move(state_.direction, state_.t.value());
    optimal_ = is_optimal();
}

bool LBFGSStep::is_finished(std::int64_t iterations) const {
    if (iterations == options_.max_iter || evaluations_ >= most_evaluations_ || optimal_) return true;
    // Rounding keeps the order of magnitudes: this is the largest element of direction * t.
    if (abs(largest(state_.direction) * state_.t) <= options_.tolerance_change) return true;
    return std::fabs(loss_ - state_.previous_loss) < options_.tolerance_change;
}

}  // namespace ravine::inline v0::optim
