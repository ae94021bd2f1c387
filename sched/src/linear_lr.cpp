#include <ravine/sched/linear_lr.h>

#include "options_body.h"

#include <algorithm>

namespace ravine::inline v0::sched {
namespace {

struct LinearLRRule {
    using Options = LinearLROptions;
    static std::string complaint(const Options& o) {
        return first_complaint(
            {must(o.start_factor > 0 && o.start_factor <= 1, "start_factor must be above 0 and at most 1", o.start_factor),
             must(o.end_factor >= 0 && o.end_factor <= 1, "end_factor must be from 0 to 1", o.end_factor)});
    }
    static double next(const Options& o, const Moment& now) {
        if (now.epoch == 0) return now.lr * o.start_factor;
        if (now.initial || now.epoch > o.total_iters) return now.lr;
        const double rise = o.end_factor - o.start_factor;
        const double whole = static_cast<double>(o.total_iters) * o.start_factor + static_cast<double>(now.epoch - 1) * rise;
        return now.lr *
               (1.0 + divide(o.name, "total_iters * start_factor + (epoch - 1) * (end_factor - start_factor)", rise, whole));
    }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        const auto done = static_cast<double>(std::min(o.total_iters, epoch)), total = static_cast<double>(o.total_iters);
        return base_lr * (o.start_factor + divide(o.name, "total_iters", (o.end_factor - o.start_factor) * done, total));
    }
};

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const LinearLROptions& options) {
    return started_rule<LinearLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
