#pragma once
// How an average of weights moves towards the current ones: torch.optim.swa_utils, one tensor at a time.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels {

/// Slots of both rules: the average, which is written, and the model's tensor, which is read.
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

/// The exponential moving average, as torch's get_ema_multi_avg_fn: lerp(p, q, 1 - decay).
struct ExponentialAverageRule : AverageSlots {
    template <class S> struct Terms {
        S weight;  ///< 1 - decay
    };
    template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const NoSwitches&) {
        x[average] = lerp(x[average], x[current], t.weight);
    }
};

using Averages = family<EqualAverageRule, ExponentialAverageRule>;
template <> inline constexpr bool has_grid_kernels<Averages> = true;

}  // namespace ravine::inline v0::kernels
