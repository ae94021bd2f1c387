#pragma once
// How an average of weights moves towards the current ones: torch.optim.swa_utils, one tensor at a time.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

/// Slots of all rules: the average, which is written, and the model's tensor, which is read.
struct AverageSlots {
    enum { average, current, slots };
    static constexpr unsigned writes = 1u << average;
    using Switches = NoSwitches;
};

/// The mean of all models so far, as torch's get_swa_avg_fn: p + (q - p) / (n + 1).
struct EqualAverageRule : AverageSlots {
    template <class S> struct Terms {
        S count;  ///< n + 1
    };
    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const NoSwitches&) {
        V step = (x[current] - x[average]) / t.count;
        x[average] = x[average] + step;
    }
};

/// The average moved towards the model by a share, as torch's get_ema_multi_avg_fn and get_swa_multi_avg_fn: lerp(p, q, weight).
struct LerpAverageRule : AverageSlots {
    template <class S> struct Terms {
        S weight;  ///< 1 - decay, or 1 / (n + 1)
    };
    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const NoSwitches&) {
        x[average] = lerp(x[average], x[current], t.weight);
    }
};

/// The exponential moving average, as torch's get_ema_avg_fn: decay * p + (1 - decay) * q, two products and their sum.
struct ProductsAverageRule : AverageSlots {
    template <class S> struct Terms {
        S keep, weight;  ///< decay, 1 - decay
    };
    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const NoSwitches&) {
        x[average] = x[average] * t.keep;
        V share = x[current] * t.weight;
        x[average] = x[average] + share;
    }
};

using Averages = family<EqualAverageRule, LerpAverageRule, ProductsAverageRule>;
template <> inline constexpr bool has_grid_kernels<Averages> = true;

}  // namespace ravine::inline v0::kernels
