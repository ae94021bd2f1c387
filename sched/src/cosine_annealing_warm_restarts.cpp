#include <ravine/sched/cosine_annealing_warm_restarts.h>

#include "options_body.h"

#include <cmath>
#include <numbers>

namespace ravine::inline v0::sched {
namespace {

std::string complaint(const CosineAnnealingWarmRestartsOptions& o) {
    return first_complaint(
        {must(o.T_0 >= 1, "T_0 must be at least 1", o.T_0.value), must(o.T_mult >= 1, "T_mult must be at least 1", o.T_mult)});
}

/// Where in which period. torch counts in integers until it is given a fraction.
struct Phase {
    std::int64_t period;
    double at;
    bool at_is_float;
};

std::int64_t longer(std::int64_t period, std::int64_t factor) {
    std::int64_t result = 0;
    if (__builtin_mul_overflow(period, factor, &result)) {
        throw std::invalid_argument(
            fmt::format("{}: T_0 and T_mult must give periods below 2^63, got a period of {} and T_mult {}", CosineAnnealingWarmRestartsOptions::name,
                        period, factor));
    }
    return result;
}

/// The phase at an epoch that is not negative.
Phase phase_at(const CosineAnnealingWarmRestartsOptions& o, const Phase& now, double epoch, bool is_float) {
    const auto first = static_cast<double>(o.T_0);
    if (epoch < first) return {o.T_0, epoch, is_float};
    if (o.T_mult == 1) return {now.period, std::fmod(epoch, first), is_float};
    const auto mult = static_cast<double>(o.T_mult);
    // torch's own rounding: the logarithm to the base T_mult is a quotient of two.
    const auto restarts = static_cast<std::int64_t>(std::log(epoch / first * (mult - 1) + 1) / std::log(mult));
    std::int64_t power = 1;
    for (std::int64_t i = 0; i < restarts; ++i) power = longer(power, o.T_mult);
    const std::int64_t before = longer(o.T_0, (power - 1) / (o.T_mult - 1));
    return {longer(o.T_0, power), epoch - static_cast<double>(before), true};
}

/// The phase one step on, which torch reaches by counting.
Phase phase_after(const CosineAnnealingWarmRestartsOptions& o, Phase phase) {
    phase.at += 1;
    if (phase.at < static_cast<double>(phase.period)) return phase;
    phase.at = std::fmod(phase.at, static_cast<double>(phase.period));
    phase.period = longer(phase.period, o.T_mult);
    return phase;
}

class CosineAnnealingWarmRestartsBody final : public CountingBody {
  public:
    CosineAnnealingWarmRestartsBody(const optim::Optimizer& optimizer, const CosineAnnealingWarmRestartsOptions& options)
        : CountingBody(CosineAnnealingWarmRestartsOptions::name, optimizer),
          options_(options),
          phase_{options.T_0, static_cast<double>(options.last_epoch), false} {
        check(complaint(options_));
    }

    StepArgument step_argument() const noexcept override { return StepArgument::fraction; }
    void step(std::optional<std::int64_t> epoch) override {
        if (epoch || last_epoch_ < 0) jump(static_cast<double>(checked(epoch.value_or(0))), false);
        else advance();
    }
    void step_with(double epoch, std::optional<std::int64_t> second) override {
        if (second) SchedulerBody::step_with(epoch, second);
        if (!(std::abs(epoch) <= static_cast<double>(largest_epoch)))
            invalid(fmt::format("epoch must be within -2^53 and 2^53, got {}", epoch));
        jump(epoch, true);
    }
    std::vector<double> lr(std::int64_t step) const override {
        return lrs_at(phase_at(options_, {options_.T_0, 0, false}, static_cast<double>(checked(step)), false));
    }
    std::vector<double> get_lr() const override {
        warn(LogCode::get_lr_outside_step, "get_lr() is what the next write would be; get_last_lr() has the current lr");
        return lrs_at(phase_);
    }
    void describe(State& state) override;

  private:
    std::int64_t checked(std::int64_t epoch) const {
        check_epoch("epoch", epoch);
        return epoch;
    }
    void jump(double epoch, bool is_float) {
        if (epoch < 0) invalid(fmt::format("epoch must not be negative, got {}", epoch));
        write_phase(phase_at(options_, phase_, epoch, is_float), static_cast<std::int64_t>(std::floor(epoch)));
    }
    void advance() { write_phase(phase_after(options_, phase_), checked(last_epoch_ + 1)); }
    void write_phase(const Phase& phase, std::int64_t epoch) {
        const std::vector<double> lrs = lrs_at(phase);
        phase_ = phase;
        last_epoch_ = epoch;
        write(lrs);
        last_lr_ = current_lrs();
    }
    std::vector<double> lrs_at(const Phase& phase) const {
        check_groups_stay();
        std::vector<double> result;
        const double eta_min = options_.eta_min;
        for (std::size_t i = 0; i < reach(); ++i) {
            const double angle = std::numbers::pi * phase.at / static_cast<double>(phase.period);
            result.push_back(eta_min + (base_lrs_[i] - eta_min) * (1 + std::cos(angle)) / 2);
        }
        return result;
    }

    CosineAnnealingWarmRestartsOptions options_;
    Phase phase_;
};

void CosineAnnealingWarmRestartsBody::describe(State& state) {
    const auto positive = [](std::int64_t value) { return value >= 1 ? "" : "must be at least 1"; };
    const auto at_least_1 = [](const required<std::int64_t>& value) { return value >= 1 ? "" : "must be at least 1"; };
    Value at = phase_.at_is_float ? Value(phase_.at) : Value(static_cast<std::int64_t>(phase_.at));
    state.field("T_0", options_.T_0, at_least_1);
    state.field("T_i", phase_.period, positive);
    state.field("T_mult", options_.T_mult, positive);
    state.field("eta_min", options_.eta_min);
    state.field("T_cur", at);
    describe_common(state);
    if (!state.is_loading()) return;
    phase_.at = at.number();
    phase_.at_is_float = at.is(Value::Kind::floating);
}

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const CosineAnnealingWarmRestartsOptions& options) {
    return started<CosineAnnealingWarmRestartsBody>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
