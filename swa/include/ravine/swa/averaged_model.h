#pragma once
#include <ravine/optim/parameter.h>
#include <ravine/runtime/value.h>

#include <cstdint>
#include <memory>

namespace ravine::inline v0::swa {

/// How an average takes in another model.
class Averaging {
  public:
    /// The mean of all models: stochastic weight averaging, torch's default (get_swa_avg_fn).
    Averaging() noexcept = default;
    /// 0 for the mean, else the share of the old average that is kept.
    double decay() const noexcept { return decay_; }
    bool is_exponential() const noexcept { return exponential_; }

  private:
    friend RAVINE_API Averaging ema(double decay);
    double decay_ = 0;
    bool exponential_ = false;
};

/// An exponential moving average: torch's get_ema_multi_avg_fn. std::invalid_argument unless 0 <= decay <= 1.
RAVINE_API Averaging ema(double decay = 0.999);

/// A running average of a model's parameters: torch.optim.swa_utils.AveragedModel without buffers.
///
/// It owns a copy of the parameters, in their dtypes, layouts and names. The first update copies the model, later ones
/// average: the mean by p + (q - p) / (n + 1), the exponential average by lerp(p, q, 1 - decay); 16-bit averages are
/// rounded after each of these operations, as in torch; complex ones are averaged like their parts. One parallel region per update; no allocation once the model's
/// memory stays where it is. Move-only. Belongs to one thread at a time together with the model.
class RAVINE_API AveragedModel {
  public:
    /// std::invalid_argument: no parameters, names for some of them only, a name twice.
    explicit AveragedModel(const Parameters& model, const Averaging& averaging = {}, const Context& context = {});
    AveragedModel(AveragedModel&&) noexcept;
    AveragedModel& operator=(AveragedModel&&) noexcept;
    ~AveragedModel();

    /// Takes in the model as it is now: the same parameters in the same order as in the constructor, though their memory
    /// may have moved. std::invalid_argument if numbers, names, shapes or dtypes differ; nothing is changed then.
    void update_parameters(const Parameters& model);

    /// The averages, under the model's names. Their values are the model's at construction until the first update.
    const Parameters& parameters() const noexcept;
    /// How many models it has taken in.
    std::int64_t n_averaged() const noexcept;

    /// torch's layout: "n_averaged" (a 0-d int64 tensor), then "module.<name>" (or "module.<position>") for each average,
    /// the live tensors.
    Value state_dict() const;
    /// Takes over such a dict by copy. std::invalid_argument with all complaints if keys, shapes or dtypes differ; nothing
    /// is changed then.
    void load_state_dict(const Value& state_dict);

  private:
    struct Body;
    std::unique_ptr<Body> body_;
};

}  // namespace ravine::inline v0::swa
