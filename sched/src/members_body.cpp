#include "members_body.h"

#include "group_memory.h"

#include <fmt/format.h>

#include <algorithm>

namespace ravine::inline v0::sched {

MembersBody::MembersBody(std::string_view name, std::shared_ptr<optim::GroupSet> groups, Members members)
    : SchedulerBody(name, std::move(groups)), members_(std::move(members)) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const SchedulerBody& member = *members_[i];
        if (member.step_argument() == StepArgument::metric) {
            invalid(fmt::format("schedulers[{}] must need no metric, got {}", i, member.name()));
        }
        if (member.group_set() != group_set())
            invalid(fmt::format("schedulers[{}] must be of the same optimizer, got one of another", i));
    }
}

bool MembersBody::drives_momentum() const noexcept {
    return std::any_of(members_.begin(), members_.end(), [](const auto& member) { return member->drives_momentum(); });
}

void MembersBody::set_added_groups(AddedGroups policy) noexcept {
    for (const auto& member : members_) member->set_added_groups(policy);
}

void MembersBody::go_back() {
    for (const auto& member : members_) member->go_back();
}

void MembersBody::initial_step() {
    was_first_ = true;
    step(std::nullopt);
}

void MembersBody::all_or_nothing(function_ref<void()> work) {
    GroupMemory memory(group_set());
    std::vector<Dict> states;
    for (const auto& member : members_) states.push_back(State::save(*member));
    try {
        work();
    } catch (...) {
        for (std::size_t i = 0; i < members_.size(); ++i) State::load(*members_[i], states[i]);
        throw;
    }
    memory.keep();
}

void MembersBody::check_no_epoch(std::optional<std::int64_t> epoch) const {
    if (epoch) invalid(fmt::format("step must be given no epoch, got {}", *epoch));
}

void MembersBody::describe_members(State& state) {
    state.field("_last_lr", last_lr_, at_most_groups());
    if (was_first_) {
        std::int64_t step_count = 0;
        bool is_initial = false;
        state.later_field("_step_count", step_count);
        state.later_field("_is_initial", is_initial);
    }
    state.members("_schedulers", members_);
}

}  // namespace ravine::inline v0::sched
