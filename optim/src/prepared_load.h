#pragma once
#include <ravine/optim/group.h>
#include <ravine/optim/step_follower.h>

namespace ravine::inline v0::optim {

/// Options and state that are ready to take the place of an optimizer's, and keep those afterwards.
struct PreparedLoad {
    std::vector<std::shared_ptr<Group>> groups;  ///< one for each of the optimizer's
    std::shared_ptr<Group> spare;                ///< for the exchange
    std::shared_ptr<void> states;                ///< as `prepare_states` gave them
    std::weak_ptr<StepFollower> follower;        ///< of `swap`: an average follows its own parameters only
};

}  // namespace ravine::inline v0::optim
