#pragma once
#include <ravine/optim/optimizer_class.h>

namespace ravine::inline v0::optim {

/// Options of torch.optim.Adafactor, under torch's names.
struct AdafactorOptions {
    double lr = 1e-2;            ///< the most that the relative step size may be, and the factor of the decay
    double beta2_decay = -0.8;   ///< the estimate of squares forgets by 1 - t**beta2_decay
    std::pair<std::optional<double>, double> eps = {std::nullopt, 1e-3};  ///< least square (None: the dtype's epsilon), least size of a parameter
    double d = 1;                ///< the largest root mean square of an update before it is scaled down
    double weight_decay = 0;     ///< decay of the parameter itself
    Implementation implementation = Implementation::automatic;  ///< for_loop or foreach; automatic: for_loop's bits
    bool maximize = false;
    static constexpr auto fields() {
        using O = AdafactorOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("beta2_decay", &O::beta2_decay, at_most(0)),
                          field("eps", &O::eps, at_least(0)),
                          field("d", &O::d, at_least(1)),
                          field("weight_decay", &O::weight_decay, at_least(0)),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          field("maximize", &O::maximize)};
    }
};

/// Adafactor (Shazeer & Stern 2018) with torch.optim.Adafactor's options. The state of a matrix is a mean of squares for each row
/// and each column (`row_var`, `col_var`; leading dimensions are a batch of matrices), that of a vector or scalar one for each
/// element (`variance`).
///
/// Steps depend on norms, which are summed in double in a fixed order: the same bits for every layout and number of
/// threads, torch's to a few units of the last place. `foreach` rounds once more than `for_loop`, as in torch. As there, the
/// epsilon of None is that of a group's first parameter with a gradient, for all of it.
///
/// std::invalid_argument for a parameter without elements, whose mean would divide by zero, and for an eps that overflows a
/// parameter's dtype. A device gives the same bits; the host waits for norms twice a step, so a stream cannot capture it.
struct AdafactorAlgorithm {
    using Options = AdafactorOptions;
    static constexpr std::string_view name = "Adafactor";
    static constexpr Traits traits = {.elementwise = false, .real_only = true};
};
template <> RAVINE_API const OptimizerClass& class_of<AdafactorAlgorithm>();
using Adafactor = OptimizerOf<AdafactorAlgorithm>;

}  // namespace ravine::inline v0::optim
