#include <ravine/sched/lambda_lr.h>

#include "function_body.h"

namespace ravine::inline v0::sched {
namespace {

class LambdaLRBody final : public FunctionBody {
  public:
    LambdaLRBody(const optim::Optimizer& optimizer, const LambdaLROptions& options)
        : FunctionBody(LambdaLROptions::name, optimizer, options.lr_lambda) {}

  private:
    Form form() const noexcept override { return Form::direct; }
    double next_lr(const Moment& now) const override { return now.base_lr * factor(now); }
};

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const LambdaLROptions& options) {
    return started<LambdaLRBody>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
