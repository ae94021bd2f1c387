#pragma once
// RAdam (Liu et al. 2020), in the order of operations of torch.optim's for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct RAdamTerms {
    S weight_decay;     ///< of the coupled form
    S keep;             ///< 1 - lr*weight_decay in the decoupled form, else 1
    S weight;           ///< 1 - beta1
    S beta2;
    S one_minus_beta2;
    S bias1;            ///< 1 - beta1^step
    S lr;
    S eps;
    S bias2_sqrt;       ///< sqrt(1 - beta2^step)
    S rect;             ///< the rectification of the variance
};
/// What the terms are made of.
struct RAdamHyper {
    double lr, beta1, beta2, eps;
    double weight_decay = 0;
    double decoupled = 0;  ///< 1: the decay is the parameter's own, else 0
};
struct RAdamSwitches : Common {
    bool unrectified = false;  ///< the variance is not known well enough yet: momentum alone
};

struct RAdamRule {
    enum { param, grad, exp_avg, exp_avg_sq, slots };
    static constexpr const char* state[] = {"exp_avg", "exp_avg_sq"};
    template <class S> using Terms = RAdamTerms<S>;
    using Switches = RAdamSwitches;
    using Hyper = RAdamHyper;

    template <class Power> RAVINE_HD static RAdamTerms<double> terms(const Hyper& h, double step, Switches& switches, Power power) {
        const double beta2_power = power(h.beta2, step);
        const double bias2 = 1 - beta2_power;
        const double rho_inf = 2 / (1 - h.beta2) - 1;
        const double rho = rho_inf - 2 * step * beta2_power / bias2;
        switches.unrectified = !(rho > 5);
        const double rect = switches.unrectified ? 0 : power.root((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho));
        const bool decouples = h.decoupled != 0 && h.weight_decay != 0;
        return {h.weight_decay, decouples ? 1 - h.lr * h.weight_decay : 1, 1 - h.beta1, h.beta2, 1 - h.beta2, 1 - power(h.beta1, step), h.lr, h.eps,
                power.root(bias2), rect};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches& switches) {
        x[param] = x[param] * t.keep;
        x[exp_avg] = lerp(x[exp_avg], x[grad], t.weight);
        x[exp_avg_sq] = x[exp_avg_sq] * t.beta2;
        x[exp_avg_sq] = addcmul(x[exp_avg_sq], x[grad], x[grad], t.one_minus_beta2);
        V update = x[exp_avg] / t.bias1;
        update = update * t.lr;
        if (!switches.unrectified) {
            V adaptive = reciprocal(sqrt(x[exp_avg_sq]) + t.eps);
            adaptive = adaptive * t.bias2_sqrt;
            update = update * adaptive;
            update = update * t.rect;
        }
        x[param] = x[param] - update;
    }
};

using RAdam = family<RAdamRule>;
template <> inline constexpr bool has_grid_kernels<RAdam> = true;

}  // namespace ravine::inline v0::kernels
