#include <ravine/sched/swa_lr.h>

#include "anneal.h"
#include "options_body.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ravine::inline v0::sched {
namespace {

std::string_view not_epochs(std::int64_t epochs) {
    return epochs >= 0 && epochs <= largest_epoch ? "" : "must be from 0 to 2^53";
}

class SWALRBody final : public RuleBody {
  public:
    SWALRBody(const optim::Optimizer& optimizer, const SWALROptions& options)
        : RuleBody(SWALROptions::name, optimizer),
          given_lrs_(for_groups("swa_lr", options.swa_lr)),
          strategy_(options.anneal_strategy),
          epochs_(options.anneal_epochs) {
        check(about("anneal_strategy", unknown_strategy(strategy_), strategy_));
        check(about("anneal_epochs", not_epochs(epochs_), epochs_));
    }

    void describe(State& state) override {
        if (const Value* function = state.given("anneal_func")) read_function(state, *function);
        state.later_field("_anneal_strategy", strategy_, unknown_strategy);
        state.field("anneal_epochs", epochs_, not_epochs);
        describe_common(state);
    }

  private:
    Form form() const noexcept override { return Form::recursive; }
    void prepare_groups() override {
        for (std::size_t i = 0; i < groups().size(); ++i) groups()[i]->set("swa_lr", given_lrs_[i]);
    }
    double next_lr(const Moment& now) const override {
        const double swa_lr = groups()[now.group]->number("swa_lr");
        const std::int64_t done = epochs_ == 0 ? std::max<std::int64_t>(1, now.step_count - 1) : now.step_count - 1;
        const double before = blend(done - 1), after = blend(done);
        // The lr as it would be without this scheduler.
        const double other = before == 1 ? swa_lr : (now.lr - before * swa_lr) / (1 - before);
        return swa_lr * after + other * (1 - after);
    }
    /// The part of swa_lr in the lr.
    double blend(std::int64_t done) const {
        const auto whole = static_cast<double>(std::max<std::int64_t>(1, epochs_));
        const double part = std::clamp(static_cast<double>(done) / whole, 0.0, 1.0);
        return strategy_ == "linear" ? part : (1 - std::cos(std::numbers::pi * part)) / 2;
    }
    /// Up to 2.9 torch stores the function instead of the strategy. A reader of files can only tell its name.
    void read_function(State& state, const Value& function) {
        const std::string* name = function.get_if<std::string>();
        const bool is_linear = name != nullptr && name->ends_with("_linear_anneal");
        if (!is_linear && (name == nullptr || !name->ends_with("_cosine_anneal"))) {
            state.refuse("anneal_func must name _cosine_anneal or _linear_anneal, got " + shown(function));
        }
        if (state.is_loading()) strategy_ = is_linear ? "linear" : "cos";
    }

    std::vector<double> given_lrs_;
    std::string strategy_;
    std::int64_t epochs_;
};

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const SWALROptions& options) {
    return started<SWALRBody>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
