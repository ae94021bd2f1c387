#include <ravine/sched/cosine_annealing_lr.h>

#include "options_body.h"

#include <cmath>
#include <numbers>

namespace ravine::inline v0::sched {
namespace {

using std::numbers::pi;

struct CosineAnnealingLRRule {
    using Options = CosineAnnealingLROptions;
    static std::string complaint(const Options& o) { return must(o.T_max != 0, "T_max must not be 0", o.T_max.value); }
    static bool needs_base(const Options& o, const Moment& now) {
        return !now.initial && (counter_was_reset(now) || follows_minimum(o, now.epoch));
    }
    static double next(const Options& o, const Moment& now) {
        if (now.initial) return now.lr;
        if (counter_was_reset(now)) return at(o, now.base_lr, now.epoch);
        if (follows_minimum(o, now.epoch)) return now.lr + (now.base_lr - o.eta_min) * (1 - std::cos(pi / period(o))) / 2;
        const double ratio = divide(o.name, "1 + cos(pi * (epoch - 1) / T_max)", rise(o, now.epoch), rise(o, now.epoch - 1));
        return ratio * (now.lr - o.eta_min) + o.eta_min;
    }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        return o.eta_min + (base_lr - o.eta_min) * rise(o, epoch) / 2;
    }

    static double period(const Options& o) { return static_cast<double>(o.T_max); }
    static double rise(const Options& o, std::int64_t epoch) {
        return 1 + std::cos(pi * static_cast<double>(epoch) / period(o));
    }
    static bool counter_was_reset(const Moment& now) { return now.step_count == 1 && now.epoch > 0; }
    /// (epoch - 1 - T_max) % (2 T_max) == 0, without overflow: epoch - 1 is an odd multiple of T_max.
    static bool follows_minimum(const Options& o, std::int64_t epoch) {
        return (epoch - 1) % o.T_max == 0 && (epoch - 1) / o.T_max % 2 != 0;
    }
};

}  // namespace

template <>
std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const CosineAnnealingLROptions& options) {
    return started_rule<CosineAnnealingLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
