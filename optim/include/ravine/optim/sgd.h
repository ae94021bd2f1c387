#pragma once
#include <ravine/kernels/rules/sgd.h>
#include <ravine/optim/elementwise.h>
#include <ravine/runtime/sparse.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.SGD, under torch's names.
struct SGDOptions {
    double lr = 1e-3;
    double momentum = 0;
    double dampening = 0;
    double weight_decay = 0;
    bool nesterov = false;  ///< needs momentum > 0 and dampening 0
    bool maximize = false;
    Implementation implementation = Implementation::automatic;
    bool differentiable = false;  ///< accepted without effect: there is no autograd here; not together with fused
    static constexpr auto fields() {
        using O = SGDOptions;
        return std::tuple{field("lr", &O::lr, scheduled(not_below(0))),
                          field("momentum", &O::momentum, not_below(0)),
                          field("dampening", &O::dampening),
                          field("weight_decay", &O::weight_decay, not_below(0)),
                          field("nesterov", &O::nesterov),
                          field("maximize", &O::maximize),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          field("differentiable", &O::differentiable),
                          flag("fused", &O::implementation, Implementation::fused)};
    }
};

/// Stochastic gradient descent with torch.optim.SGD's options. Its state is `momentum_buffer`, and only with momentum. Takes sparse
/// gradients too, without momentum and weight decay.
struct SGDAlgorithm {
    using Options = SGDOptions;
    using Rules = kernels::SGD;
    static constexpr std::string_view name = "SGD";
    static constexpr bool counts_steps = false;
    static constexpr bool foreach_is_differentiable = true;
    static std::size_t variant(const Options& options) { return options.momentum != 0; }
    static void set_switches(const Options& options, bool first, kernels::SgdSwitches& switches) {
        switches.first = options.momentum != 0 && first;
        switches.nesterov = options.momentum != 0 && options.nesterov;
    }
    /// Only what a sparse gradient stores moves; its values are added one after another, each by one fma. With a momentum the buffer is
    /// as sparse as the gradients, of which it has every place so far, in the order in which torch merges them.
    static constexpr Traits traits = {.gradients = Gradients::both};
    static constexpr bool keeps_sparse_state = true;
    static std::string_view sparse_complaint(const Options& options) { return options.weight_decay != 0 ? "weight_decay must be 0" : ""; }
    /// One update of `param`, float64 to float16 in any layout, by a gradient of its shape, dtype and device, and of the momentum
    /// buffer: `state[0]` if that is defined, else `buffer`. For the library, which has checked everything.
    RAVINE_API static void sparse_update(const Options& options, const SparseTensor& grad, const Tensor& param, std::span<const Tensor> state,
                                         SparseTensor& buffer, const Context& context);
    static kernels::SgdHyper hyper(const Options& options) {
        return {options.lr, options.momentum, options.dampening, options.weight_decay};
    }
    static std::string_view contradiction(const Options& options) {
        const bool possible = options.momentum > 0 && options.dampening == 0;
        return options.nesterov && !possible ? "nesterov needs a momentum > 0 and zero dampening" : "";
    }
};
template <> RAVINE_API const OptimizerClass& class_of<SGDAlgorithm>();
using SGD = Elementwise<SGDAlgorithm>;

}  // namespace ravine::inline v0::optim
