#pragma once
#include <ravine/kernels/rules/rprop.h>
#include <ravine/optim/elementwise.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.Rprop, under torch's names.
struct RpropOptions {
    double lr = 1e-2;  ///< the first step size of a parameter; read when its state is made, never again
    std::array<double, 2> etas = {0.5, 1.2};  ///< factors of the step size where the gradient changed its sign, and where not
    std::array<double, 2> step_sizes = {1e-6, 50};  ///< the smallest and the largest step size
    bool capturable = false;  ///< CUDA only: the device counts steps and reads lr itself, so that a step can be captured in a graph
    Implementation implementation = Implementation::automatic;
    bool maximize = false;
    bool differentiable = false;  ///< accepted without effect: there is no autograd here; not together with foreach or fused
    static constexpr auto fields() {
        using O = RpropOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("etas", &O::etas),
                          field("step_sizes", &O::step_sizes),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          field("maximize", &O::maximize),
                          field("differentiable", &O::differentiable),
                          field("capturable", &O::capturable)};
    }
};

/// Rprop (Riedmiller & Braun 1993) with torch.optim.Rprop's options.
struct RpropAlgorithm {
    using Options = RpropOptions;
    using Rules = kernels::Rprop;
    static constexpr std::string_view name = "Rprop";
    static double initial(const Options& options, std::string_view slot) { return slot == "step_size" ? options.lr : 0; }
    static std::string contradiction(const Options& options) {
        if (0 < options.etas[0] && options.etas[0] < 1 && 1 < options.etas[1]) return {};
        return "etas must be 0 < etas[0] < 1 < etas[1], got " + detail::shown_option(options.etas);
    }
    static kernels::RpropHyper hyper(const Options& options) {
        return {options.etas[0], options.etas[1], options.step_sizes[0], options.step_sizes[1]};
    }
};
template <> RAVINE_API const OptimizerClass& class_of<RpropAlgorithm>();
using Rprop = Elementwise<RpropAlgorithm>;

}  // namespace ravine::inline v0::optim
