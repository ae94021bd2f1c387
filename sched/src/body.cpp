#include "body.h"

#include "python_math.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0::sched {
namespace {

std::string_view beyond_epochs(std::int64_t epoch) {
    return epoch < -largest_epoch || epoch > largest_epoch ? "must be within -2^53 and 2^53" : "";
}

}  // namespace

SchedulerBody::SchedulerBody(std::string_view name, const optim::Optimizer& optimizer)
    : name_(name), groups_(optimizer.group_set()) {}

SchedulerBody::~SchedulerBody() = default;

void SchedulerBody::warn(LogCode code, std::string_view text) const {
    if (groups_->log != nullptr) groups_->log->warn(code, fmt::format("{}: {}", name_, text));
}

void SchedulerBody::invalid(std::string_view what) const {
    throw std::invalid_argument(fmt::format("{}: {}", name_, what));
}

void RuleBody::start(std::int64_t last_epoch) {
    if (groups().empty()) invalid("the optimizer must have a parameter group, got none");
    if (const auto text = beyond_epochs(last_epoch); !text.empty()) {
        invalid(fmt::format("last_epoch {}, got {}", text, last_epoch));
    }
    base_lrs_ = base_lrs_for(last_epoch);
    const std::vector<double> lrs = evaluate(last_epoch + 1, 1, true, false);

    const auto has_base = [](const auto& group) { return group->has("initial_lr"); };
    // torch notices steps from its first scheduler on, which is also what gives the groups their initial_lr.
    if (std::none_of(groups().begin(), groups().end(), has_base)) group_set().step_called = false;
    for (std::size_t i = 0; i < groups().size(); ++i) {
        if (!has_base(groups()[i])) groups()[i]->set("initial_lr", base_lrs_[i]);
    }
    write(lrs);
    last_epoch_ = last_epoch + 1;
    step_count_ = 1;
}

std::vector<double> RuleBody::base_lrs_for(std::int64_t last_epoch) const {
    std::vector<double> result;
    for (const auto& group : groups()) {
        const bool has_base = group->has("initial_lr");
        if (!has_base && last_epoch != -1) {
            throw std::out_of_range(fmt::format("{}: initial_lr must be in every group to resume with last_epoch = {}, got a "
                                                "group without it (group {})",
                                                name(), last_epoch, result.size()));
        }
        result.push_back(group->number(has_base ? "initial_lr" : "lr"));
    }
    return result;
}

void RuleBody::step(std::optional<std::int64_t> epoch) {
    if (groups().size() < base_lrs_.size()) {
        invalid(fmt::format("the optimizer must keep its groups, got {} instead of {}", groups().size(), base_lrs_.size()));
    }
    const std::int64_t next_epoch = epoch.value_or(last_epoch_ + 1);
    if (const auto text = beyond_epochs(next_epoch); !text.empty()) invalid(fmt::format("epoch {}, got {}", text, next_epoch));
    const std::vector<double> lrs = evaluate(next_epoch, step_count_ + 1, is_initial_, epoch && has_closed_form());

    warn_about_order();
    if (epoch) {
        warn(LogCode::epoch_deprecated,
             "the epoch argument of step() is deprecated; call step() without it after every epoch");
    }
    write(lrs);
    last_epoch_ = next_epoch;
    ++step_count_;
}

std::vector<double> RuleBody::get_lr() const {
    warn(LogCode::get_lr_outside_step, "get_lr() is what the next write would be; get_last_lr() has the current lr");
    return evaluate(last_epoch_, step_count_, is_initial_, false);
}

/// In the order of the groups. A closed form does not reach groups that were added later, as in torch 2.8.
std::vector<double> RuleBody::evaluate(std::int64_t epoch, std::int64_t step_count, bool initial, bool closed) const {
    std::vector<double> result;
    for (std::size_t i = 0; i < groups().size(); ++i) {
        Moment moment{epoch, step_count, initial, groups()[i]->number("lr"), std::nullopt};
        if (i < base_lrs_.size()) moment.base_lr = base_lrs_[i];
        if (!closed) result.push_back(next_lr(moment));
        else result.push_back(moment.base_lr ? closed_form(moment) : moment.lr);
    }
    return result;
}

void RuleBody::write(const std::vector<double>& lrs) {
    for (std::size_t i = 0; i < lrs.size(); ++i) groups()[i]->set("lr", lrs[i]);
    if (group_set().lr_changed) group_set().lr_changed();
    last_lr_ = lrs;
}

void RuleBody::warn_about_order() const {
    if (step_count_ != 1 || group_set().step_called) return;
    warn(LogCode::order_violation,
         "step() was called before the optimizer's step(): the first value of the schedule is skipped");
}

void RuleBody::describe_common(State& state) {
    const auto at_most_groups = [this](const std::vector<double>& lrs) {
        return lrs.size() > groups().size() ? fmt::format("must have at most one lr per group ({})", groups().size()) : "";
    };
    bool within_step = false;  // torch's flag is only up inside of step
    state.field("base_lrs", base_lrs_, at_most_groups);
    state.field("last_epoch", last_epoch_, beyond_epochs);
    state.field("_step_count", step_count_, beyond_epochs);
    state.field("_is_initial", is_initial_);
    state.field("_get_lr_called_within_step", within_step);
    state.field("_last_lr", last_lr_, at_most_groups);
}

}  // namespace ravine::inline v0::sched
