#include <ravine/sched/warmup_stable_decay_lr.h>

#include "options_body.h"
#include "warmup.h"

#include <cmath>
#include <numbers>

namespace ravine::inline v0::sched {
namespace {

struct WarmupStableDecayLRRule {
    using Options = WarmupStableDecayLROptions;
    static std::string complaint(const Options& o) {
        const bool known = o.decay == "linear" || o.decay == "cosine" || o.decay == "1-sqrt";
        return first_complaint({must(o.warmup_iters >= 0 && o.warmup_iters <= largest_epoch,
                                     "warmup_iters must be from 0 to 2^53", o.warmup_iters.value),
                                must(o.stable_iters >= 0 && o.stable_iters <= largest_epoch,
                                     "stable_iters must be from 0 to 2^53", o.stable_iters.value),
                                must(o.decay_iters >= 1, "decay_iters must be at least 1", o.decay_iters.value),
                                must(known, "decay must be linear, cosine or 1-sqrt", o.decay),
                                start_factor_complaint(o.start_factor),
                                must(o.end_factor >= 0 && o.end_factor <= 1, "end_factor must be from 0 to 1", o.end_factor)});
    }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        if (epoch < o.warmup_iters) return base_lr * warmup(o.start_factor, epoch, o.warmup_iters);
        const std::int64_t decayed = epoch - o.warmup_iters - o.stable_iters;
        if (decayed <= 0) return base_lr;
        if (decayed >= o.decay_iters) return base_lr * o.end_factor;
        return base_lr * (o.end_factor + (1 - o.end_factor) * left(o.decay, part(decayed, o.decay_iters)));
    }
    /// What is left of the height, from 1 to 0.
    static double left(std::string_view decay, double done) {
        if (decay == "linear") return 1 - done;
        return decay == "cosine" ? (1 + std::cos(std::numbers::pi * done)) / 2 : 1 - std::sqrt(done);
    }
};

}  // namespace

template <>
std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const WarmupStableDecayLROptions& options) {
    return started_rule<WarmupStableDecayLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
