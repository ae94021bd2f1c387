#pragma once
// The updates of Adam and SGD as plain loops over one element: what the rules mean, without their vocabulary.
#include "formats.h"

#include <ravine/kernels/rules/adam.h>
#include <ravine/kernels/rules/sgd.h>

namespace ravine::testing {

/// How a value is rounded after every operation: to T's grid, or not at all before it is stored.
template <class T, bool stepwise> struct Rounding {
    using O = Compute<T>;
    static O round(O value) {
        if constexpr (stepwise) return on_grid<T>(value);
        else return value;
    }
    static O term(double value) { return static_cast<O>(value); }
    static O summand(double value) { return round(term(value)); }
};

/// What happens to a gradient first; returns the one that the caller's memory gets.
template <class R, class O> O prepare(O& g, O p, const kernels::Common& switches, double weight_decay, double grad_scale) {
    O stored = g;
    if (switches.unscale) stored = g = R::round(g / R::term(grad_scale));
    if (switches.maximize) g = -g;
    if (switches.coupled) g = R::round(std::fma(p, R::summand(weight_decay), g));
    return stored;
}

/// x: param, grad, exp_avg, exp_avg_sq and, with amsgrad, max_exp_avg_sq.
template <class R, bool amsgrad, class O>
void adam_reference(O* x, const kernels::AdamTerms<double>& t, const kernels::Common& switches, double grad_scale) {
    O &p = x[0], g = x[1], &m = x[2], &v = x[3];
    x[1] = prepare<R>(g, p, switches, t.weight_decay, grad_scale);
    p = R::round(p * R::term(t.keep));
    const O w = R::term(t.weight), distance = g - m;
    m = R::round(std::fabs(w) < O(0.5) ? std::fma(w, distance, m) : std::fma(w - 1, distance, g));
    v = R::round(v * R::term(t.beta2));
    v = R::round(std::fma(R::term(t.one_minus_beta2) * g, g, v));
    O largest = v;
    if constexpr (amsgrad) {
        O& most = x[4];
        most = std::isnan(most) || std::isnan(v) ? O(NAN) : most > v ? most : v;
        largest = most;
    }
    O denominator = R::round(std::sqrt(largest));
    denominator = R::round(denominator / R::term(t.bias2_sqrt));
    denominator = R::round(denominator + R::summand(t.eps));
    p = R::round(p + (R::term(t.minus_step_size) * m) / denominator);
}

/// x: param, grad and, with momentum, momentum_buffer.
template <class R, bool with_momentum, class O>
void sgd_reference(O* x, const kernels::SgdTerms<double>& t, const kernels::SgdSwitches& switches, double grad_scale) {
    O &p = x[0], g = x[1];
    x[1] = prepare<R>(g, p, switches, t.weight_decay, grad_scale);
    if constexpr (with_momentum) {
        O& buffer = x[2];
        if (switches.first) buffer = g;
        else buffer = R::round(std::fma(g, R::summand(t.one_minus_dampening), R::round(buffer * R::term(t.momentum))));
        g = switches.nesterov ? R::round(std::fma(buffer, R::summand(t.momentum), g)) : buffer;
    }
    p = R::round(std::fma(g, R::summand(t.minus_lr), p));
}

}  // namespace ravine::testing
