#pragma once
#include <ravine/optim/optimizer_class.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.SparseAdam, under torch's names.
struct SparseAdamOptions {
    double lr = 1e-3;
    std::array<double, 2> betas = {0.9, 0.999};  ///< decay of the averages of gradient and squared gradient
    double eps = 1e-8;
    bool maximize = false;
    static constexpr auto fields() {
        using O = SparseAdamOptions;
        return std::tuple{field("lr", &O::lr, scheduled(above(0))), field("betas", &O::betas, within(0, 1)), field("eps", &O::eps, above(0)),
                          field("maximize", &O::maximize)};
    }
};

/// Adam for sparse gradients with torch.optim.SparseAdam's options: only the stored places of a gradient move, and so do only
/// their averages, which do not decay elsewhere. It is not Adam with zeros in between. Steps are counted for every
/// gradient, also for one that stores nothing. Takes sparse gradients only (`Parameter::set_sparse_grad`), on the CPU, and costs
/// what the stored places cost. Its `step` is a plain integer, as in torch.
struct SparseAdamAlgorithm {
    using Options = SparseAdamOptions;
    static constexpr std::string_view name = "SparseAdam";
    static constexpr Traits traits = {.gradients = Gradients::sparse, .other_gradients = "Adam", .elementwise = false, .real_only = true};
};
template <> RAVINE_API const OptimizerClass& class_of<SparseAdamAlgorithm>();
using SparseAdam = OptimizerOf<SparseAdamAlgorithm>;

}  // namespace ravine::inline v0::optim
