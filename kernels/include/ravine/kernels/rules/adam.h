#pragma once
// Adam (Kingma & Ba 2015), AMSGrad (Reddi et al. 2018) and, with `keep` for the decay, AdamW (Loshchilov & Hutter 2019),
// in the order of operations of torch.optim's for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct AdamTerms {
    S weight_decay;     ///< of the coupled form
    S keep;             ///< 1 - lr*weight_decay in the decoupled form, else 1
    S weight;           ///< 1 - beta1
    S beta2;
    S one_minus_beta2;
    S bias2_sqrt;       ///< sqrt(1 - beta2^step)
    S eps;
    S minus_step_size;  ///< -lr / (1 - beta1^step)
};

/// What the terms are made of.
struct AdamHyper {
    double lr, beta1, beta2, eps;
    double weight_decay = 0;
    double decoupled = 0;  ///< 1: the decay is the parameter's own, else 0
};

template <bool amsgrad> struct AdamRule {
    enum { param, grad, exp_avg, exp_avg_sq, max_exp_avg_sq, slots = 4 + amsgrad };
    static constexpr const char* state[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
    template <class S> using Terms = AdamTerms<S>;
    using Switches = Common;
    using Hyper = AdamHyper;

    template <class Power> RAVINE_HD static AdamTerms<double> terms(const Hyper& h, double step, Power power) {
        const double bias1 = 1 - power(h.beta1, step);
        const double bias2 = 1 - power(h.beta2, step);
        const bool decouples = h.decoupled != 0 && h.weight_decay != 0;
        return {h.weight_decay, decouples ? 1 - h.lr * h.weight_decay : 1, 1 - h.beta1, h.beta2, 1 - h.beta2,
                power.root(bias2), h.eps, -(h.lr / bias1)};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {
        x[param] = x[param] * t.keep;
        x[exp_avg] = lerp(x[exp_avg], x[grad], t.weight);
        x[exp_avg_sq] = x[exp_avg_sq] * t.beta2;
        x[exp_avg_sq] = addcmul(x[exp_avg_sq], x[grad], x[grad], t.one_minus_beta2);
        if constexpr (amsgrad) x[max_exp_avg_sq] = max(x[max_exp_avg_sq], x[exp_avg_sq]);
        V denom = sqrt(x[amsgrad ? +max_exp_avg_sq : +exp_avg_sq]) / t.bias2_sqrt + t.eps;
        x[param] = addcdiv(x[param], x[exp_avg], denom, t.minus_step_size);
    }
};

using Adam = family<AdamRule<false>, AdamRule<true>>;
template <> inline constexpr bool has_grid_kernels<Adam> = true;

}  // namespace ravine::inline v0::kernels
