#pragma once
#include <ravine/runtime/value.h>

#include <functional>
#include <memory>

namespace ravine::inline v0::optim {

class Optimizer;
class HookTable;
struct Hook;
struct StepTables;

/// What registering a hook returns: torch's RemovableHandle. Dropping it leaves the hook where it is.
class RAVINE_API RemovableHandle {
  public:
    /// A handle of no hook.
    RemovableHandle() noexcept;
    /// Takes the hook away and lets go of what it holds. Harmless a second time, once the optimizer is gone, and from within
    /// a hook: one that was removed is not called any more.
    void remove();

  private:
    friend class HookTable;
    RemovableHandle(std::weak_ptr<HookTable> table, std::weak_ptr<Hook> hook) noexcept;
    std::weak_ptr<HookTable> table_;
    std::weak_ptr<Hook> hook_;
};

/// What `step` was called with: torch's args and kwargs.
struct StepArguments {
    /// Null if `step` was called without a closure. A hook may put another one here. Belongs to the call: do not keep it.
    std::function<double()> closure;
};

/// Called before a step. What it makes of the arguments, later hooks and the step see; where torch returns a new pair, assign. If
/// it throws there is no step.
using StepPreHook = std::function<void(Optimizer& optimizer, StepArguments& arguments)>;
/// Called after a step that did not throw, with the arguments that the step had. If it throws, the step has been made all the
/// same, and later hooks are not called.
using StepPostHook = std::function<void(Optimizer& optimizer, const StepArguments& arguments)>;
/// Called before a state dict is made.
using StateDictPreHook = std::function<void(const Optimizer& optimizer)>;
/// Called with the state dict that was made; what it makes of it, also by assignment, later hooks and the caller get. Its
/// tensors are the live ones.
using StateDictPostHook = std::function<void(const Optimizer& optimizer, Value& state_dict)>;
/// Called before a state dict is loaded, with a copy of the caller's that shares the tensors; what it makes of it, also by
/// assignment, is loaded. If it throws nothing is.
using LoadStateDictPreHook = std::function<void(Optimizer& optimizer, Value& state_dict)>;
/// Called after a state dict was loaded. If it throws, options and state are put back to what they were before.
using LoadStateDictPostHook = std::function<void(Optimizer& optimizer)>;

/// Step hooks for every optimizer whose Context names them (`{.step_hooks = &hooks}`): what torch registers globally. Must
/// outlive these optimizers. They may run on several threads, but then hooks must not come or go at the time of a step.
class RAVINE_API StepHooks {
  public:
    StepHooks();
    ~StepHooks();
    StepHooks(const StepHooks&) = delete;
    StepHooks& operator=(const StepHooks&) = delete;

    /// Before each step, ahead of the optimizer's own hooks, in the order of registration. std::invalid_argument for an empty function.
    RemovableHandle register_optimizer_step_pre_hook(StepPreHook hook);
    /// After each step, behind the optimizer's own hooks. std::invalid_argument for an empty function.
    RemovableHandle register_optimizer_step_post_hook(StepPostHook hook);

  private:
    friend class Optimizer;
    std::unique_ptr<StepTables> tables_;
};

}  // namespace ravine::inline v0::optim
