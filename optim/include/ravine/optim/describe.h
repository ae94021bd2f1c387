#pragma once
#include <ravine/optim/algorithm.h>
#include <ravine/runtime/update.h>

#include <cstring>

namespace ravine::inline v0::optim {

namespace detail {

template <class A, class Switches>
Switches switches_of(const typename A::Options& options, bool first) {
    Switches switches{};
    if constexpr (requires { options.maximize; }) switches.maximize = options.maximize;
    if constexpr (requires { A::coupled(options); }) switches.coupled = A::coupled(options);
    if constexpr (requires { A::set_switches(options, first, switches); }) A::set_switches(options, first, switches);
    (void)first;
    return switches;
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
/// `Rule` or `Rules` (a family), `name`, `counts_steps`, `hyper(options)`, and where it needs them `variant(options)`,
/// `coupled(options)`, `set_switches(options, first, switches)`, `contradiction(options)`, `after_load(options)`. See adam.h.
template <class A> const Algorithm& describe() {
    using Options = typename A::Options;
    using Rules = typename detail::rules_of<A>::type;
    using Rule = kernels::first_rule<Rules>;
    static const Algorithm algorithm = {
        describe_class<A>(&detail::make_elementwise),
        rule_infos<Rules>(),
        A::counts_steps,
        [](const void* options) {
            if constexpr (requires { A::variant(std::declval<const Options&>()); }) {
                return static_cast<std::size_t>(A::variant(*static_cast<const Options*>(options)));
            } else {
                (void)options;
                return std::size_t{0};
            }
        },
        [](const void* erased, std::int64_t step, bool first, kernels::StepArguments& out) {
            const auto& options = *static_cast<const Options*>(erased);
            const auto terms = Rule::terms(A::hyper(options), static_cast<double>(step), Power());
            const auto switches = detail::switches_of<A, typename Rule::Switches>(options, first);
            set_arguments<Rule>(terms, switches, out);
        },
        [](const void* erased, kernels::StepRequest& out) {
            const auto& options = *static_cast<const Options*>(erased);
            const typename Rule::Hyper hyper = A::hyper(options);
            const auto switches = detail::switches_of<A, typename Rule::Switches>(options, true);
            static_assert(sizeof hyper <= sizeof out.hyper && sizeof switches <= sizeof out.switches);
            std::memcpy(out.hyper, &hyper, sizeof hyper);
            std::memcpy(out.switches, &switches, sizeof switches);
        },
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
