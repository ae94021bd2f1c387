#pragma once
#include "averaged_body.h"

#include <ravine/optim/step_follower.h>

#include <unordered_map>

namespace ravine::inline v0::swa {

/// An AveragedModel behind an optimizer: what the optimizer's own pass moves, and the rest.
class FollowedOptimizer final : public optim::StepFollower {
  public:
    /// `body` outlives it.
    FollowedOptimizer(AveragedModel::Body& body, const Parameters& model, const Buffers& buffers);

    void check() override;
    void begin_plan() override;
    Tensor average_of(const Parameter& parameter) const override;
    void carry(const Parameter& parameter) override;
    bool moves_in_step() const noexcept override;
    void set_terms(DType average, DType parameter, EntryAverage& how) const override;
    bool repeats() const noexcept override;
    void finish(bool carried) override;

  private:
    /// The averages that are not carried.
    const std::vector<std::size_t>& rest();

    AveragedModel::Body& body_;
    Parameters model_;
    Buffers buffers_;
    std::unordered_map<const Parameter::Body*, std::size_t> index_;
    std::vector<bool> carried_;     // of the averages
    std::size_t carries_ = 0;       // how many are
    std::vector<std::size_t> rest_;
    std::optional<AveragePlan> rest_plan_;
    std::vector<Tensor> currents_;  // kept for its memory
};

}  // namespace ravine::inline v0::swa
