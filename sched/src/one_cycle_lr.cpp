#include <ravine/sched/one_cycle_lr.h>

#include "anneal.h"
#include "momentum_body.h"
#include "options_body.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace ravine::inline v0::sched {
namespace {

/// From one entry of the group to another, until a step.
struct Phase {
    double end_step;
    std::string start_lr, end_lr, start_momentum, end_momentum;
};

constexpr std::array lr_keys = {std::string_view("initial_lr"), std::string_view("max_lr"), std::string_view("min_lr")};
constexpr std::array momentum_keys = {std::string_view("max_momentum"), std::string_view("base_momentum")};

std::string complaint(const OneCycleLROptions& o) {
    const auto positive = [](std::string_view what, const std::optional<std::int64_t>& value) {
        return must(!value || (*value > 0 && *value <= largest_epoch), what, value.value_or(0));
    };
    const std::string total = positive("total_steps must be from 1 to 2^53", o.total_steps);
    if (o.total_steps) return total;
    if (!o.epochs || !o.steps_per_epoch) return "total_steps, or both epochs and steps_per_epoch must be given, got neither";
    const std::string factors = first_complaint({positive("epochs must be from 1 to 2^53", o.epochs),
                                                 positive("steps_per_epoch must be from 1 to 2^53", o.steps_per_epoch)});
    if (!factors.empty()) return factors;
    return must(*o.epochs <= largest_epoch / *o.steps_per_epoch, "epochs * steps_per_epoch must be at most 2^53", *o.epochs);
}

std::vector<Phase> phases(const OneCycleLROptions& o, std::int64_t total_steps) {
    const auto total = static_cast<double>(total_steps);
    const Phase up{o.pct_start * total - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum"};
    if (!o.three_phase) return {up, {total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"}};
    return {up,
            {2 * o.pct_start * total - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"},
            {total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"}};
}

class OneCycleLRBody final : public MomentumBody {
  public:
    OneCycleLRBody(const optim::Optimizer& optimizer, const OneCycleLROptions& options);
    void describe(State& state) override;

  private:
    Form form() const noexcept override { return Form::direct; }
    bool needs_numbers(const Moment&) const override { return false; }  // they are in the groups
    void prepare_groups() override;
    void check_reachable(std::int64_t epoch) const override;
    double next_lr(const Moment& now) const override;
    std::vector<double> momenta(std::int64_t epoch) const override;
    double anneal(double from, double to, double part) const;
    std::pair<const Phase*, double> phase_at(std::int64_t epoch) const;

    OneCycleLROptions options_;
    std::int64_t total_steps_;
    std::vector<Phase> phases_;
    std::vector<double> given_max_lrs_;
};

OneCycleLRBody::OneCycleLRBody(const optim::Optimizer& optimizer, const OneCycleLROptions& options)
    : MomentumBody(OneCycleLROptions::name, optimizer, options.cycle_momentum, options.base_momentum, options.max_momentum),
      options_(options) {
    check(complaint(options_));
    check(must(options_.pct_start >= 0 && options_.pct_start <= 1, "pct_start must be from 0 to 1", options_.pct_start));
    check(about("anneal_strategy", unknown_strategy(options_.anneal_strategy), options_.anneal_strategy));
    given_max_lrs_ = for_groups("max_lr", options_.max_lr);
    total_steps_ = options_.total_steps ? *options_.total_steps : *options_.epochs * *options_.steps_per_epoch;
    phases_ = phases(options_, total_steps_);
}

void OneCycleLRBody::prepare_groups() {
    if (options_.last_epoch != -1) return;
    for (std::size_t i = 0; i < groups().size(); ++i) {
        const double initial_lr = divide(name(), "div_factor", given_max_lrs_[i], options_.div_factor);
        groups()[i]->set("initial_lr", initial_lr);
        groups()[i]->set("max_lr", given_max_lrs_[i]);
        groups()[i]->set("min_lr", divide(name(), "final_div_factor", initial_lr, options_.final_div_factor));
    }
    prepare_momentum();
}

void OneCycleLRBody::check_reachable(std::int64_t epoch) const {
    check(must(epoch <= total_steps_, fmt::format("step must be at most total_steps ({})", total_steps_), epoch));
}

/// The phase that an epoch is in, and the part of it that is over.
std::pair<const Phase*, double> OneCycleLRBody::phase_at(std::int64_t epoch) const {
    const auto now = static_cast<double>(epoch);
    double start = 0;
    for (const Phase& phase : phases_) {
        if (now <= phase.end_step || &phase == &phases_.back()) {
            return {&phase, divide(name(), "the length of a phase (see pct_start)", now - start, phase.end_step - start)};
        }
        start = phase.end_step;
    }
    return {};  // a schedule has phases
}

double OneCycleLRBody::anneal(double from, double to, double part) const {
    if (options_.anneal_strategy == "linear") return (to - from) * part + from;
    return to + (from - to) / 2.0 * (std::cos(std::numbers::pi * part) + 1);
}

double OneCycleLRBody::next_lr(const Moment& now) const {
    const auto [phase, part] = phase_at(now.epoch);
    const optim::Group& group = *groups()[now.group];
    return anneal(group.number(phase->start_lr), group.number(phase->end_lr), part);
}

std::vector<double> OneCycleLRBody::momenta(std::int64_t epoch) const {
    std::vector<double> result;
    if (!cycle_momentum_) return result;
    const auto [phase, part] = phase_at(epoch);
    for (const auto& group : groups()) {
        result.push_back(anneal(group->number(phase->start_momentum), group->number(phase->end_momentum), part));
    }
    return result;
}

}  // namespace

template <> struct Kind<std::vector<Phase>> {
    static constexpr std::string_view wanted =
        "a list of at least one phase with end_step, start_lr, end_lr, start_momentum and end_momentum";
    static bool read(const Value& value, std::vector<Phase>& out) {
        const List* list = value.get_if<List>();
        if (list == nullptr || list->items.empty()) return false;
        out.clear();
        for (const Value& item : list->items) {
            const Dict* dict = item.get_if<Dict>();
            Phase& phase = out.emplace_back();
            const auto key = [dict](std::string_view name, const auto& known, std::string& result) {
                const Value* found = dict->find(name);
                return found != nullptr && Kind<std::string>::read(*found, result) &&
                       std::find(known.begin(), known.end(), result) != known.end();
            };
            const Value* end = dict == nullptr ? nullptr : dict->find("end_step");
            const bool fits = end != nullptr && Kind<double>::read(*end, phase.end_step) &&
                              key("start_lr", lr_keys, phase.start_lr) && key("end_lr", lr_keys, phase.end_lr) &&
                              key("start_momentum", momentum_keys, phase.start_momentum) &&
                              key("end_momentum", momentum_keys, phase.end_momentum);
            if (!fits) return false;
        }
        return true;
    }
};

namespace {

/// In torch the last phase ends at an integer, the others at floats.
Value to_value(const std::vector<Phase>& phases) {
    List list;
    for (const Phase& phase : phases) {
        const bool is_last = &phase == &phases.back();
        list.items.push_back(
            Dict{{"end_step", is_last ? Value(static_cast<std::int64_t>(phase.end_step)) : Value(phase.end_step)},
                 {"start_lr", phase.start_lr},
                 {"end_lr", phase.end_lr},
                 {"start_momentum", phase.start_momentum},
                 {"end_momentum", phase.end_momentum}});
    }
    return list;
}

void OneCycleLRBody::describe(State& state) {
    const auto positive = [](std::int64_t steps) {
        return steps >= 1 && steps <= largest_epoch ? "" : "must be from 1 to 2^53";
    };
    state.field("total_steps", total_steps_, positive);
    state.field("_schedule_phases", phases_);
    state.later_field("_anneal_func_type", options_.anneal_strategy, unknown_strategy);
    describe_momentum(state);
    describe_common(state);
}

}  // namespace

template <> std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer, const OneCycleLROptions& options) {
    return started<OneCycleLRBody>(optimizer, options);
}

}  // namespace ravine::inline v0::sched
