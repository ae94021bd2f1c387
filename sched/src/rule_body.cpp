#include "rule_body.h"

#include <fmt/format.h>

#include <limits>

namespace ravine::inline v0::sched {

void RuleBody::step(std::optional<std::int64_t> epoch) {
    check_groups_stay();
    const std::int64_t next_epoch = epoch.value_or(last_epoch_ + 1);
    check_epoch("epoch", next_epoch);
    const std::vector<double> lrs = evaluate(next_epoch, step_count_ + 1, is_initial_, epoch && form() == Form::closed);
    const std::vector<double> new_momenta = momenta(next_epoch);

    warn_about_order();
    if (epoch) warn_about_epoch();
    write(lrs, new_momenta);
    last_lr_ = lrs;
    last_epoch_ = next_epoch;
    ++step_count_;
}

std::vector<double> RuleBody::lr(std::int64_t step) const {
    if (form() == Form::recursive) return SchedulerBody::lr(step);
    check_groups_stay();
    check_epoch("step", step);
    return evaluate(step, step_count_, false, form() == Form::closed);
}

std::vector<double> RuleBody::get_lr() const {
    check_groups_stay();
    warn(LogCode::get_lr_outside_step, "get_lr() is what the next write would be; get_last_lr() has the current lr");
    return evaluate(last_epoch_, step_count_, is_initial_, false);
}

/// In the order of the groups.
std::vector<double> RuleBody::evaluate(std::int64_t epoch, std::int64_t step_count, bool initial, bool closed) const {
    check_reachable(epoch);
    std::vector<double> result;
    for (std::size_t i = 0; i < groups().size(); ++i) {
        constexpr double none = std::numeric_limits<double>::quiet_NaN();
        const Moment moment{
            epoch, step_count, initial, i, groups()[i]->number("lr"), i < base_lrs_.size() ? base_lrs_[i] : none};
        if ((closed || needs_numbers(moment)) && i >= reach()) result.push_back(moment.lr);
        else result.push_back(closed ? closed_form(moment) : next_lr(moment));
    }
    return result;
}

}  // namespace ravine::inline v0::sched
