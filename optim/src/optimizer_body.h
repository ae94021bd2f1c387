#pragma once
#include <ravine/optim/optimizer_class.h>
#include <ravine/optim/step_follower.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ravine::inline v0::optim {

/// Gathers everything that is wrong, for one message.
class Complaints {
  public:
    void add(std::string complaint) { texts_.push_back(std::move(complaint)); }
    bool empty() const noexcept { return texts_.empty(); }
    /// std::invalid_argument "<who>: <what>: <complaint>; <complaint>; ..." if there are any.
    void raise(std::string_view who, std::string_view what) const;

  private:
    std::vector<std::string> texts_;
};

struct OptimizerHooks;
struct PreparedLoad;

/// What a loaded state may be like.
struct LoadRules {
    bool cast = false;            ///< tensors may have another floating-point dtype than their parameter
    bool passes_unknown = false;  ///< slots that the class does not have are passed over
    bool adopts = false;          ///< tensors are taken as they are, not copied
    std::optional<DType> state_dtype = {};  ///< see LoadOptions; one that the class said that it can keep
};

/// The state of one parameter as a file has it.
struct LoadedState {
    const Parameter* parameter;
    const Group* group;  ///< the loaded one, which will take the place of the parameter's group
    const Dict* slots;
    std::string where;   ///< "state of 'fc.weight'"
    bool reordered;      ///< whether the file has the parameters of its group in another order
};

/// What an optimizer is behind its handle: groups, and what every algorithm does alike. An algorithm adds its step and its
/// state.
class OptimizerBody {
  public:
    /// std::invalid_argument if the defaults are not to be stepped with.
    OptimizerBody(const OptimizerClass& its_class, std::shared_ptr<Group> defaults, const Context& context);
    virtual ~OptimizerBody();
    OptimizerBody(const OptimizerBody&) = delete;
    OptimizerBody& operator=(const OptimizerBody&) = delete;

    std::string_view name() const noexcept { return groups_->owner; }
    const Traits& traits() const noexcept { return class_.traits; }
    bool needs_closure() const noexcept { return class_.traits.needs_closure; }
    const std::shared_ptr<GroupSet>& group_set() const noexcept { return groups_; }
    const Context& context() const noexcept { return context_; }
    std::span<const std::shared_ptr<Group>> groups() const noexcept { return groups_->groups; }
    Dict defaults() const;
    std::string to_string() const;

    void step();
    /// Calls the closure as often as the algorithm wants, and returns its first result.
    virtual double step(function_ref<double()> closure);
    void zero_grad(bool set_to_none);
    /// Of all groups, in order.
    Parameters parameters() const;
    void set_grad_scale(Tensor grad_scale);
    void set_found_inf(Tensor found_inf);
    void set_follower(std::weak_ptr<StepFollower> follower);

    Group& add_param_group(Parameters params, const Dict& options);
    void remove_param(const Parameter& parameter);
    /// std::invalid_argument if the class has no such implementation.
    void set_implementation(Implementation implementation);
    void send_options() { options_changed(); }

    /// All slots of a parameter in torch's order; empty without state.
    virtual Dict state(const Parameter& parameter) const = 0;
    virtual void select_rows(const Parameters& parameters, std::span<const std::int64_t> source_rows) = 0;

    Value state_dict() const;
    /// Calls `finish` at the end. If that throws, everything is put back.
    void load_state_dict(const Value& state_dict, const LoadOptions& options, function_ref<void()> finish);

    /// What takes the place of parameters, options and state by `swap`, and is read from there; fills `states`.
    PreparedLoad prepare_swap(const Parameters& params, const Value& state_dict, std::vector<LoadedState>& states) const;
    /// Exchanges parameters, options, state and what follows a step.
    void swap(PreparedLoad& other) noexcept;

    /// Whether a step has more to do than the step.
    bool has_step_hooks() const noexcept { return hooks_ != nullptr || context_.step_hooks != nullptr; }
    /// Null if there were never any.
    const OptimizerHooks* find_hooks() const noexcept { return hooks_.get(); }
    OptimizerHooks& hooks();

  protected:
    /// One update.
    virtual void update() = 0;
    /// std::invalid_argument if the class takes no such group; `where` names it.
    virtual void check_new_group(const Parameters& /*parameters*/, const std::string& /*where*/) const {}
    /// A group with these parameters is to be added: the last that may fail.
    virtual void prepare_group(const Parameters& params) { static_cast<void>(params); }
    /// Parameters came, went or changed their group: `step` must look at all of them anew.
    virtual void groups_changed() noexcept = 0;
    /// Hyperparameters changed: what a device keeps of them must follow.
    virtual void options_changed() = 0;
    virtual void forget_state(const Parameter& parameter) noexcept = 0;
    /// Parameters with state, in the order in which it was made.
    virtual Parameters parameters_with_state() const = 0;
    /// Copies loaded states into a store of its own; what does not fit goes to `complaints`.
    virtual bool can_keep_state_in(DType) const noexcept { return false; }
    virtual std::shared_ptr<void> prepare_states(std::span<const LoadedState> states, const LoadRules& rules, Complaints& complaints) const = 0;
    /// Exchanges all state for what `prepare_states` gave.
    virtual void exchange_states(void* prepared) noexcept = 0;

    /// Runs a step, and after it what follows.
    void run_followed(function_ref<void()> step);
    /// Null, or what follows the step that runs.
    StepFollower* follower() const noexcept { return running_follower_; }
    /// Says that this step has moved the averages which are carried.
    void averages_moved() noexcept { averages_moved_ = true; }

    /// Notes that there was a step. std::invalid_argument if there is no group.
    void begin_step();
    /// std::invalid_argument if a gradient is not of a kind that the class takes.
    void check_gradients() const;
    /// std::invalid_argument with the group's number if its options are not to be stepped with.
    void check_group(const Group& group, std::size_t index, bool first) const;
    const Group& default_group() const noexcept { return *defaults_; }
    Executor& executor() noexcept { return *executor_; }
    /// Undefined if nobody looks for gradients that are not finite.
    const Tensor& found_inf() const noexcept { return found_inf_; }
    /// Undefined if gradients are not scaled.
    const Tensor& grad_scale() const noexcept { return grad_scale_; }

  private:
    /// Empty, or what is wrong with a group's options, each alone and together.
    std::string complaint(const Group& group, bool first) const;
    /// std::invalid_argument for parameters that the class does not take.
    void check_kinds(const Parameters& params, std::string_view where) const;
    std::shared_ptr<Group> loaded_group(std::size_t index, const Dict* options, Complaints& complaints) const;
    PreparedLoad prepare_load(const Value& state_dict, const LoadOptions& options) const;
    void exchange(PreparedLoad& other) noexcept;

    const OptimizerClass& class_;
    std::shared_ptr<GroupSet> groups_;
    std::shared_ptr<Group> defaults_;
    Context context_;
    std::unique_ptr<Executor> own_executor_;
    Executor* executor_;
    Tensor grad_scale_;
    Tensor found_inf_;
    std::unique_ptr<OptimizerHooks> hooks_;
    std::weak_ptr<StepFollower> follower_;
    bool has_follower_ = false;
    StepFollower* running_follower_ = nullptr;
    bool averages_moved_ = false;
};

/// ids of torch's state_dict: per group, the id of every parameter.
std::vector<std::vector<std::int64_t>> parameter_ids(std::span<const std::shared_ptr<Group>> groups);

}  // namespace ravine::inline v0::optim
