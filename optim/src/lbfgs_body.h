#pragma once
#include "flat_parameters.h"
#include "lbfgs_state.h"

#include <ravine/optim/lbfgs.h>

namespace ravine::inline v0::optim {

/// The optimizer LBFGS: one group, and one state that belongs to all its parameters.
class LBFGSBody final : public OptimizerBody {
  public:
    LBFGSBody(const OptimizerClass& its_class, std::shared_ptr<Group> defaults, const Context& context)
        : OptimizerBody(its_class, std::move(defaults), context) {}

    using OptimizerBody::step;
    double step(function_ref<double()> closure) override;
    Dict state(const Parameter& parameter) const override;
    void select_rows(const Parameters& parameters, std::span<const std::int64_t> source_rows) override;

  protected:
    void update() override;
    void check_new_group(const Parameters& parameters, const std::string& where) const override;
    void groups_changed() noexcept override {}
    void options_changed() override {}
    void forget_state(const Parameter&) noexcept override { state_ = {}; }
    Parameters parameters_with_state() const override;
    std::shared_ptr<void> prepare_states(std::span<const LoadedState> states, const LoadRules& rules, Complaints& complaints) const override;
    void exchange_states(void* prepared) noexcept override;

  private:
    const Parameters& parameters() const { return groups().front()->params(); }
    const LBFGSOptions& options() const { return static_cast<const OptionsGroup<LBFGSOptions>&>(*groups().front()).options; }
    double minimize(function_ref<double()> closure);
    void check_state_fits(const FlatParameters& flat) const;

    LBFGSState state_;
};

}  // namespace ravine::inline v0::optim
