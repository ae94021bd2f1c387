#include <ravine/sched/multiplicative_lr.h>

#include "function_body.h"

namespace ravine::inline v0::sched {
namespace {

class MultiplicativeLRBody final : public FunctionBody {
  public:
    MultiplicativeLRBody(const optim::Optimizer& optimizer, const MultiplicativeLROptions& options)
        : FunctionBody(MultiplicativeLROptions::name, optimizer, options.lr_lambda) {}

  private:
    Form form() const noexcept override { return Form::recursive; }
    double next_lr(const Moment& now) const override { return now.initial ? now.lr : now.lr * factor(now); }
};

}  // namespace

template <>
std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const MultiplicativeLROptions& options) {
    return started<MultiplicativeLRBody>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
