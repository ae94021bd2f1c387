#pragma once
#include <ravine/optim/algorithm.h>
#include <ravine/runtime/update.h>

#include <cstring>

namespace ravine::inline v0::optim {

namespace detail {

/// Whether the decay is added to the gradient.
template <class Rule, class Options> bool is_coupled(const Options& options) {
    if constexpr (!requires(typename Rule::template Terms<double> terms) { terms.weight_decay + options.weight_decay; }) return false;
    else if constexpr (requires { options.decoupled_weight_decay; }) return options.weight_decay != 0 && !options.decoupled_weight_decay;
    else return options.weight_decay != 0;
}

template <class A, class Rule>
typename Rule::Switches switches_of(const typename A::Options& options, bool first) {
    typename Rule::Switches switches{};
    if constexpr (requires { options.maximize; }) switches.maximize = options.maximize;
    switches.coupled = is_coupled<Rule>(options);
    if constexpr (requires { A::set_switches(options, first, switches); }) A::set_switches(options, first, switches);
    (void)first;
    return switches;
}

template <class A> inline constexpr bool keeps_sparse_state = requires { requires A::keeps_sparse_state; };

template <class A> constexpr auto sparse_update_of() -> decltype(Algorithm::sparse_update) {
    using Options = typename A::Options;
    if constexpr (requires { &A::sparse_update; }) {
        return [](const void* options, std::int64_t step, const SparseTensor& grad, const Tensor& param, std::span<const Tensor> state,
                  [[maybe_unused]] SparseTensor& sparse_state, const Context& context) {
            const auto& own = *static_cast<const Options*>(options);
            if constexpr (keeps_sparse_state<A>) A::sparse_update(own, grad, param, state, sparse_state, context);
            else A::sparse_update(own, step, grad, param, state, context);
        };
    } else {
        return nullptr;
    }
}

template <class A> struct rules_of {
    using type = kernels::family<typename A::Rule>;
};
template <class A>
    requires requires { typename A::Rules; }
struct rules_of<A> {
    using type = typename A::Rules;
};

}  // namespace detail

/// The description of the algorithm A. A has: `Options` (an aggregate with `fields()` and a member `implementation`),
/// `Rule` or `Rules` (a family), `name`, `hyper(options)`, and where it needs them `variant(options)`, `set_switches(options,
/// first, switches)`, `contradiction(options)`, `after_load(options)`, `counts_steps = false` for a state without `step`,
/// `initial(options, slot)` for state that does not start with zeros, `has_state_from_start`, `sparse_update` and `sparse_complaint`
/// with `traits` that say so (see adagrad.h), `keeps_sparse_state` if its state is as sparse as the gradients (see sgd.h). A decay that is a term of the rule is
/// added to the gradient, unless an option `decoupled_weight_decay` is true. See adam.h.
template <class A> const Algorithm& describe() {
    using Options = typename A::Options;
    using Rules = typename detail::rules_of<A>::type;
    using Rule = kernels::first_rule<Rules>;
    static const Algorithm algorithm = {
        describe_class<A>(&detail::make_elementwise),
        rule_infos<Rules>(),
        !requires { requires !A::counts_steps; },
        [](const void* options) {
            if constexpr (requires { A::variant(std::declval<const Options&>()); }) {
                return static_cast<std::size_t>(A::variant(*static_cast<const Options*>(options)));
            } else {
                (void)options;
                return std::size_t{0};
            }
        },
        [](const void* erased, std::int64_t step, bool first, CarriedScalars& carried, kernels::StepArguments& out) {
            const auto& options = *static_cast<const Options*>(erased);
            auto switches = detail::switches_of<A, Rule>(options, first);
            kernels::scalars_of<Rule> scalars;
            if constexpr (kernels::scalar_count<Rule> > 0) std::memcpy(&scalars, carried.data(), sizeof scalars);
            const auto terms = kernels::make_terms<Rule>(A::hyper(options), static_cast<double>(step), switches, scalars, Power());
            if constexpr (kernels::scalar_count<Rule> > 0) std::memcpy(carried.data(), &scalars, sizeof scalars);
            set_arguments<Rule>(terms, switches, out);
        },
        [](const void* erased, kernels::StepRequest& out) {
            const auto& options = *static_cast<const Options*>(erased);
            const typename Rule::Hyper hyper = A::hyper(options);
            const auto switches = detail::switches_of<A, Rule>(options, true);
            static_assert(sizeof hyper <= sizeof out.hyper && sizeof switches <= sizeof out.switches);
            std::memcpy(out.hyper, &hyper, sizeof hyper);
            std::memcpy(out.switches, &switches, sizeof switches);
        },
        [](const void* options) {
            CarriedScalars carried{};
            if constexpr (kernels::scalar_count<Rule> > 0) {
                const kernels::scalars_of<Rule> scalars = Rule::initial(A::hyper(*static_cast<const Options*>(options)));
                std::memcpy(carried.data(), &scalars, sizeof scalars);
            } else {
                (void)options;
            }
            return carried;
        },
        [](const void* options, std::string_view slot) {
            if constexpr (requires(const Options& o) { A::initial(o, slot); }) return A::initial(*static_cast<const Options*>(options), slot);
            else return static_cast<void>(options), static_cast<void>(slot), 0.0;
        },
        requires { requires A::has_state_from_start; },
        detail::sparse_update_of<A>(),
        [](const void* options) -> std::string_view {
            if constexpr (requires(const Options& o) { A::sparse_complaint(o); }) return A::sparse_complaint(*static_cast<const Options*>(options));
            else return static_cast<void>(options), std::string_view();
        },
        detail::keeps_sparse_state<A>,
        [](const void* options) { return static_cast<const Options*>(options)->implementation; },
        [](const void* options) {
            if constexpr (requires(const Options& o) { o.capturable; }) {
                return static_cast<const Options*>(options)->capturable;
            } else {
                (void)options;
                return false;
            }
        }};
    return algorithm;
}

}  // namespace ravine::inline v0::optim

/// Makes the optimizer class of an algorithm usable: once, in a source file that sees the rule.
#define RAVINE_ALGORITHM(A)                                                                                            \
    template <> const ravine::optim::OptimizerClass& ravine::optim::class_of<A>() { return ravine::optim::describe<A>(); }
