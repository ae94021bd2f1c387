#include "body.h"

#include "group_memory.h"
#include "momentum.h"
#include "python_math.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0::sched {

std::string_view beyond_epochs(std::int64_t epoch) {
    return epoch < -largest_epoch || epoch > largest_epoch ? "must be within -2^53 and 2^53" : "";
}

SchedulerBody::SchedulerBody(std::string_view name, std::shared_ptr<optim::GroupSet> groups_of_optimizer)
    : name_(name), groups_(std::move(groups_of_optimizer)) {
    if (groups().empty()) invalid("the optimizer must have a parameter group, got none");
}

SchedulerBody::~SchedulerBody() = default;

void SchedulerBody::step_with(double argument, std::optional<std::int64_t>) {
    invalid(fmt::format("step must be given neither a metric nor a fractional epoch, got {}", argument));
}

std::vector<double> SchedulerBody::lr(std::int64_t step) const {
    invalid(fmt::format("lr must be asked of a class whose lr is a function of the step, got step {}", step));
}

std::vector<double> SchedulerBody::get_lr() const {
    invalid("get_lr must be asked of a class with a rule of its own, got none (see get_last_lr)");
}

std::vector<double> SchedulerBody::current_lrs() const {
    std::vector<double> result;
    for (const auto& group : groups()) result.push_back(group->number("lr"));
    return result;
}

void SchedulerBody::write(const std::vector<double>& lrs, const std::vector<double>& momenta) {
    for (std::size_t i = 0; i < momenta.size(); ++i) set_momentum(*groups()[i], momenta[i]);
    for (std::size_t i = 0; i < lrs.size(); ++i) groups()[i]->set("lr", lrs[i]);
    if (groups_->lr_changed) groups_->lr_changed();
}

void SchedulerBody::warn(LogCode code, std::string_view text) const {
    if (groups_->log != nullptr) groups_->log->warn(code, fmt::format("{}: {}", name_, text));
}

void SchedulerBody::invalid(std::string_view what) const { throw std::invalid_argument(fmt::format("{}: {}", name_, what)); }

std::vector<double> SchedulerBody::for_groups(std::string_view option, const PerGroup& given) const {
    if (!given.is_list()) return std::vector<double>(groups().size(), given.numbers()[0]);
    if (given.numbers().size() != groups().size()) {
        invalid(fmt::format("{} must have one number for each of the {} groups, got {} of them", option, groups().size(),
                            given.numbers().size()));
    }
    return given.numbers();
}

void SchedulerBody::check_epoch(std::string_view option, std::int64_t epoch) const {
    if (const auto text = beyond_epochs(epoch); !text.empty()) invalid(fmt::format("{} {}, got {}", option, text, epoch));
}

std::string SchedulerBody::list_complaint(std::size_t length, std::size_t groups) {
    return length > groups ? fmt::format("must have at most one number per group ({})", groups) : "";
}

void CountingBody::start(std::int64_t last_epoch) {
    check_epoch("last_epoch", last_epoch);
    GroupMemory memory(group_set());
    // torch notices steps from its first scheduler on.
    if (!group_set()->has_schedulers) group_set()->step_called = false;
    group_set()->has_schedulers = true;
    prepare_groups();
    base_lrs_ = base_lrs_for(last_epoch);
    for (std::size_t i = 0; i < groups().size(); ++i) {
        if (!groups()[i]->has("initial_lr")) groups()[i]->set("initial_lr", base_lrs_[i]);
    }
    last_epoch_ = last_epoch;
    initial_step();
    memory.keep();
}

void CountingBody::initial_step() {
    struct Initial {
        explicit Initial(bool& flag) : flag_(flag) { flag_ = true; }
        ~Initial() { flag_ = false; }
        bool& flag_;
    };
    step_count_ = 0;
    const Initial initial(is_initial_);
    step(std::nullopt);
}

std::vector<double> CountingBody::base_lrs_for(std::int64_t last_epoch) const {
    std::vector<double> result;
    for (const auto& group : groups()) {
        const bool has_base = group->has("initial_lr");
        if (!has_base && last_epoch != -1) {
            throw std::out_of_range(
                fmt::format("{}: initial_lr must be in every group to resume with last_epoch = {}, got a "
                            "group without it (group {})",
                            name(), last_epoch, result.size()));
        }
        result.push_back(group->number(has_base ? "initial_lr" : "lr"));
    }
    return result;
}

std::size_t CountingBody::reach() const {
    const std::size_t paired = paired_groups();
    if (groups().size() > paired && added_groups_ == AddedGroups::refuse) {
        invalid(fmt::format("the optimizer must keep its groups, got {} instead of {} (see set_added_groups)", groups().size(),
                            paired));
    }
    return paired;
}

void CountingBody::check_groups_stay() const {
    if (groups().size() >= paired_groups()) return;
    invalid(fmt::format("the optimizer must keep its groups, got {} instead of {}", groups().size(), paired_groups()));
}

void CountingBody::warn_about_order() const {
    if (step_count_ != 1 || group_set()->step_called) return;
    warn(LogCode::order_violation,
         "step() was called before the optimizer's step(): the first value of the schedule is skipped");
}

void CountingBody::warn_about_epoch() const {
    warn(LogCode::epoch_deprecated, "the epoch argument of step() is deprecated; call step() without it after every epoch");
}

void CountingBody::describe_common(State& state) {
    bool within_step = false;  // torch's flag is only up inside of step
    state.field("base_lrs", base_lrs_, at_most_groups());
    state.field("last_epoch", last_epoch_, beyond_epochs);
    state.field("_step_count", step_count_, beyond_epochs);
    state.later_field("_is_initial", is_initial_);
    state.later_field("_get_lr_called_within_step", within_step);
    state.field("_last_lr", last_lr_, at_most_groups());
}

}  // namespace ravine::inline v0::sched
