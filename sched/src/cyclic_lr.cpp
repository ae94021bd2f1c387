#include <ravine/sched/cyclic_lr.h>

#include "momentum_body.h"
#include "options_body.h"

#include <algorithm>
#include <cmath>

namespace ravine::inline v0::sched {
namespace {

std::string_view unknown_mode(const std::string& mode) {
    const bool known = mode == "triangular" || mode == "triangular2" || mode == "exp_range";
    return known ? "" : "must be triangular, triangular2 or exp_range";
}

std::string_view unknown_scale_mode(const std::string& mode) {
    return mode == "cycle" || mode == "iterations" ? "" : "must be cycle or iterations";
}

std::string complaint(const CyclicLROptions& o) {
    const double down = o.step_size_down.value_or(o.step_size_up);
    return first_complaint({must(o.step_size_up != 0, "step_size_up must not be 0", o.step_size_up),
                            must(o.step_size_up + down != 0, "step_size_down must not be -step_size_up", down),
                            o.scale_fn ? about("scale_mode", unknown_scale_mode(o.scale_mode), o.scale_mode)
                                       : about("mode", unknown_mode(o.mode), o.mode)});
}

class CyclicLRBody final : public MomentumBody {
  public:
    CyclicLRBody(const optim::Optimizer& optimizer, const CyclicLROptions& options);
    void start(std::int64_t last_epoch);
    void describe(State& state) override;

  private:
    /// Where in its cycle an epoch is: how far up, and the factor of the height.
    struct Point {
        double rise;
        double scale;
    };

    Form form() const noexcept override { return Form::direct; }
    double next_lr(const Moment& now) const override;
    void prepare_groups() override;
    std::size_t paired_groups() const noexcept override;
    std::vector<double> momenta(std::int64_t epoch) const override;
    Point point(std::int64_t epoch) const;
    double scale(std::int64_t x) const;
    void derive_scale_mode();

    std::vector<double> given_base_lrs_, max_lrs_;
    double total_size_, step_ratio_;
    std::string mode_, scale_mode_;
    double gamma_;
    std::optional<Function> scale_fn_;
    bool is_fresh_;
};

CyclicLRBody::CyclicLRBody(const optim::Optimizer& optimizer, const CyclicLROptions& options)
    : MomentumBody(CyclicLROptions::name, optimizer, options.cycle_momentum, options.base_momentum, options.max_momentum),
      given_base_lrs_(for_groups("base_lr", options.base_lr)),
      max_lrs_(for_groups("max_lr", options.max_lr)),
      total_size_(options.step_size_up + options.step_size_down.value_or(options.step_size_up)),
      step_ratio_(options.step_size_up / total_size_),
      mode_(options.mode),
      scale_mode_(options.scale_mode),
      gamma_(options.gamma),
      scale_fn_(options.scale_fn),
      is_fresh_(options.last_epoch == -1) {
    check(complaint(options));
    derive_scale_mode();
}

void CyclicLRBody::start(std::int64_t last_epoch) {
    MomentumBody::start(last_epoch);
    base_lrs_ = given_base_lrs_;  // torch makes the first step from initial_lr, which another scheduler may have left
}

void CyclicLRBody::prepare_groups() {
    if (!is_fresh_) return;
    for (std::size_t i = 0; i < groups().size(); ++i) groups()[i]->set("lr", given_base_lrs_[i]);
    prepare_momentum();
}

std::size_t CyclicLRBody::paired_groups() const noexcept {
    const std::size_t lrs = std::min(base_lrs_.size(), max_lrs_.size());
    return cycle_momentum_ ? std::min({lrs, base_momentums_.size(), max_momentums_.size()}) : lrs;
}

double CyclicLRBody::next_lr(const Moment& now) const {
    const Point at = point(now.epoch);
    return now.base_lr + (max_lrs_[now.group] - now.base_lr) * at.rise * at.scale;
}

std::vector<double> CyclicLRBody::momenta(std::int64_t epoch) const {
    std::vector<double> result;
    if (!cycle_momentum_) return result;
    const Point at = point(epoch);
    for (std::size_t i = 0; i < paired_groups(); ++i) {
        result.push_back(max_momentums_[i] - (max_momentums_[i] - base_momentums_[i]) * at.rise * at.scale);
    }
    return result;
}

CyclicLRBody::Point CyclicLRBody::point(std::int64_t epoch) const {
    const double cycles = divide(name(), "step_size_up + step_size_down", static_cast<double>(epoch), total_size_);
    const double cycle = std::floor(1 + cycles);
    const double x = 1.0 + cycles - cycle;
    const double rise = x <= step_ratio_ ? divide(name(), "step_size_up", x, step_ratio_)
                                         : divide(name(), "step_size_down", x - 1, step_ratio_ - 1);
    if (scale_mode_ != "cycle") return {rise, scale(epoch)};
    if (!(std::abs(cycle) <= static_cast<double>(largest_epoch)))
        invalid(fmt::format("the cycle must be within -2^53 and 2^53, got {}", cycle));
    return {rise, scale(static_cast<std::int64_t>(cycle))};
}

double CyclicLRBody::scale(std::int64_t x) const {
    if (scale_fn_) return (*scale_fn_)(x);
    if (mode_ == "triangular") return 1.0;
    if (mode_ == "triangular2") return 1 / power(name(), "2", 2.0, static_cast<double>(x - 1));
    return power(name(), "gamma", gamma_, static_cast<double>(x));
}

void CyclicLRBody::derive_scale_mode() {
    if (!scale_fn_) scale_mode_ = mode_ == "exp_range" ? "iterations" : "cycle";
}

void CyclicLRBody::describe(State& state) {
    const auto known_mode = [this](const std::string& mode) { return scale_fn_ ? "" : unknown_mode(mode); };
    const auto not_zero = [](double number) { return number == 0 ? "must not be 0" : ""; };
    state.field("max_lrs", max_lrs_, at_most_groups());
    state.field("total_size", total_size_, not_zero);
    state.field("step_ratio", step_ratio_, not_zero);
    state.field("mode", mode_, known_mode);
    state.field("gamma", gamma_);
    state.field("scale_mode", scale_mode_, unknown_scale_mode);
    if (describe_momentum(state)) {
        state.field("base_momentums", base_momentums_, at_most_groups());
        state.field("max_momentums", max_momentums_, at_most_groups());
    }
    describe_common(state);
    state.function("_scale_fn_custom", scale_fn_ ? &*scale_fn_ : nullptr);
    if (state.is_loading()) derive_scale_mode();
}

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const CyclicLROptions& options) {
    return started<CyclicLRBody>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
