#include <ravine/sched/step_lr.h>

#include "options_body.h"

namespace ravine::inline v0::sched {
namespace {

struct StepLRRule {
    using Options = StepLROptions;
    static std::string complaint(const Options& o) {
        return must(o.step_size != 0, "step_size must not be 0", o.step_size.value);
    }
    static double next(const Options& o, const Moment& now) {
        const bool due = now.epoch != 0 && now.epoch % o.step_size == 0;
        return due ? now.lr * o.gamma : now.lr;
    }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        return base_lr * power(o.name, "gamma", o.gamma, static_cast<double>(floor_div(epoch, o.step_size)));
    }
};

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const StepLROptions& options) {
    return started_rule<StepLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
