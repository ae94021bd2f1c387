#pragma once
#include "flat_parameters.h"
#include "lbfgs_line_search.h"
#include "lbfgs_state.h"

#include <ravine/optim/lbfgs.h>

namespace ravine::inline v0::optim {

/// One call of LBFGS::step: moves the parameters and works on a state of its own.
class LBFGSStep {
  public:
    LBFGSStep(const LBFGSOptions& options, const FlatParameters& flat, LBFGSState state, function_ref<double()> closure, const Context& context);

    /// The closure's first result.
    double run();
    /// What the next step goes on from.
    LBFGSState& state() noexcept { return state_; }

  private:
    /// The loss as the closure gives it; counts the call. `read` is what is minimised.
    double call_closure();
    double read(double loss) const { return options_.maximize ? -loss : loss; }
    /// Looks at the point where the parameters are; returns the closure's result.
    double evaluate();
    Number largest(const Tensor& vector) const;
    bool is_optimal() const { return largest(gradient_) <= options_.tolerance_grad; }

    void iterate();
    void choose_direction();
    Number first_length() const;
    /// Both leave the parameters at a new point.
    void take_step(bool last);
    void search_line(Number slope);
    bool is_finished(std::int64_t iterations) const;

    const LBFGSOptions& options_;
    const FlatParameters& flat_;
    const function_ref<double()> closure_;
    const Context& context_;
    const std::int64_t most_evaluations_;
    LBFGSState state_;
    std::int64_t evaluations_ = 0;
    double loss_ = 0;
    Tensor gradient_;
    bool optimal_ = false;
};

/// How often a step may call the closure if nobody says: max_iter * 5 / 4, rounded down.
std::int64_t default_max_eval(std::int64_t max_iter) noexcept;

}  // namespace ravine::inline v0::optim
