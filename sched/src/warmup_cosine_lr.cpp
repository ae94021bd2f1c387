#include <ravine/sched/warmup_cosine_lr.h>

#include "options_body.h"
#include "warmup.h"

#include <cmath>
#include <numbers>

namespace ravine::inline v0::sched {
namespace {

struct WarmupCosineLRRule {
    using Options = WarmupCosineLROptions;
    static std::string complaint(const Options& o) {
        return first_complaint(
            {must(o.warmup_iters >= 0, "warmup_iters must not be negative", o.warmup_iters.value),
             must(o.total_iters > o.warmup_iters, "total_iters must be more than warmup_iters", o.total_iters.value),
             start_factor_complaint(o.start_factor)});
    }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        if (epoch < o.warmup_iters) return base_lr * warmup(o.start_factor, epoch, o.warmup_iters);
        if (epoch >= o.total_iters) return o.eta_min;
        const double done = part(epoch - o.warmup_iters, o.total_iters - o.warmup_iters);
        return o.eta_min + (base_lr - o.eta_min) * (1 + std::cos(std::numbers::pi * done)) / 2;
    }
};

}  // namespace

template <>
std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const WarmupCosineLROptions& options) {
    return started_rule<WarmupCosineLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
