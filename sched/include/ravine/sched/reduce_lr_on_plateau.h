#pragma once
#include <ravine/sched/per_group.h>
#include <ravine/sched/scheduler.h>

namespace ravine::inline v0::sched {

/// Options of torch.optim.lr_scheduler.ReduceLROnPlateau, under torch's names.
struct ReduceLROnPlateauOptions {
    std::string mode = "min";            ///< whether a "min" or a "max" is better
    double factor = 0.1;                 ///< at least 0 and below 1 (torch takes negative ones too)
    std::int64_t patience = 10;          ///< steps without improvement that are borne
    double threshold = 1e-4;             ///< the least improvement that counts
    std::string threshold_mode = "rel";  ///< in parts of the best metric, or "abs"
    std::int64_t cooldown = 0;           ///< steps after a reduction in which nothing is counted
    PerGroup min_lr = 0;                 ///< the smallest lr
    double eps = 1e-8;                   ///< a change of the lr that is not larger is left out
    static constexpr std::string_view name = "ReduceLROnPlateau";
    static constexpr auto fields() {
        using O = ReduceLROnPlateauOptions;
        return std::tuple{optim::field("mode", &O::mode),
                          optim::field("factor", &O::factor),
                          optim::field("patience", &O::patience),
                          optim::field("threshold", &O::threshold),
                          optim::field("threshold_mode", &O::threshold_mode),
                          optim::field("cooldown", &O::cooldown),
                          optim::field("min_lr", &O::min_lr),
                          optim::field("eps", &O::eps)};
    }
};
template <> RAVINE_API std::shared_ptr<SchedulerBody> detail::make_body(optim::Optimizer& optimizer,
                                                                        const ReduceLROnPlateauOptions& options);

/// Multiplies the lr by factor when a metric has not improved for more than `patience` steps in a row.
///
/// `step` must be given the metric; NaN counts as no improvement. It writes nothing at construction. The metric is compared
/// with the one that last improved by more than the threshold. With a relative threshold negative metrics are, as in torch,
/// allowed to get worse.
class ReduceLROnPlateau : public SchedulerOf<ReduceLROnPlateauOptions> {
  public:
    using SchedulerOf::SchedulerOf;
    /// After the metric of an epoch is known.
    void step(double metric) { step_with(metric); }
    /// The same; warns (LogCode::epoch_deprecated).
    void step(double metric, std::int64_t epoch) { step_with(metric, epoch); }
};

}  // namespace ravine::inline v0::sched
