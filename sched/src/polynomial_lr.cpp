#include <ravine/sched/polynomial_lr.h>

#include "options_body.h"

#include <algorithm>

namespace ravine::inline v0::sched {
namespace {

struct PolynomialLRRule {
    using Options = PolynomialLROptions;
    static std::string complaint(const Options&) { return {}; }
    static double next(const Options& o, const Moment& now) {
        if (now.initial || now.epoch > o.total_iters) return now.lr;
        const double ratio = divide(o.name, "1 - (epoch - 1) / total_iters", left(o, now.epoch), left(o, now.epoch - 1));
        return now.lr * power(o.name, "the factor", ratio, o.power);
    }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        return base_lr * power(o.name, "the factor", left(o, std::min(o.total_iters, epoch)), o.power);
    }
    static double left(const Options& o, std::int64_t epoch) {
        return 1.0 - divide(o.name, "total_iters", static_cast<double>(epoch), static_cast<double>(o.total_iters));
    }
};

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const PolynomialLROptions& options) {
    return started_rule<PolynomialLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
