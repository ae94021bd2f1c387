#pragma once
#include <ravine/kernels/rules/rmsprop.h>
#include <ravine/optim/elementwise.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.RMSprop, under torch's names.
struct RMSpropOptions {
    double lr = 1e-2;
    double alpha = 0.99;  ///< decay of the average of the squared gradient
    double eps = 1e-8;
    double weight_decay = 0;
    double momentum = 0;
    bool centered = false;  ///< divide by an estimate of the standard deviation
    bool capturable = false;  ///< CUDA only: the device counts steps and reads lr itself, so that a step can be captured in a graph
    Implementation implementation = Implementation::automatic;
    bool maximize = false;
    bool differentiable = false;  ///< accepted without effect: there is no autograd here; not together with foreach or fused
    static constexpr auto fields() {
        using O = RMSpropOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          added_later(field("momentum", &O::momentum, at_least(0))),
                          field("alpha", &O::alpha, at_least(0)),
                          field("eps", &O::eps, at_least(0)),
                          field("centered", &O::centered),
                          field("weight_decay", &O::weight_decay, at_least(0)),
                          field("capturable", &O::capturable),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          field("maximize", &O::maximize),
                          field("differentiable", &O::differentiable)};
    }
};

/// RMSprop (Hinton 2012) with torch.optim.RMSprop's options.
struct RMSpropAlgorithm {
    using Options = RMSpropOptions;
    using Rules = kernels::RMSprop;
    static constexpr std::string_view name = "RMSprop";
    static std::size_t variant(const Options& options) { return (options.momentum > 0 ? 1u : 0u) + (options.centered ? 2u : 0u); }
    static kernels::RMSpropHyper hyper(const Options& options) {
        return {options.lr, options.alpha, options.eps, options.weight_decay, options.momentum};
    }
};
template <> RAVINE_API const OptimizerClass& class_of<RMSpropAlgorithm>();
using RMSprop = Elementwise<RMSpropAlgorithm>;

}  // namespace ravine::inline v0::optim
