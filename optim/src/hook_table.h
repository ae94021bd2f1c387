#pragma once
#include <ravine/optim/hooks.h>

#include <string_view>
#include <vector>

namespace ravine::inline v0::optim {

/// A registered function of any kind.
struct Hook {
    virtual ~Hook() = default;
    bool removed = false;
};

/// Hooks of one kind, in the order in which they are called. A list is replaced, never changed, so that a hook may add and
/// remove hooks while the list runs.
class HookTable : public std::enable_shared_from_this<HookTable> {
  public:
    using List = std::vector<std::shared_ptr<Hook>>;

    RemovableHandle add(std::shared_ptr<Hook> hook, bool prepend);
    void remove(const std::shared_ptr<Hook>& hook);
    /// Null if there are none.
    const std::shared_ptr<const List>& list() const noexcept { return list_; }

  private:
    std::shared_ptr<const List> list_;
};

/// std::invalid_argument: "<who>: <what> must be given a function, got an empty one".
[[noreturn]] void refuse_empty_hook(std::string_view who, std::string_view what);

/// Hooks that are called with `Arguments`.
template <class... Arguments> class Hooks {
  public:
    using Function = std::function<void(Arguments...)>;

    RemovableHandle add(std::string_view who, std::string_view what, Function function, bool prepend) {
        if (!function) refuse_empty_hook(who, what);
        return table_->add(std::make_shared<Registered>(std::move(function)), prepend);
    }
    bool empty() const noexcept { return table_->list() == nullptr; }
    void run(Arguments... arguments) const {
        const std::shared_ptr<const HookTable::List> list = table_->list();
        if (list == nullptr) return;
        for (const auto& hook : *list) {
            if (!hook->removed) static_cast<const Registered&>(*hook).function(arguments...);
        }
    }

  private:
    struct Registered final : Hook {
        explicit Registered(Function given) : function(std::move(given)) {}
        Function function;
    };
    std::shared_ptr<HookTable> table_ = std::make_shared<HookTable>();
};

struct StepTables {
    Hooks<Optimizer&, StepArguments&> before;
    Hooks<Optimizer&, const StepArguments&> after;
};

/// All hooks of an optimizer.
struct OptimizerHooks {
    StepTables step;
    Hooks<const Optimizer&> before_state_dict;
    Hooks<const Optimizer&, Value&> after_state_dict;
    Hooks<Optimizer&, Value&> before_load;
    Hooks<Optimizer&> after_load;
};

}  // namespace ravine::inline v0::optim
