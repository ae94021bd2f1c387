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
    static constexpr auto fields() { return detail::adam_fields<AdamWOptions>(); }
};

/// AdamW (Loshchilov & Hutter 2019) with torch.optim.AdamW's options.
struct AdamWAlgorithm {
    using Options = AdamWOptions;
    using Rules = kernels::Adam;
    static constexpr std::string_view name = "AdamW";
    static constexpr Traits traits = {.other_gradients = "SparseAdam"};
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
