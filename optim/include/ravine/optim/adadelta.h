#pragma once
#include <ravine/kernels/rules/adadelta.h>
#include <ravine/optim/elementwise.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.Adadelta, under torch's names.
struct AdadeltaOptions {
    double lr = 1.0;
    double rho = 0.9;  ///< decay of the averages of squared gradient and squared step
    double eps = 1e-6;
    double weight_decay = 0;
    Implementation implementation = Implementation::automatic;
    bool capturable = false;  ///< CUDA only: the device counts steps and reads lr itself, so that a step can be captured in a graph
    bool maximize = false;
    bool differentiable = false;  ///< accepted without effect: there is no autograd here; not together with foreach or fused
    static constexpr auto fields() {
        using O = AdadeltaOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("rho", &O::rho, between(0, 1)),
                          field("eps", &O::eps, at_least(0)),
                          field("weight_decay", &O::weight_decay, at_least(0)),
                          field("maximize", &O::maximize),
                          field("capturable", &O::capturable),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          field("differentiable", &O::differentiable)};
    }
};

/// Adadelta (Zeiler 2012) with torch.optim.Adadelta's options.
struct AdadeltaAlgorithm {
    using Options = AdadeltaOptions;
    using Rules = kernels::Adadelta;
    static constexpr std::string_view name = "Adadelta";
    static kernels::AdadeltaHyper hyper(const Options& options) {
        return {options.lr, options.rho, options.eps, options.weight_decay};
    }
};
template <> RAVINE_API const OptimizerClass& class_of<AdadeltaAlgorithm>();
using Adadelta = Elementwise<AdadeltaAlgorithm>;

}  // namespace ravine::inline v0::optim
