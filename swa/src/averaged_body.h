#pragma once
#include "average_plan.h"

#include <ravine/optim/step_follower.h>
#include <ravine/swa/averaged_model.h>

namespace ravine::inline v0::swa {

[[noreturn]] void invalid_model(const std::string& message);
/// Empty, or what a tensor must be.
std::string difference(const Shape& shape, DType dtype, const Tensor& given);

/// `tensors` are parameters, then buffers; the first `averaged` of them are averages.
struct AveragedModel::Body {
    Body(const Parameters& model, const AveragedModelOptions& how, const Context& where);
    void check(const Parameters& model, const Buffers& now) const;
    void check_parameter(std::size_t index, const Parameter& parameter) const;
    void update(const Parameters& model, const Buffers& now);
    /// Whether the model's tensors are those of the update before, which need no second look.
    bool has_seen(const Parameters& model, const Buffers& now) const noexcept;
    void see(const Parameters& model, const Buffers& now);
    std::span<const Tensor> averages() const noexcept { return std::span(tensors).first(averaged); }
    std::span<const Tensor> shadows_of_averages();
    void call_avg_fn();
    void call_multi_avg_fn();

    AveragedModelOptions options;
    Context context;
    std::unique_ptr<ThreadExecutor> own_executor;
    std::optional<AveragingForm> form;
    std::vector<std::string> keys;
    Parameters parameters;
    Buffers buffers;
    std::vector<Tensor> tensors;
    std::size_t averaged = 0;
    std::vector<DType> model_dtypes;
    std::int64_t n_averaged = 0;
    std::optional<AveragePlan> plan;
    /// What the update before was given.
    struct Seen {
        Parameter parameter;
        std::uint64_t generation;
    };
    std::vector<Seen> seen;
    std::vector<Tensor> currents;  // the model's of that update
    bool plan_follows = false;     // whether the plan has run with them
    std::vector<Tensor> shadows;   // where functions of a user write
    std::shared_ptr<optim::StepFollower> followed;  // the optimizer of `follow`
};

}  // namespace ravine::inline v0::swa
