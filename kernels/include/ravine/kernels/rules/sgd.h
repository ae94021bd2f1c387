#pragma once
// Stochastic gradient descent with optional (Nesterov) momentum, in the order of operations of torch.optim's for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct SgdTerms {
    S weight_decay;
    S momentum;
    S one_minus_dampening;
    S minus_lr;
};
/// What the terms are made of.
struct SgdHyper {
    double lr, momentum = 0, dampening = 0, weight_decay = 0;
};
struct SgdSwitches : Common {
    bool first = false;  ///< no buffer yet: it becomes a copy of the gradient, undampened
    bool nesterov = false;
};

template <bool with_momentum> struct SgdRule {
    enum { param, grad, momentum_buffer, slots = 2 + with_momentum };
    static constexpr const char* state[] = {"momentum_buffer"};
    template <class S> using Terms = SgdTerms<S>;
    using Switches = SgdSwitches;
    using Hyper = SgdHyper;

    template <class Power> RAVINE_HD static SgdTerms<double> terms(const Hyper& h, double, Power) {
        return {h.weight_decay, h.momentum, 1 - h.dampening, -h.lr};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches& switches) {
        if constexpr (!with_momentum) {
            x[param] = add(x[param], x[grad], t.minus_lr);
        } else {
            if (switches.first) {
                x[momentum_buffer] = x[grad];
            } else {
                x[momentum_buffer] = x[momentum_buffer] * t.momentum;
                x[momentum_buffer] = add(x[momentum_buffer], x[grad], t.one_minus_dampening);
            }
            if (switches.nesterov) {
                x[grad] = add(x[grad], x[momentum_buffer], t.momentum);
                x[param] = add(x[param], x[grad], t.minus_lr);
            } else {
                x[param] = add(x[param], x[momentum_buffer], t.minus_lr);
            }
        }
    }
};

using SGD = family<SgdRule<false>, SgdRule<true>>;
template <> inline constexpr bool has_grid_kernels<SGD> = true;

}  // namespace ravine::inline v0::kernels
