#pragma once
// Lion as an optimizer beside the library's own.
#include "lion_rule.h"

#include <ravine/optim/elementwise.h>

namespace example {

struct LionOptions {
    double lr = 1e-4;
    std::array<double, 2> betas = {0.9, 0.99};
    double weight_decay = 0;
    bool maximize = false;
    ravine::optim::Implementation implementation = ravine::optim::Implementation::automatic;
    static constexpr auto fields() {
        using namespace ravine::optim;
        using O = LionOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("betas", &O::betas, within(0, 1)),
                          field("weight_decay", &O::weight_decay, at_least(0)),
                          field("maximize", &O::maximize),
                          flag("foreach", &O::implementation, Implementation::foreach),
                          flag("fused", &O::implementation, Implementation::fused)};
    }
};

struct LionAlgorithm {
    using Options = LionOptions;
    using Rules = LionRules;
    static constexpr std::string_view name = "Lion";
    static constexpr bool counts_steps = false;
    static LionHyper hyper(const Options& options) { return {options.lr, options.betas[0], options.betas[1], options.weight_decay}; }
};
using Lion = ravine::optim::Elementwise<LionAlgorithm>;

}  // namespace example

template <> const ravine::optim::OptimizerClass& ravine::optim::class_of<example::LionAlgorithm>();
