#include "optimizer_body.h"

namespace ravine::inline v0::optim {
namespace {

/// Sets a value for a scope.
template <class T> class Set {
  public:
    Set(T& place, T value) : place_(place), before_(std::exchange(place, value)) {}
    ~Set() { place_ = before_; }
    Set(const Set&) = delete;
    Set& operator=(const Set&) = delete;

  private:
    T& place_;
    T before_;
};

}  // namespace

StepFollower::~StepFollower() = default;

void OptimizerBody::set_follower(std::weak_ptr<StepFollower> follower) {
    has_follower_ = !follower.expired();
    follower_ = std::move(follower);
    groups_changed();
}

void OptimizerBody::run_followed(function_ref<void()> step) {
    if (!has_follower_) return step();
    const std::shared_ptr<StepFollower> follower = follower_.lock();
    if (follower == nullptr) {
        set_follower({});
        return step();
    }
    follower->check();
    averages_moved_ = false;
    {
        const Set running(running_follower_, follower.get());
        step();
    }
    follower->finish(averages_moved_);
}

}  // namespace ravine::inline v0::optim
