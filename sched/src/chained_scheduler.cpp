#include <ravine/sched/chained_scheduler.h>

#include "members_body.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::sched {
namespace {

constexpr std::string_view class_name = "ChainedScheduler";

class ChainedSchedulerBody final : public MembersBody {
  public:
    ChainedSchedulerBody(std::shared_ptr<optim::GroupSet> groups, Members schedulers)
        : MembersBody(class_name, std::move(groups), std::move(schedulers)) {
        last_lr_ = current_lrs();
    }

    void step(std::optional<std::int64_t> epoch) override {
        check_no_epoch(epoch);
        all_or_nothing([this] {
            for (const auto& member : members()) member->step(std::nullopt);
        });
        last_lr_ = current_lrs();
    }
    void describe(State& state) override { describe_members(state); }
};

std::shared_ptr<SchedulerBody> chain(Members schedulers, std::shared_ptr<optim::GroupSet> groups) {
    if (schedulers.empty())
        throw std::invalid_argument(fmt::format("{}: schedulers must have at least one, got none", class_name));
    if (groups == nullptr) groups = schedulers[0]->group_set();
    return std::make_shared<ChainedSchedulerBody>(std::move(groups), std::move(schedulers));
}

}  // namespace

ChainedScheduler::ChainedScheduler(const std::vector<LRScheduler>& schedulers)
    : LRScheduler(chain(bodies_of(schedulers), nullptr)) {}

ChainedScheduler::ChainedScheduler(const std::vector<LRScheduler>& schedulers, optim::Optimizer& optimizer)
    : LRScheduler(chain(bodies_of(schedulers), optimizer.group_set())) {}

}  // namespace ravine::inline v0::sched
