#include <ravine/sched/inverse_square_root_lr.h>

#include "options_body.h"
#include "warmup.h"

#include <cmath>

namespace ravine::inline v0::sched {
namespace {

struct InverseSquareRootLRRule {
    using Options = InverseSquareRootLROptions;
    static std::string complaint(const Options& o) {
        return first_complaint({must(o.warmup_iters >= 1, "warmup_iters must be at least 1", o.warmup_iters.value),
                                start_factor_complaint(o.start_factor)});
    }
    static double at(const Options& o, double base_lr, std::int64_t epoch) {
        if (epoch < o.warmup_iters) return base_lr * warmup(o.start_factor, epoch, o.warmup_iters);
        return base_lr * std::sqrt(part(o.warmup_iters, epoch));
    }
};

}  // namespace

template <>
std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const InverseSquareRootLROptions& options) {
    return started_rule<InverseSquareRootLRRule>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
