#pragma once
// The arithmetic of Lion (Chen et al. 2023): all that compilers of kernels see of it.
#include <ravine/kernels/rule.h>

namespace example {

namespace kernels = ravine::kernels;

template <class S> struct LionTerms {
    S keep;                 ///< 1 - lr * weight_decay
    S one_minus_beta1;
    S one_minus_beta2;
    S minus_lr;
};
/// What the terms are made of.
struct LionHyper {
    double lr, beta1, beta2, weight_decay;
};

struct LionRule {
    enum { param, grad, exp_avg, slots };
    static constexpr const char* state[] = {"exp_avg"};
    template <class S> using Terms = LionTerms<S>;
    using Switches = kernels::Common;
    using Hyper = LionHyper;

    template <class Power> RAVINE_HD static LionTerms<double> terms(const Hyper& h, double /*step*/, Power) {
        return {1 - h.lr * h.weight_decay, 1 - h.beta1, 1 - h.beta2, -h.lr};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<kernels::term<V>>& t, const Switches&) {
        x[param] = x[param] * t.keep;
        x[param] = add(x[param], sign(lerp(x[exp_avg], x[grad], t.one_minus_beta1)), t.minus_lr);
        x[exp_avg] = lerp(x[exp_avg], x[grad], t.one_minus_beta2);
    }
};

using LionRules = kernels::family<LionRule>;

}  // namespace example

#if defined(LION_ON_DEVICES)
template <> inline constexpr bool ravine::kernels::has_grid_kernels<example::LionRules> = true;
#endif
