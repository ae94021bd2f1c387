#pragma once
#include <ravine/optim/optimizer_class.h>

#include <optional>

namespace ravine::inline v0::optim {

/// Options of torch.optim.LBFGS, under torch's names.
struct LBFGSOptions {
    double lr = 1;
    std::int64_t max_iter = 20;             ///< iterations of one step
    std::optional<std::int64_t> max_eval = {};  ///< calls of the closure after which a step ends; unset: max_iter * 5 / 4, which is what groups then show
    double tolerance_grad = 1e-7;           ///< a step ends where no element of the gradient is larger
    double tolerance_change = 1e-9;         ///< a step ends where the loss or every parameter changes by less
    std::int64_t history_size = 100;        ///< pairs of vectors that are kept; each has as many elements as the parameters together
    std::optional<std::string> line_search_fn = {};  ///< "strong_wolfe", or unset: steps of length lr
    bool maximize = false;                  ///< climb: gradients and losses count with the other sign
    static constexpr auto fields() {
        using O = LBFGSOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("max_iter", &O::max_iter),
                          field("max_eval", &O::max_eval),
                          field("tolerance_grad", &O::tolerance_grad),
                          field("tolerance_change", &O::tolerance_change),
                          field("history_size", &O::history_size, at_least(1)),
                          field("line_search_fn", &O::line_search_fn),
                          field("maximize", &O::maximize)};
    }
};

/// L-BFGS with torch.optim.LBFGS's options (torch 2.8; `maximize` as in 2.15).
struct LBFGSAlgorithm {
    using Options = LBFGSOptions;
    static constexpr std::string_view name = "LBFGS";
    static constexpr Traits traits = {.gradients = Gradients::both, .elementwise = false, .needs_closure = true};
    RAVINE_API static std::string contradiction(const Options& options);
};
template <> RAVINE_API const OptimizerClass& class_of<LBFGSAlgorithm>();

/// A quasi-Newton method for few parameters and an exact gradient. `step` is given a closure that computes the loss at the
/// parameters as they are, writes their gradients, and returns the loss; it is called many times, and must not touch the
/// parameters. A parameter without a gradient counts as one with zeros;
/// sparse gradients are made dense.
///
///     optim::LBFGS optimizer({w}, {.line_search_fn = "strong_wolfe"});
///     double loss = optimizer.step([&] { return backward(); });
///
/// `step` returns the closure's first result. With a line search the gradients belong to the last point that was tried
/// afterwards, which need not be the one that was taken.
///
/// There is one group; parameters are float32 or float64, all on one device. Vectors over all parameters have the widest of
/// their dtypes. Sums are made as `foreach::norm` and `linalg::dot` say: the bits do not depend on the threads, and are not torch's.
///
/// All state is kept under the first parameter, with torch's keys. It belongs to all parameters together: `remove_param` of
/// any of them begins anew, and `select_rows` is refused.
///
/// If the closure throws, or anything else does, the parameters are put back to what they were before the call and the state
/// is as it was; what passes through is what was thrown. The gradients are those of the closure's last call.
class LBFGS : public OptimizerOf<LBFGSAlgorithm> {
  public:
    using OptimizerOf::OptimizerOf;
    using OptimizerOf::step;
    void step() = delete;
};

}  // namespace ravine::inline v0::optim
