#pragma once
#include "state.h"

#include <ravine/sched/per_group.h>
#include <ravine/sched/scheduler.h>

#include <optional>

namespace ravine::inline v0::sched {

/// What a scheduler is behind its handle.
class SchedulerBody {
  public:
    /// std::invalid_argument if the optimizer has no groups.
    SchedulerBody(std::string_view name, std::shared_ptr<optim::GroupSet> groups);
    SchedulerBody(std::string_view name, const optim::Optimizer& optimizer) : SchedulerBody(name, optimizer.group_set()) {}
    virtual ~SchedulerBody();
    SchedulerBody(const SchedulerBody&) = delete;
    SchedulerBody& operator=(const SchedulerBody&) = delete;

    std::string_view name() const noexcept { return name_; }
    std::int64_t last_epoch() const noexcept { return last_epoch_; }
    const std::vector<double>& last_lr() const noexcept { return last_lr_; }
    const std::shared_ptr<optim::GroupSet>& group_set() const noexcept { return groups_; }

    virtual StepArgument step_argument() const noexcept = 0;
    virtual void step(std::optional<std::int64_t> epoch) = 0;
    virtual void step_with(double argument, std::optional<std::int64_t> epoch);
    virtual std::vector<double> lr(std::int64_t step) const;
    virtual std::vector<double> get_lr() const;
    virtual bool drives_momentum() const noexcept { return false; }
    virtual void set_added_groups(AddedGroups) noexcept {}
    /// Names every member of the state in the order of torch's state_dict.
    virtual void describe(State& state) = 0;

    /// For SequentialLR, whose first stage starts anew: takes one epoch back, and makes the step of the constructor again.
    virtual void go_back() {}
    virtual void initial_step() {}

  protected:
    std::span<const std::shared_ptr<optim::Group>> groups() const noexcept { return groups_->groups; }
    std::vector<double> current_lrs() const;
    /// Writes the lr of the first groups, and for `momenta` that are not empty their momentum too.
    void write(const std::vector<double>& lrs, const std::vector<double>& momenta = {});
    void warn(LogCode code, std::string_view text) const;
    [[noreturn]] void invalid(std::string_view what) const;
    void check(const std::string& complaint) const {
        if (!complaint.empty()) invalid(complaint);
    }
    /// One number for each group. std::invalid_argument if the list has another length.
    std::vector<double> for_groups(std::string_view option, const PerGroup& given) const;
    void check_epoch(std::string_view option, std::int64_t epoch) const;
    /// A complaint for lists that belong to groups.
    auto at_most_groups() const {
        return [count = groups().size()](const std::vector<double>& numbers) { return list_complaint(numbers.size(), count); };
    }

    std::int64_t last_epoch_ = 0;
    std::vector<double> last_lr_;

  private:
    static std::string list_complaint(std::size_t length, std::size_t groups);

    std::string_view name_;
    std::shared_ptr<optim::GroupSet> groups_;
};

/// Empty, or what is wrong with an epoch.
std::string_view beyond_epochs(std::int64_t epoch);

/// A scheduler that counts and has base lrs: the state that torch's LRScheduler gives each class.
class CountingBody : public SchedulerBody {
  public:
    using SchedulerBody::SchedulerBody;

    /// The constructor's work after the options were checked: base lrs, then the initial step.
    void start(std::int64_t last_epoch);
    void go_back() override { --last_epoch_; }
    void initial_step() override;
    void set_added_groups(AddedGroups policy) noexcept override { added_groups_ = policy; }

  protected:
    /// What a class writes into the groups before its base lrs are read.
    virtual void prepare_groups() {}
    /// The groups that have numbers of their own: fewer than the optimizer's if some were added later.
    virtual std::size_t paired_groups() const noexcept { return base_lrs_.size(); }
    /// How many groups a rule reaches that needs these numbers. std::invalid_argument as `added_groups` says.
    std::size_t reach() const;
    void check_groups_stay() const;
    void warn_about_order() const;
    void warn_about_epoch() const;
    /// The keys that come last in the state of all these classes.
    void describe_common(State& state);

    std::vector<double> base_lrs_;
    std::int64_t step_count_ = 0;
    bool is_initial_ = false;

  private:
    std::vector<double> base_lrs_for(std::int64_t last_epoch) const;

    AddedGroups added_groups_ = AddedGroups::refuse;
};

/// A new body that has made its initial step.
template <class Body, class Options>
std::shared_ptr<SchedulerBody> started(const optim::Optimizer& optimizer, const Options& options) {
    auto body = std::make_shared<Body>(optimizer, options);
    body->start(options.last_epoch);
    return body;
}

}  // namespace ravine::inline v0::sched
