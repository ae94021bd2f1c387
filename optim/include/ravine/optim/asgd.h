#pragma once
#include <ravine/kernels/rules/asgd.h>
#include <ravine/optim/elementwise.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.ASGD, under torch's names.
struct ASGDOptions {
    double lr = 1e-2;
    double lambd = 1e-4;  ///< decay
    double alpha = 0.75;  ///< power of the decay of the step size
    double t0 = 1e6;  ///< the step after which averaging starts
    double weight_decay = 0;
    Implementation implementation = Implementation::automatic;
    bool maximize = false;
    bool differentiable = false;  ///< accepted without effect: there is no autograd here; not together with foreach or fused
    bool capturable = false;  ///< CUDA only: the device counts steps and reads lr itself, so that a step can be captured in a graph
    static constexpr auto fields() {
        using O = ASGDOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("lambd", &O::lambd),
                          field("alpha", &O::alpha),
                          field("t0", &O::t0),
                          field("weight_decay", &O::weight_decay, at_least(0)),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          field("maximize", &O::maximize),
                          field("differentiable", &O::differentiable),
                          field("capturable", &O::capturable)};
    }
};

/// Averaged SGD (Polyak & Juditsky 1992) with torch.optim.ASGD's options. The average is the state `ax`; it is never put into the parameter.
struct ASGDAlgorithm {
    using Options = ASGDOptions;
    using Rules = kernels::ASGD;
    static constexpr std::string_view name = "ASGD";
    static kernels::ASGDHyper hyper(const Options& options) {
        return {options.lr, options.lambd, options.alpha, options.t0, options.weight_decay};
    }
};
template <> RAVINE_API const OptimizerClass& class_of<ASGDAlgorithm>();
using ASGD = Elementwise<ASGDAlgorithm>;

}  // namespace ravine::inline v0::optim
