#include <ravine/sched/multi_step_lr.h>

#include "options_body.h"

namespace ravine::inline v0::sched {
namespace {

struct MultiStepLRRule {
    using Options = MultiStepLROptions;
    static std::string complaint(const Options&) { return {}; }
    static double next(const Options& o, const Moment& now) {
        const std::int64_t times = o.milestones.at(now.epoch);
        return times == 0 ? now.lr : now.lr * power(o.name, "gamma", o.gamma, static_cast<double>(times));
    }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        return base_lr * power(o.name, "gamma", o.gamma, static_cast<double>(o.milestones.up_to(epoch)));
    }
};

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const MultiStepLROptions& options) {
    return started_rule<MultiStepLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
