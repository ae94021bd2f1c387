#pragma once
#include "body.h"

#include <ravine/runtime/function_ref.h>

namespace ravine::inline v0::sched {

using Members = std::vector<std::shared_ptr<SchedulerBody>>;

/// A scheduler of schedulers.
class MembersBody : public SchedulerBody {
  public:
    /// std::invalid_argument for what cannot be a member: a scheduler of another optimizer, one that needs a metric.
    MembersBody(std::string_view name, std::shared_ptr<optim::GroupSet> groups, Members members);

    StepArgument step_argument() const noexcept override { return StepArgument::none; }
    bool drives_momentum() const noexcept override;
    void set_added_groups(AddedGroups policy) noexcept override;
    void go_back() override;
    void initial_step() override;

  protected:
    const Members& members() const noexcept { return members_; }
    /// Calls what steps several members; if that throws, members and groups are as before.
    void all_or_nothing(function_ref<void()> work);
    void check_no_epoch(std::optional<std::int64_t> epoch) const;
    /// The keys that come last.
    void describe_members(State& state);

  private:
    Members members_;
    bool was_first_ = false;  // of a SequentialLR, which leaves torch's object two more attributes
};

}  // namespace ravine::inline v0::sched
