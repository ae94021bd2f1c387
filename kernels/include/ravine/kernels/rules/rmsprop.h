#pragma once
// RMSprop (Hinton 2012), optionally centered (Graves 2013) and with momentum, in the order of operations of torch.optim's
// for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct RMSpropTerms {
    S weight_decay;
    S alpha;
    S one_minus_alpha;
    S eps;
    S momentum;
    S minus_lr;
};
/// What the terms are made of.
struct RMSpropHyper {
    double lr, alpha, eps, weight_decay = 0, momentum = 0;
};

template <bool with_momentum, bool centered> struct RMSpropRule {
    enum { param, grad, square_avg, momentum_buffer, grad_avg = momentum_buffer + with_momentum, slots = 3 + with_momentum + centered };
    static constexpr const char* state[] = {"square_avg", with_momentum ? "momentum_buffer" : "grad_avg", "grad_avg"};
    template <class S> using Terms = RMSpropTerms<S>;
    using Switches = Common;
    using Hyper = RMSpropHyper;

    template <class Power> RAVINE_HD static RMSpropTerms<double> terms(const Hyper& h, double, Power) {
        return {h.weight_decay, h.alpha, 1 - h.alpha, h.eps, h.momentum, -h.lr};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {
        x[square_avg] = x[square_avg] * t.alpha;
        x[square_avg] = addcmul(x[square_avg], x[grad], x[grad], t.one_minus_alpha);
        V avg;
        if constexpr (centered) {
            x[grad_avg] = lerp(x[grad_avg], x[grad], t.one_minus_alpha);
            avg = sqrt(addcmul(x[square_avg], x[grad_avg], x[grad_avg], -1));
        } else {
            avg = sqrt(x[square_avg]);
        }
        avg = avg + t.eps;
        if constexpr (with_momentum) {
            x[momentum_buffer] = x[momentum_buffer] * t.momentum;
            x[momentum_buffer] = addcdiv(x[momentum_buffer], x[grad], avg, 1);
            x[param] = add(x[param], x[momentum_buffer], t.minus_lr);
        } else {
            x[param] = addcdiv(x[param], x[grad], avg, t.minus_lr);
        }
    }
};

using RMSprop = family<RMSpropRule<false, false>, RMSpropRule<true, false>, RMSpropRule<false, true>, RMSpropRule<true, true>>;
template <> inline constexpr bool has_grid_kernels<RMSprop> = true;

}  // namespace ravine::inline v0::kernels
