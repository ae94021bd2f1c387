#pragma once
// Adamax (Kingma & Ba 2015), in the order of operations of torch.optim's for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct AdamaxTerms {
    S weight_decay;
    S weight;     ///< 1 - beta1
    S beta2;
    S eps;
    S minus_clr;  ///< -lr / (1 - beta1^step)
};
/// What the terms are made of.
struct AdamaxHyper {
    double lr, beta1, beta2, eps, weight_decay = 0;
};

struct AdamaxRule {
    enum { param, grad, exp_avg, exp_inf, slots };
    static constexpr const char* state[] = {"exp_avg", "exp_inf"};
    template <class S> using Terms = AdamaxTerms<S>;
    using Switches = Common;
    using Hyper = AdamaxHyper;

    template <class Power> RAVINE_HD static AdamaxTerms<double> terms(const Hyper& h, double step, Power power) {
        return {h.weight_decay, 1 - h.beta1, h.beta2, h.eps, -(h.lr / (1 - power(h.beta1, step)))};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {
        x[exp_avg] = lerp(x[exp_avg], x[grad], t.weight);
        x[exp_inf] = x[exp_inf] * t.beta2;
        x[exp_inf] = max(x[exp_inf], abs(x[grad]) + t.eps);
        x[param] = addcdiv(x[param], x[exp_avg], x[exp_inf], t.minus_clr);
    }
};

using Adamax = family<AdamaxRule>;
template <> inline constexpr bool has_grid_kernels<Adamax> = true;

}  // namespace ravine::inline v0::kernels
