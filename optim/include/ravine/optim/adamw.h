#pragma once
#include <ravine/optim/adam.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.AdamW: those of Adam with another default weight decay, always decoupled.
struct AdamWOptions {
    double lr = 1e-3;
    std::array<double, 2> betas = {0.9, 0.999};
    double eps = 1e-8;
    double weight_decay = 1e-2;
    bool amsgrad = false;
    bool maximize = false;
    Implementation implementation = Implementation::automatic;
    bool capturable = false;
    bool differentiable = false;
    bool decoupled_weight_decay = true;  ///< torch keeps the key in the state_dict; it is always true
    static constexpr auto fields() {
        using O = AdamWOptions;
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
};

/// AdamW (Loshchilov & Hutter 2019) with torch.optim.AdamW's options.
struct AdamWAlgorithm {
    using Options = AdamWOptions;
    using Rules = kernels::Adam;
    static constexpr std::string_view name = "AdamW";
    static constexpr Traits traits = {.other_gradients = "SparseAdam"};
    static constexpr bool counts_steps = true;
    static void after_load(Options& options) { options.decoupled_weight_decay = true; }
    static std::size_t variant(const Options& options) { return options.amsgrad; }
    static std::string_view contradiction(const Options& options) {
        return options.decoupled_weight_decay ? "" : "decoupled_weight_decay must be True, got False";
    }
    static kernels::AdamHyper hyper(const Options& options) {
        return {options.lr, options.betas[0], options.betas[1], options.eps, options.weight_decay, 1};
    }
};
template <> RAVINE_API const OptimizerClass& class_of<AdamWAlgorithm>();
using AdamW = Elementwise<AdamWAlgorithm>;

}  // namespace ravine::inline v0::optim
