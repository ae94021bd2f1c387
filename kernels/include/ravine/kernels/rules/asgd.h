#pragma once
// Averaged stochastic gradient descent (Polyak & Juditsky 1992), in the order of operations of torch.optim's for-loop.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

template <class S> struct ASGDTerms {
    S weight_decay;
    S keep;       ///< 1 - lambd * eta
    S minus_eta;
    S mu;
};
/// What the terms are made of.
struct ASGDHyper {
    double lr, lambd, alpha, t0, weight_decay = 0;
};
struct ASGDSwitches : Common {
    bool averages = false;  ///< mu is not 1: until then the average is the parameter
};

struct ASGDRule {
    enum { param, grad, ax, slots };
    static constexpr const char* state[] = {"ax"};
    static constexpr const char* carried[] = {"eta", "mu"};
    template <class S> using Terms = ASGDTerms<S>;
    using Switches = ASGDSwitches;
    using Hyper = ASGDHyper;
    /// The step size and the weight of the next step.
    struct Scalars {
        double eta, mu;
    };
    RAVINE_HD static Scalars initial(const Hyper& h) { return {float_value(h.lr), 1}; }

    template <class Power> RAVINE_HD static ASGDTerms<double> terms(const Hyper& h, double step, Switches& switches, Scalars& scalars, Power power) {
        const Scalars now = scalars;
        switches.averages = now.mu != 1;
        const double averaged_steps = step - h.t0;
        scalars.eta = float_value(h.lr / power(1 + h.lambd * h.lr * step, h.alpha));
        scalars.mu = float_value(1 / (averaged_steps > 1 ? averaged_steps : 1));
        return {h.weight_decay, 1 - h.lambd * now.eta, -now.eta, now.mu};
    }

    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches& switches) {
        x[param] = x[param] * t.keep;
        x[param] = add(x[param], x[grad], t.minus_eta);
        if (switches.averages) {
            V difference = x[param] - x[ax];
            difference = difference * t.mu;
            x[ax] = x[ax] + difference;
        } else {
            x[ax] = x[param];
        }
    }
};

using ASGD = family<ASGDRule>;
template <> inline constexpr bool has_grid_kernels<ASGD> = true;

}  // namespace ravine::inline v0::kernels
