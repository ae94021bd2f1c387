#pragma once
// Adadelta (Zeiler 2012), in the order of operations of torch.optim's for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct AdadeltaTerms {
    S weight_decay;
    S rho;
    S one_minus_rho;
    S eps;
    S minus_lr;
};
/// What the terms are made of.
struct AdadeltaHyper {
    double lr, rho, eps, weight_decay = 0;
};

struct AdadeltaRule {
    enum { param, grad, square_avg, acc_delta, slots };
    static constexpr const char* state[] = {"square_avg", "acc_delta"};
    template <class S> using Terms = AdadeltaTerms<S>;
    using Switches = Common;
    using Hyper = AdadeltaHyper;

    template <class Power> RAVINE_HD static AdadeltaTerms<double> terms(const Hyper& h, double, Power) {
        return {h.weight_decay, h.rho, 1 - h.rho, h.eps, -h.lr};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {
        x[square_avg] = x[square_avg] * t.rho;
        x[square_avg] = addcmul(x[square_avg], x[grad], x[grad], t.one_minus_rho);
        V std = sqrt(x[square_avg] + t.eps);
        V delta = sqrt(x[acc_delta] + t.eps);
        delta = delta / std;
        delta = delta * x[grad];
        x[acc_delta] = x[acc_delta] * t.rho;
        x[acc_delta] = addcmul(x[acc_delta], delta, delta, t.one_minus_rho);
        x[param] = add(x[param], delta, t.minus_lr);
    }
};

using Adadelta = family<AdadeltaRule>;
template <> inline constexpr bool has_grid_kernels<Adadelta> = true;

}  // namespace ravine::inline v0::kernels
