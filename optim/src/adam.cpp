#include <ravine/optim/adamw.h>
#include <ravine/optim/describe.h>

#include <cmath>

namespace ravine::inline v0::optim {

/// In the order of torch's for-loop: every scalar in double, the root of the bias correction by pow as Python's ** is.
kernels::AdamTerms<double> detail::adam_terms(const AdamOptions& options, std::int64_t step) {
    const auto t = static_cast<double>(step);
    const double bias1 = 1 - std::pow(options.betas[0], t);
    const double bias2 = 1 - std::pow(options.betas[1], t);
    const bool decouples = options.decoupled_weight_decay && options.weight_decay != 0;
    return {.weight_decay = options.weight_decay,
            .keep = decouples ? 1 - options.lr * options.weight_decay : 1,
            .weight = 1 - options.betas[0],
            .beta2 = options.betas[1],
            .one_minus_beta2 = 1 - options.betas[1],
            .bias2_sqrt = std::pow(bias2, 0.5),
            .eps = options.eps,
            .minus_step_size = -(options.lr / bias1)};
}

}  // namespace ravine::inline v0::optim

RAVINE_ALGORITHM(ravine::optim::AdamAlgorithm)
RAVINE_ALGORITHM(ravine::optim::AdamWAlgorithm)
