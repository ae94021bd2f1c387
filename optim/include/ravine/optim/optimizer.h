#pragma once
#include <ravine/optim/group.h>
#include <ravine/optim/hooks.h>
#include <ravine/optim/load_options.h>
#include <ravine/optim/traits.h>
#include <ravine/runtime/context.h>

#include <memory>
#include <string>

namespace ravine::inline v0::optim {

class OptimizerBody;
class StepFollower;
class SwappedIn;
struct OptimizerClass;
namespace detail {
/// Keeps the body's type out of the headers.
struct RAVINE_API BodyDeleter {
    void operator()(OptimizerBody* body) const noexcept;
};
using BodyPointer = std::unique_ptr<OptimizerBody, BodyDeleter>;
}  // namespace detail

/// An optimizer of any algorithm: torch.optim.Optimizer. Move-only, one pointer. Belongs to one thread at a time together
/// with its parameters and schedulers.
class RAVINE_API Optimizer {
  public:
    Optimizer(Optimizer&&) noexcept;
    Optimizer& operator=(Optimizer&&) noexcept;
    ~Optimizer();

    /// torch's class name: "AdamW".
    std::string_view name() const noexcept;
    const Traits& traits() const noexcept;

    /// One update of every parameter that has a gradient. All checks come before the first write; std::invalid_argument or
    /// std::runtime_error leaves parameters and state as they were. An elementwise class allocates nothing once its plan is made.
    void step();
    /// Calls the closure once, then steps; returns what the closure returned (NaN if a hook took it away). What it throws passes
    /// through, before any write. LBFGS calls it as often as it needs: see lbfgs.h.
    double step(function_ref<double()> closure);

    /// Scales all gradients together so that their norm of order `norm_type` (1, 2 or infinity) is at most `max_norm`, in
    /// place, and returns the norm as it was: a 0-d tensor. torch.nn.utils.clip_grad_norm_ over this optimizer's
    /// parameters, see clip_grad.h for the arithmetic and the errors.
    Tensor clip_grad_norm_(double max_norm, double norm_type = 2);

    /// Zeros every gradient; with `set_to_none` forgets them instead (torch's default, which here would turn later steps on
    /// borrowed gradients into nothing). A sparse gradient is replaced by one that stores nothing. std::invalid_argument if a
    /// dense one is read-only.
    void zero_grad(bool set_to_none = false);

    /// Adds a group with the optimizer's options; `options` holds torch's names and replaces some. The errors of torch:
    /// a parameter in two groups, named beside unnamed ones, unknown or invalid options. A parameter that is twice in the
    /// group is a warning and is stepped twice.
    Group& add_param_group(Parameters params, const Dict& options = {});
    GroupRange<Group> param_groups() const noexcept;
    /// The constructor's options by torch's names: what a group gets that is added without its own.
    Dict defaults() const;

    /// A live state tensor of a parameter by torch's slot name ("exp_avg"); "step" is a new 0-d float32 tensor.
    /// std::out_of_range with the known slots.
    Tensor state(const Parameter& parameter, std::string_view slot) const;
    /// All state of a parameter in torch's order; empty before its first step.
    Dict state(const Parameter& parameter) const;

    /// torch's layout: {"state": {id: {slot: tensor}}, "param_groups": [...]}. The tensors are the live ones; `clone()`
    /// keeps a moment.
    Value state_dict() const;
    /// Replaces state and options by those of a state_dict, by copy. Everything is compared first (group and parameter
    /// counts, names, shapes, dtypes, slots, kinds and ranges of options) and nothing is changed if anything does not fit:
    /// std::invalid_argument with all complaints. Parameters that have names on both sides are matched by them within their
    /// group, in any order, others by position. What old versions of torch did not write is filled in as torch does.
    void load_state_dict(const Value& state_dict, const LoadOptions& options = {});

