#pragma once
#include <ravine/optim/parameter.h>
#include <ravine/runtime/value.h>
#include <ravine/swa/averaging.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ravine::inline v0::optim {
class Optimizer;
}

namespace ravine::inline v0::swa {

class FollowedOptimizer;

/// A tensor of a model that is not trained, of any dtype: running statistics, counters. Only read. The memory stays the caller's.
struct Buffer {
    std::string name;
    Tensor data;
};
using Buffers = std::vector<Buffer>;

/// torch's arguments, then what a module knows of itself there.
struct AveragedModelOptions {
    std::optional<Device> device = {};  ///< of the averages; each tensor's own if there is none
    /// At most one of both; the equal average of get_swa_avg_fn if there is none.
    AvgFn avg_fn = {};
    MultiAvgFn multi_avg_fn = {};
    /// Whether buffers are averaged like parameters. If not, they are the latest model's.
    bool use_buffers = false;
    Buffers buffers = {};  ///< the model's
    /// Of the averages of floating-point tensors; each tensor's own if there is none. float32 keeps what 16-bit averages round away: the
    /// 16-bit tensors are read as they are, in the same pass (on a device through a copy).
    std::optional<DType> dtype = {};
};

/// An exponential moving average by get_ema_multi_avg_fn, with all else as by default: `AveragedModel(model, ema(0.999))`.
/// std::invalid_argument unless 0 <= decay <= 1.
RAVINE_API AveragedModelOptions ema(double decay = 0.999);

/// A running average of a model: torch.optim.swa_utils.AveragedModel.
///
/// It owns a copy of the model's parameters and buffers, in their layouts and under their names. The first update copies the
/// model, later ones average. A function of averaging.h is one parallel region over all tensors, with that function's bits, and allocates
/// nothing once the model's memory stays where it is. A function of your own is given tensors or lists and may do what it likes: its
/// results go to the averages after it has returned for all of them. torch groups the lists of a `multi_avg_fn` by device and
/// dtype, and so does this.
///
/// Other than in torch: nothing is changed by a call that fails, numbers, names, shapes and dtypes of the model are checked
/// (torch pairs up to the shorter list), buffers that the function can never average are refused by the constructor; without a function
/// CUDA gives the CPU's bits. Averages of another dtype than the model's work with every function: the model's tensor is rounded to the
/// average's dtype first. What is as there: integer buffers lose their fractions in averages (averaging.h), and buffers that are
/// not averaged belong to the latest weights (`update_bn`).
///
/// Move-only. Belongs to one thread at a time together with the model.
class RAVINE_API AveragedModel {
  public:
    /// std::invalid_argument: no parameters, names for some of them only, a name twice, a buffer without name or tensor, both
    /// functions, a dtype that is not floating-point, averaged buffers that the function does not take. std::runtime_error if the
    /// device cannot be used.
    explicit AveragedModel(const Parameters& model, const AveragedModelOptions& options = {}, const Context& context = {});
    AveragedModel(AveragedModel&&) noexcept;
    AveragedModel& operator=(AveragedModel&&) noexcept;
    ~AveragedModel();

    /// Takes in the model as it is now: the same parameters and buffers in the same order as in the constructor, though their
    /// memory may have moved, to another device too. std::invalid_argument if numbers, names, shapes or dtypes differ, or if a function's result
    /// does not fit; what a function throws. Nothing is changed then.
    void update_parameters(const Parameters& model, const Buffers& buffers = {});

    /// From now on every step of the optimizer ends with `update_parameters(model, buffers)`, which is then not to be called. An elementwise
    /// optimizer with a function of averaging.h moves an average in the same pass over memory as its parameter, on the CPU with every
    /// implementation, on a device with `fused` and `for_loop` and the two `get_..._multi_avg_fn`, in the parameter's dtype or float32; the first update (a copy) and all others
    /// come after the step. The bits are those of the two calls. A step that a gradient scaler skips averages too, like the call would.
    ///
    /// `model` is what the constructor got; parameters need not be the optimizer's. It ends with `unfollow`, with another follower of the
    /// optimizer, and when either of both ends. std::invalid_argument as for update_parameters, here and from `step` before it writes anything. What a
    /// function of your own throws comes out of `step` when the parameters have moved. Not in torch.
    void follow(optim::Optimizer& optimizer, const Parameters& model, const Buffers& buffers = {});
    void unfollow() noexcept;

    /// The averages, under the model's names. Their values are the model's at construction until the first update.
    const Parameters& parameters() const noexcept;
    /// The averages, or the latest model's.
    const Buffers& buffers() const noexcept;
    /// How many models it has taken in.
    std::int64_t n_averaged() const noexcept;

    /// torch's layout: "n_averaged" (a 0-d int64 tensor, on the device of the options), then "module.<name>" (or
    /// "module.<position>") for each parameter and then for each buffer, the live tensors. The functions are no part of it. (torch
    /// has a module's parameters and buffers together; it loads by key.)
    Value state_dict() const;
    /// Takes over such a dict by copy. std::invalid_argument with all complaints if keys, shapes or dtypes differ; nothing
    /// is changed then.
    void load_state_dict(const Value& state_dict);

  private:
    friend class FollowedOptimizer;
    struct Body;
    std::unique_ptr<Body> body_;
};

}  // namespace ravine::inline v0::swa
