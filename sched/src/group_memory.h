#pragma once
#include <ravine/optim/group.h>

#include <memory>
#include <vector>

namespace ravine::inline v0::sched {

/// Takes back what schedulers wrote into the groups of an optimizer, unless it is told to keep it.
class GroupMemory {
  public:
    explicit GroupMemory(std::shared_ptr<optim::GroupSet> groups);
    ~GroupMemory();
    GroupMemory(const GroupMemory&) = delete;
    GroupMemory& operator=(const GroupMemory&) = delete;
    void keep() noexcept { groups_.reset(); }

  private:
    std::shared_ptr<optim::GroupSet> groups_;
    bool step_called_;
    bool has_schedulers_;
    std::vector<Dict> saved_;  // of each group, those of the written keys that it has
};

}  // namespace ravine::inline v0::sched
