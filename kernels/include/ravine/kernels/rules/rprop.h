#pragma once
// Resilient backpropagation (Riedmiller & Braun 1993) without weight backtracking, in the order of operations of torch.optim's
// for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct RpropTerms {
    S eta_minus;
    S eta_plus;
    S step_min;
    S step_max;
};
/// What the terms are made of.
struct RpropHyper {
    double eta_minus, eta_plus, step_min, step_max;
};

struct RpropRule {
    enum { param, grad, prev, step_size, slots };
    static constexpr const char* state[] = {"prev", "step_size"};
    template <class S> using Terms = RpropTerms<S>;
    using Switches = Common;
    using Hyper = RpropHyper;

    template <class Power> RAVINE_HD static RpropTerms<double> terms(const Hyper& h, double, Power) {
        return {h.eta_minus, h.eta_plus, h.step_min, h.step_max};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {
        V agree = x[grad] * x[prev];
        V eta_minus = V(t.eta_minus);
        V factor = select(agree > 0, V(t.eta_plus), select(agree < 0, eta_minus, 1));
        x[step_size] = clamp(x[step_size] * factor, t.step_min, t.step_max);
        x[prev] = select(factor == eta_minus, 0, x[grad]);
        x[param] = addcmul(x[param], sign(x[prev]), x[step_size], -1);
    }
};

using Rprop = family<RpropRule>;
template <> inline constexpr bool has_grid_kernels<Rprop> = true;

}  // namespace ravine::inline v0::kernels
