#include <ravine/sched/step_lr.h>

#include "body.h"
#include "python_math.h"

namespace ravine::inline v0::sched {
namespace {

std::string_view must_divide(std::int64_t step_size) { return step_size == 0 ? "must not be 0" : ""; }

class StepLRBody final : public RuleBody {
  public:
    StepLRBody(const optim::Optimizer& optimizer, const StepLROptions& options)
        : RuleBody("StepLR", optimizer), step_size_(options.step_size), gamma_(options.gamma) {
        if (step_size_ == 0) invalid("step_size must not be 0, got 0");
    }

    void describe(State& state) override {
        state.field("step_size", step_size_, must_divide);
        state.field("gamma", gamma_);
        describe_common(state);
    }

  private:
    double next_lr(const Moment& now) const override {
        const bool due = now.epoch != 0 && now.epoch % step_size_ == 0;
        return due ? now.lr * gamma_ : now.lr;
    }
    bool has_closed_form() const noexcept override { return true; }
    double closed_form(const Moment& now) const override {
        const auto decays = static_cast<double>(floor_div(now.epoch, step_size_));
        return *now.base_lr * power(name(), "gamma", gamma_, decays);
    }

    std::int64_t step_size_;
    double gamma_;
};

}  // namespace

StepLR::StepLR(optim::Optimizer& optimizer, const StepLROptions& options)
    : LRScheduler(started<StepLRBody>(optimizer, options)) {}

}  // namespace ravine::inline v0::sched
