#include <ravine/sched/constant_lr.h>

#include "options_body.h"

namespace ravine::inline v0::sched {
namespace {

struct ConstantLRRule {
    using Options = ConstantLROptions;
    static std::string complaint(const Options& o) {
        return must(o.factor >= 0 && o.factor <= 1, "factor must be from 0 to 1", o.factor);
    }
    static double next(const Options& o, const Moment& now) {
        if (now.epoch == 0) return now.lr * o.factor;
        return now.epoch == o.total_iters ? now.lr * divide(o.name, "factor", 1.0, o.factor) : now.lr;
    }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        return base_lr * (o.factor + (epoch >= o.total_iters ? 1.0 : 0.0) * (1 - o.factor));
    }
};

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const ConstantLROptions& options) {
    return started_rule<ConstantLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
