#include <ravine/sched/cosine_annealing_lr.h>

#include "body.h"
#include "python_math.h"

#include <cmath>
#include <numbers>

namespace ravine::inline v0::sched {
namespace {

using std::numbers::pi;

std::string_view must_divide(std::int64_t T_max) { return T_max == 0 ? "must not be 0" : ""; }

class CosineAnnealingLRBody final : public RuleBody {
  public:
    CosineAnnealingLRBody(const optim::Optimizer& optimizer, const CosineAnnealingLROptions& options)
        : RuleBody("CosineAnnealingLR", optimizer), T_max_(options.T_max), eta_min_(options.eta_min) {
        if (T_max_ == 0) invalid("T_max must not be 0, got 0");
    }

    void describe(State& state) override {
        state.field("T_max", T_max_, must_divide);
        state.field("eta_min", eta_min_);
        describe_common(state);
    }

  private:
    double next_lr(const Moment& now) const override {
        if (now.initial) return now.lr;
        const bool counter_was_reset = now.step_count == 1 && now.epoch > 0;
        if (counter_was_reset) return now.base_lr ? closed_form(now) : now.lr;
        if (follows_minimum(now.epoch)) {
            return now.base_lr ? now.lr + (*now.base_lr - eta_min_) * (1 - std::cos(pi / period())) / 2 : now.lr;
        }
        return divide(name(), "1 + cos(pi * (last_epoch - 1) / T_max)", rise(now.epoch), rise(now.epoch - 1)) *
                   (now.lr - eta_min_) +
               eta_min_;
    }
    bool has_closed_form() const noexcept override { return true; }
    double closed_form(const Moment& now) const override {
        return eta_min_ + (*now.base_lr - eta_min_) * rise(now.epoch) / 2;
    }

    double period() const { return static_cast<double>(T_max_); }
    double rise(std::int64_t epoch) const { return 1 + std::cos(pi * static_cast<double>(epoch) / period()); }

    /// (epoch - 1 - T_max) % (2 T_max) == 0, without overflow: epoch - 1 is an odd multiple of T_max.
    bool follows_minimum(std::int64_t epoch) const {
        return (epoch - 1) % T_max_ == 0 && (epoch - 1) / T_max_ % 2 != 0;
    }

    std::int64_t T_max_;
    double eta_min_;
};

}  // namespace

CosineAnnealingLR::CosineAnnealingLR(optim::Optimizer& optimizer, const CosineAnnealingLROptions& options)
    : LRScheduler(started<CosineAnnealingLRBody>(optimizer, options)) {}

}  // namespace ravine::inline v0::sched
