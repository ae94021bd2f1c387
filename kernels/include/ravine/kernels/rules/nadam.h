#pragma once
// NAdam (Dozat 2016), in the order of operations of torch.optim's for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct NAdamTerms {
    S weight_decay;       ///< of the coupled form
    S keep;               ///< 1 - lr*weight_decay in the decoupled form, else 1
    S weight;             ///< 1 - beta1
    S beta2;
    S one_minus_beta2;
    S bias2;              ///< 1 - beta2^step
    S eps;
    S minus_grad_step;    ///< of the gradient
    S minus_moment_step;  ///< of exp_avg
};
/// What the terms are made of.
struct NAdamHyper {
    double lr, beta1, beta2, eps;
    double weight_decay = 0;
    double momentum_decay;
    double decoupled = 0;  ///< 1: the decay is the parameter's own, else 0
};

struct NAdamRule {
    enum { param, grad, exp_avg, exp_avg_sq, slots };
    static constexpr const char* state[] = {"exp_avg", "exp_avg_sq"};
    static constexpr const char* carried[] = {"mu_product"};
    template <class S> using Terms = NAdamTerms<S>;
    using Switches = Common;
    using Hyper = NAdamHyper;
    /// The product of the momenta of all steps.
    struct Scalars {
        double mu_product;
    };
    RAVINE_HD static Scalars initial(const Hyper&) { return {1}; }

    template <class Power> RAVINE_HD static double momentum(const Hyper& h, double step, Power power) {
        return h.beta1 * (1 - 0.5 * power(0.96, step * h.momentum_decay));
    }
    template <class Power> RAVINE_HD static NAdamTerms<double> terms(const Hyper& h, double step, Switches&, Scalars& scalars, Power power) {
        const double mu = momentum(h, step, power), next_mu = momentum(h, step + 1, power);
        const double product = float_value(static_cast<double>(static_cast<float>(scalars.mu_product) * static_cast<float>(mu)));
        scalars.mu_product = product;
        const bool decouples = h.decoupled != 0 && h.weight_decay != 0;
        return {h.weight_decay, decouples ? 1 - h.lr * h.weight_decay : 1, 1 - h.beta1, h.beta2, 1 - h.beta2, 1 - power(h.beta2, step), h.eps,
                -h.lr * (1 - mu) / (1 - product), -h.lr * next_mu / (1 - product * next_mu)};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {
        x[param] = x[param] * t.keep;
        x[exp_avg] = lerp(x[exp_avg], x[grad], t.weight);
        x[exp_avg_sq] = x[exp_avg_sq] * t.beta2;
        x[exp_avg_sq] = addcmul(x[exp_avg_sq], x[grad], x[grad], t.one_minus_beta2);
        V denom = sqrt(x[exp_avg_sq] / t.bias2) + t.eps;
        x[param] = addcdiv(x[param], x[grad], denom, t.minus_grad_step);
        x[param] = addcdiv(x[param], x[exp_avg], denom, t.minus_moment_step);
    }
};

using NAdam = family<NAdamRule>;
template <> inline constexpr bool has_grid_kernels<NAdam> = true;

}  // namespace ravine::inline v0::kernels
