#include <ravine/sched/reduce_lr_on_plateau.h>

#include "options_body.h"

#include <algorithm>
#include <limits>

namespace ravine::inline v0::sched {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::string_view unknown_mode(const std::string& mode) { return mode == "min" || mode == "max" ? "" : "must be min or max"; }
std::string_view unknown_threshold_mode(const std::string& mode) {
    return mode == "rel" || mode == "abs" ? "" : "must be rel or abs";
}
std::string_view no_reduction(double factor) { return factor >= 0 && factor < 1 ? "" : "must be from 0 to below 1"; }

class ReduceLROnPlateauBody final : public SchedulerBody {
  public:
    ReduceLROnPlateauBody(const optim::Optimizer& optimizer, const ReduceLROnPlateauOptions& options)
        : SchedulerBody(ReduceLROnPlateauOptions::name, optimizer), options_(options) {
        check(about("factor", no_reduction(options_.factor), options_.factor));
        check(about("mode", unknown_mode(options_.mode), options_.mode));
        check(about("threshold_mode", unknown_threshold_mode(options_.threshold_mode), options_.threshold_mode));
        if (!options_.min_lr.is_list()) default_min_lr_ = options_.min_lr.numbers()[0];
        min_lrs_ = for_groups("min_lr", options_.min_lr);
        best_ = worst();
        last_lr_ = current_lrs();
    }

    StepArgument step_argument() const noexcept override { return StepArgument::metric; }
    void step(std::optional<std::int64_t>) override { invalid("step must be given a metric, got none"); }
    void step_with(double metric, std::optional<std::int64_t> epoch) override;
    void describe(State& state) override;

  private:
    double worst() const { return options_.mode == "min" ? infinity : -infinity; }
    bool is_better(double metric) const;
    std::vector<double> smallest_lrs() const;
    std::vector<double> reduced_to(const std::vector<double>& smallest) const;

    ReduceLROnPlateauOptions options_;
    std::optional<double> default_min_lr_;
    std::vector<double> min_lrs_;
    double best_ = 0;
    std::int64_t cooldown_counter_ = 0, num_bad_epochs_ = 0;
};

void ReduceLROnPlateauBody::step_with(double metric, std::optional<std::int64_t> epoch) {
    const std::int64_t next_epoch = epoch.value_or(last_epoch_ + 1);
    check_epoch("epoch", next_epoch);
    const bool better = is_better(metric), cooling = cooldown_counter_ > 0;
    const std::int64_t bad = better || cooling ? 0 : num_bad_epochs_ + 1;
    const bool reduces = bad > options_.patience;
    const std::vector<double> smallest = reduces ? smallest_lrs() : min_lrs_;
    const std::vector<double> lrs = reduces ? reduced_to(smallest) : current_lrs();

    if (epoch) warn(LogCode::epoch_deprecated, "the epoch argument of step() is deprecated; call step() with the metric only");
    if (reduces) write(lrs);
    min_lrs_ = smallest;
    last_lr_ = lrs;
    last_epoch_ = next_epoch;
    if (better) best_ = metric;
    num_bad_epochs_ = reduces ? 0 : bad;
    cooldown_counter_ = reduces ? options_.cooldown : cooldown_counter_ - (cooling ? 1 : 0);
}

bool ReduceLROnPlateauBody::is_better(double metric) const {
    const double threshold = options_.threshold;
    if (options_.mode == "min") {
        return metric < (options_.threshold_mode == "rel" ? best_ * (1.0 - threshold) : best_ - threshold);
    }
    return metric > (options_.threshold_mode == "rel" ? best_ * (threshold + 1.0) : best_ + threshold);
}

/// One number serves groups that were added later, too.
std::vector<double> ReduceLROnPlateauBody::smallest_lrs() const {
    if (groups().size() == min_lrs_.size()) return min_lrs_;
    if (default_min_lr_) return std::vector<double>(groups().size(), *default_min_lr_);
    throw std::runtime_error(fmt::format("{}: min_lr must be one number, or one for each of the {} groups, got {} of them",
                                         name(), groups().size(), min_lrs_.size()));
}

std::vector<double> ReduceLROnPlateauBody::reduced_to(const std::vector<double>& smallest) const {
    std::vector<double> result = current_lrs();
    for (std::size_t i = 0; i < result.size(); ++i) {
        const double product = result[i] * options_.factor;
        const double lr = smallest[i] > product ? smallest[i] : product;
        if (result[i] - lr > options_.eps) result[i] = lr;
    }
    return result;
}

void ReduceLROnPlateauBody::describe(State& state) {
    const auto is_not_negative = [](std::int64_t count) {
        return count < 0 || count > largest_epoch ? "must be from 0 to 2^53" : "";
    };
    double mode_worse = worst();
    state.field("factor", options_.factor, no_reduction);
    state.later_field("default_min_lr", default_min_lr_);
    state.field("min_lrs", min_lrs_);
    state.field("patience", options_.patience);
    state.field("cooldown", options_.cooldown);
    state.field("eps", options_.eps);
    state.field("last_epoch", last_epoch_, beyond_epochs);
    state.field("_last_lr", last_lr_, at_most_groups());
    state.field("mode_worse", mode_worse);  // follows from the mode
    state.field("mode", options_.mode, unknown_mode);
    state.field("threshold", options_.threshold);
    state.field("threshold_mode", options_.threshold_mode, unknown_threshold_mode);
    state.field("best", best_);
    state.field("cooldown_counter", cooldown_counter_, is_not_negative);
    state.field("num_bad_epochs", num_bad_epochs_, is_not_negative);
}

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const ReduceLROnPlateauOptions& options) {
    return std::make_shared<ReduceLROnPlateauBody>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
