#pragma once
#include <ravine/kernels/rules/radam.h>
#include <ravine/optim/elementwise.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.RAdam, under torch's names.
struct RAdamOptions {
    double lr = 1e-3;
    std::array<double, 2> betas = {0.9, 0.999};
    double eps = 1e-8;
    double weight_decay = 0;
    bool decoupled_weight_decay = false;  ///< decay the parameter itself, as AdamW does
    Implementation implementation = Implementation::automatic;
    bool maximize = false;
    bool capturable = false;  ///< CUDA only: the device counts steps and reads lr itself, so that a step can be captured in a graph
    bool differentiable = false;  ///< accepted without effect: there is no autograd here; not together with foreach or fused
    static constexpr auto fields() {
        using O = RAdamOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("betas", &O::betas, within(0, 1)),
                          field("eps", &O::eps, at_least(0)),
                          field("weight_decay", &O::weight_decay, at_least(0)),
                          field("maximize", &O::maximize),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          field("capturable", &O::capturable),
                          field("decoupled_weight_decay", &O::decoupled_weight_decay),
                          field("differentiable", &O::differentiable)};
    }
};

/// RAdam (Liu et al. 2020) with torch.optim.RAdam's options.
struct RAdamAlgorithm {
    using Options = RAdamOptions;
    using Rules = kernels::RAdam;
    static constexpr std::string_view name = "RAdam";
    static kernels::RAdamHyper hyper(const Options& options) {
        return {options.lr, options.betas[0], options.betas[1], options.eps, options.weight_decay, options.decoupled_weight_decay ? 1.0 : 0.0};
    }
};
template <> RAVINE_API const OptimizerClass& class_of<RAdamAlgorithm>();
using RAdam = Elementwise<RAdamAlgorithm>;

}  // namespace ravine::inline v0::optim
