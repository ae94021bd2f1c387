#include <ravine/sched/sequential_lr.h>

#include "members_body.h"

#include <fmt/format.h>

namespace ravine::inline v0::sched {
namespace {

class SequentialLRBody final : public MembersBody {
  public:
    SequentialLRBody(const optim::Optimizer& optimizer, Members schedulers, const SequentialLROptions& options)
        : MembersBody(SequentialLROptions::name, optimizer.group_set(), std::move(schedulers)),
          milestones_(options.milestones) {
        if (members().empty()) invalid("schedulers must have at least one, got none");
        if (milestones_.size() != members().size() - 1) {
            invalid(fmt::format("milestones must be one fewer than the {} schedulers, got {}", members().size(),
                                milestones_.size()));
        }
        check_epoch("last_epoch", options.last_epoch);
        last_epoch_ = options.last_epoch + 1;
        all_or_nothing([this] { start_again(); });
    }

    void step(std::optional<std::int64_t> epoch) override;
    std::vector<double> lr(std::int64_t step) const override;
    void describe(State& state) override {
        state.field("_milestones", milestones_, [this](const auto& milestones) {
            return milestones.size() == members().size() - 1 ? "" : "must be one fewer than the schedulers";
        });
        state.field("last_epoch", last_epoch_, beyond_epochs);
        describe_members(state);
    }

  private:
    void start_again();
    std::size_t stage_at(std::int64_t step) const;

    std::vector<std::int64_t> milestones_;
};

/// The schedulers have made their initial steps on one another's lr.
void SequentialLRBody::start_again() {
    std::vector<double> initial_lrs;
    for (const auto& group : groups()) initial_lrs.push_back(group->number("initial_lr"));
    write(initial_lrs);
    go_back();
    members()[0]->initial_step();
    last_lr_ = members()[0]->last_lr();
}

void SequentialLRBody::step(std::optional<std::int64_t> epoch) {
    check_no_epoch(epoch);
    check_epoch("last_epoch", last_epoch_ + 1);
    const std::size_t stage = stage_at(last_epoch_ + 1);
    SchedulerBody& member = *members()[stage];
    const bool begins = stage > 0 && milestones_[stage - 1] == last_epoch_ + 1;
    if (begins && member.step_argument() == StepArgument::none) {
        invalid(fmt::format("a scheduler of schedulers must be the first, got {} as schedulers[{}], whose turn has come",
                            member.name(), stage));
    }
    member.step(begins ? std::optional<std::int64_t>(0) : std::nullopt);
    ++last_epoch_;
    last_lr_ = member.last_lr();
}

std::vector<double> SequentialLRBody::lr(std::int64_t step) const {
    std::int64_t before = 0;
    for (const std::int64_t milestone : milestones_) {
        if (milestone <= before)
            invalid(fmt::format("milestones must be positive and rise for lr(step), got {} after {}", milestone, before));
        before = milestone;
    }
    const std::size_t stage = stage_at(step);
    return members()[stage]->lr(stage == 0 ? step : step - milestones_[stage - 1]);
}

/// The number of milestones up to a step, by bisection, which also decides what it is for milestones that are not sorted.
std::size_t SequentialLRBody::stage_at(std::int64_t step) const {
    std::size_t low = 0, high = milestones_.size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (step < milestones_[middle]) high = middle;
        else low = middle + 1;
    }
    return low;
}

}  // namespace

SequentialLR::SequentialLR(optim::Optimizer& optimizer, const std::vector<LRScheduler>& schedulers,
                           const SequentialLROptions& options)
    : LRScheduler(std::make_shared<SequentialLRBody>(optimizer, bodies_of(schedulers), options)) {}

}  // namespace ravine::inline v0::sched
