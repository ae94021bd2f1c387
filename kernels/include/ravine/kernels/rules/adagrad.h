#pragma once
// Adagrad (Duchi, Hazan & Singer 2011), in the order of operations of torch.optim's for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct AdagradTerms {
    S weight_decay;
    S eps;
    S minus_clr;  ///< -lr / (1 + (step - 1) * lr_decay)
};
/// What the terms are made of.
struct AdagradHyper {
    double lr, lr_decay = 0, eps, weight_decay = 0;
};

struct AdagradRule {
    enum { param, grad, sum, slots };
    static constexpr const char* state[] = {"sum"};
    template <class S> using Terms = AdagradTerms<S>;
    using Switches = Common;
    using Hyper = AdagradHyper;

    template <class Power> RAVINE_HD static AdagradTerms<double> terms(const Hyper& h, double step, Power) {
        return {h.weight_decay, h.eps, -(h.lr / (1 + (step - 1) * h.lr_decay))};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {
        x[sum] = addcmul(x[sum], x[grad], x[grad], 1);
        V std = sqrt(x[sum]) + t.eps;
        x[param] = addcdiv(x[param], x[grad], std, t.minus_clr);
    }
};

using Adagrad = family<AdagradRule>;
template <> inline constexpr bool has_grid_kernels<Adagrad> = true;

}  // namespace ravine::inline v0::kernels
