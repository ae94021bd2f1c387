#pragma once
#include <ravine/kernels/rules/adagrad.h>
#include <ravine/optim/elementwise.h>
#include <ravine/runtime/sparse.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.Adagrad, under torch's names.
struct AdagradOptions {
    double lr = 1e-2;
    double lr_decay = 0;
    double weight_decay = 0;
    double initial_accumulator_value = 0;  ///< of the constructor: a group's own is ignored, as in torch
    double eps = 1e-10;
    Implementation implementation = Implementation::automatic;
    bool maximize = false;
    bool differentiable = false;  ///< accepted without effect: there is no autograd here; not together with foreach or fused
    static constexpr auto fields() {
        using O = AdagradOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("lr_decay", &O::lr_decay, at_least(0)),
                          field("eps", &O::eps, at_least(0)),
                          field("weight_decay", &O::weight_decay, at_least(0)),
                          field("initial_accumulator_value", &O::initial_accumulator_value, at_least(0)),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          field("maximize", &O::maximize),
                          field("differentiable", &O::differentiable),
                          flag("fused", &O::implementation, Implementation::fused)};
    }
};

/// Adagrad (Duchi, Hazan & Singer 2011) with torch.optim.Adagrad's options.
struct AdagradAlgorithm {
    using Options = AdagradOptions;
    using Rules = kernels::Adagrad;
    static constexpr std::string_view name = "Adagrad";
    /// The state is there as soon as a parameter is in a group.
    static constexpr bool has_state_from_start = true;
    static double initial(const Options& options, std::string_view) { return options.initial_accumulator_value; }
    /// Only what a sparse gradient stores moves, after values of one place were added up.
    static constexpr Traits traits = {.gradients = Gradients::both};
    static std::string_view sparse_complaint(const Options& options) { return options.weight_decay != 0 ? "weight_decay must be 0" : ""; }
    /// One update of `param`, float64 to float16 in any layout, by a gradient of its shape and dtype on the CPU, and of `state`, its
    /// tensors under the rule's names. For the library, which has checked everything.
    RAVINE_API static void sparse_update(const Options& options, std::int64_t step, const SparseTensor& grad, const Tensor& param,
                                         std::span<const Tensor> state, const Context& context);
    static kernels::AdagradHyper hyper(const Options& options) {
        return {options.lr, options.lr_decay, options.eps, options.weight_decay};
    }
};
template <> RAVINE_API const OptimizerClass& class_of<AdagradAlgorithm>();
using Adagrad = Elementwise<AdagradAlgorithm>;

}  // namespace ravine::inline v0::optim
