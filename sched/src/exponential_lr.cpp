#include <ravine/sched/exponential_lr.h>

#include "options_body.h"

namespace ravine::inline v0::sched {
namespace {

struct ExponentialLRRule {
    using Options = ExponentialLROptions;
    static std::string complaint(const Options&) { return {}; }
    static double next(const Options& o, const Moment& now) { return now.initial ? now.lr : now.lr * o.gamma; }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        return base_lr * power(o.name, "gamma", o.gamma, static_cast<double>(epoch));
    }
};

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const ExponentialLROptions& options) {
    return started_rule<ExponentialLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
