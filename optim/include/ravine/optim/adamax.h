#pragma once
#include <ravine/kernels/rules/adamax.h>
#include <ravine/optim/elementwise.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.Adamax, under torch's names.
struct AdamaxOptions {
    double lr = 2e-3;
    std::array<double, 2> betas = {0.9, 0.999};
    double eps = 1e-8;
    double weight_decay = 0;
    Implementation implementation = Implementation::automatic;
    bool maximize = false;
    bool differentiable = false;  ///< accepted without effect: there is no autograd here; not together with foreach or fused
    bool capturable = false;  ///< CUDA only: the device counts steps and reads lr itself, so that a step can be captured in a graph
    static constexpr auto fields() {
        using O = AdamaxOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("betas", &O::betas, within(0, 1)),
                          field("eps", &O::eps, at_least(0)),
                          field("weight_decay", &O::weight_decay, at_least(0)),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          field("maximize", &O::maximize),
                          field("differentiable", &O::differentiable),
                          field("capturable", &O::capturable)};
    }
};

/// Adamax (Kingma & Ba 2015) with torch.optim.Adamax's options.
struct AdamaxAlgorithm {
    using Options = AdamaxOptions;
    using Rules = kernels::Adamax;
    static constexpr std::string_view name = "Adamax";
    static kernels::AdamaxHyper hyper(const Options& options) {
        return {options.lr, options.betas[0], options.betas[1], options.eps, options.weight_decay};
    }
};
template <> RAVINE_API const OptimizerClass& class_of<AdamaxAlgorithm>();
using Adamax = Elementwise<AdamaxAlgorithm>;

}  // namespace ravine::inline v0::optim
