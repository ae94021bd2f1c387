#pragma once
#include <ravine/kernels/rules/adam.h>
#include <ravine/optim/elementwise.h>

namespace ravine::inline v0::optim {

namespace detail {
/// The fields of Adam and AdamW, whose members differ in their order and defaults only.
template <class O> constexpr auto adam_fields() {
    return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                      field("betas", &O::betas, within(0, 1), true),
                      field("eps", &O::eps, at_least(0)),
                      field("weight_decay", &O::weight_decay, at_least(0)),
                      field("amsgrad", &O::amsgrad),
                      field("maximize", &O::maximize),
                      flag("foreach", &O::implementation, Implementation::foreach),
                      field("capturable", &O::capturable),
                      field("differentiable", &O::differentiable),
                      flag("fused", &O::implementation, Implementation::fused),
                      field("decoupled_weight_decay", &O::decoupled_weight_decay)};
}
}  // namespace detail

/// Options of torch.optim.Adam, under torch's names.
struct AdamOptions {
    double lr = 1e-3;
    std::array<double, 2> betas = {0.9, 0.999};  ///< decay of the averages of gradient and squared gradient
    double eps = 1e-8;
    double weight_decay = 0;
    bool amsgrad = false;         ///< use the maximum of all averages of squared gradients
    Implementation implementation = Implementation::automatic;
    bool maximize = false;
    bool capturable = false;      ///< CUDA only: the device counts steps and reads lr itself, so that a step can be captured in a graph
    bool differentiable = false;  ///< accepted without effect: there is no autograd here; not together with foreach or fused
    bool decoupled_weight_decay = false;  ///< decay the parameter itself, as AdamW does
    static constexpr auto fields() { return detail::adam_fields<AdamOptions>(); }
};

/// Adam (Kingma & Ba 2015) with torch.optim.Adam's options.
struct AdamAlgorithm {
    using Options = AdamOptions;
    using Rules = kernels::Adam;
    static constexpr std::string_view name = "Adam";
    static constexpr Traits traits = {.other_gradients = "SparseAdam"};
    static std::size_t variant(const Options& options) { return options.amsgrad; }
    static kernels::AdamHyper hyper(const Options& options) {
        return {options.lr, options.betas[0], options.betas[1], options.eps, options.weight_decay, options.decoupled_weight_decay ? 1.0 : 0.0};
    }
};
template <> RAVINE_API const OptimizerClass& class_of<AdamAlgorithm>();
using Adam = Elementwise<AdamAlgorithm>;

}  // namespace ravine::inline v0::optim