    /// Functions that are called around `step`, `state_dict` and `load_state_dict` (hooks.h), in the order in which they were
    /// registered; with `prepend` before those that are there. `step` calls the hooks of its context first and last, and for LBFGS
    /// too each hook once. Without hooks a step costs one comparison more. Hooks are no part of a state dict, and move with the
    /// optimizer. std::invalid_argument for an empty function.
    RemovableHandle register_step_pre_hook(StepPreHook hook);
    RemovableHandle register_step_post_hook(StepPostHook hook);
    RemovableHandle register_state_dict_pre_hook(StateDictPreHook hook, bool prepend = false);
    RemovableHandle register_state_dict_post_hook(StateDictPostHook hook, bool prepend = false);
    RemovableHandle register_load_state_dict_pre_hook(LoadStateDictPreHook hook, bool prepend = false);
    RemovableHandle register_load_state_dict_post_hook(LoadStateDictPostHook hook, bool prepend = false);

    /// Takes a parameter and its state away. std::out_of_range if it is not here.
    void remove_param(const Parameter& parameter);
    /// For parameters whose rows came and went (`Parameter::rebind`): the new row i gets the state of the old row
    /// `source_rows[i]`, or for -1 what new state starts with. std::invalid_argument if a parameter has another number of rows than
    /// `source_rows`, or rows of another shape than its state; std::out_of_range for a row that the state does not have.
    void select_rows(const Parameters& parameters, std::span<const std::int64_t> source_rows);
    /// Makes every group step that way, whatever its options or a loaded file said. std::invalid_argument for one that the class
    /// does not have; `automatic` and `for_loop` are there always.
    void set_implementation(Implementation implementation);

    /// Brings the options of capturable groups to their devices now, for a graph that replays a step without calling `step`;
    /// schedulers do it by themselves. Copies in the order of the context's stream and does not wait. std::runtime_error
    /// while a graph is captured.
    void send_options();

    /// What a gradient scaler hands to the next steps: gradients are divided by `grad_scale` and written back; a
    /// `found_inf` unequal to 0 skips the step, and leaves every state untouched. One-element f32 tensors, borrowed until
    /// replaced; undefined ones end it. torch's attributes of the same names.
    /// On the parameters' device both are read there, and the device counts the steps: `step` does not wait for it (but see
    /// docs/cuda.md for foreach); the scalars of such steps are computed there, with powers that are rounded correctly.
    /// A first step that is skipped makes the state of algorithms that count steps, like torch: zeros and step 0.
    /// std::invalid_argument for another shape or dtype.
    void set_grad_scale(Tensor grad_scale);
    void set_found_inf(Tensor found_inf);

    /// What takes in the parameters at the end of each step from the next one on, in place of what did; null ends it, and so does the end of
    /// the follower's life. It is not shared: one follower has one optimizer. See step_follower.h; not in torch.
    void set_follower(std::weak_ptr<StepFollower> follower);

    /// Class name and options of each group, like printing in torch.
    std::string to_string() const;

    /// For schedulers.
    const std::shared_ptr<GroupSet>& group_set() const noexcept;

  protected:
    explicit Optimizer(detail::BodyPointer body) noexcept;

  private:
    friend RAVINE_API Optimizer make(const OptimizerClass&, Parameters, const Dict&, const Context&);
    friend RAVINE_API SwappedIn swap_in_optimizer_params_and_state(Optimizer&, const Parameters&, const Value&);
    double hooked_step(StepArguments& arguments);
    detail::BodyPointer body_;
};

/// An optimizer by torch's class name in any case, with torch's option names. std::out_of_range for an unknown class or
/// option, with the known ones; std::invalid_argument for a bad value. A number may be a floating-point tensor of one element, as
/// torch's tensor lr and betas: its value is taken now, and computed with in double. With no parameters, add groups before the first step.
RAVINE_API Optimizer make(std::string_view name, Parameters params, const Dict& options = {}, const Context& context = {});
/// torch's names of all classes, sorted.
RAVINE_API std::vector<std::string_view> names();
/// torch's spelling of a class name given in any case. std::out_of_range with the known ones.
RAVINE_API std::string_view class_name(std::string_view name);
/// Whether `step` of a class must be given a closure. std::out_of_range with the known ones.
RAVINE_API bool needs_closure(std::string_view name);

}  // namespace ravine::inline v0::optim
