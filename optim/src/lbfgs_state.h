#pragma once
#include "lbfgs_history.h"
#include "optimizer_body.h"

namespace ravine::inline v0::optim {

/// What L-BFGS goes on from. Tensors are shared with its copies, none is written: a step works on a copy and puts it in place
/// at its end.
struct LBFGSState {
    bool exists = false;             ///< whether there was a step: without one, nobody sees any of it
    std::int64_t func_evals = 0;     ///< calls of the closure, in all steps
    std::int64_t n_iter = 0;         ///< iterations, in all steps
    bool finished = false;           ///< whether a step went through its loop, and so left what follows
    std::optional<LBFGSHistory::Alphas> alphas;
    Tensor direction;                ///< undefined before the first iteration, and then everything below means nothing
    Number t = 0;
    LBFGSHistory history;
    Tensor previous_gradient;
    double previous_loss = 0;

    /// Under torch's keys, in torch's order, where `al` has as many items as the history may have. 0-d tensors are new ones, on `device`.
    Dict to_dict(std::int64_t history_size, Device device, const Context& context) const;
};

/// Reads what `to_dict` or torch made, for parameters of `numel` elements together, into memory of its own.
LBFGSState read_lbfgs_state(const LoadedState& loaded, std::int64_t numel, DType dtype, Device device, const LoadRules& rules, const Context& context,
                            Complaints& complaints);

}  // namespace ravine::inline v0::optim
