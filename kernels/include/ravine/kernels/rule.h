#pragma once
// What an update rule is, and the part of an update that all of them share.
//
// A rule is a stateless struct: the meaning of its slots, the scalars that it reads, its switches, and one `apply` over
// a number V. Slots 0 and 1 are always the parameter and its gradient; the others are state, under the names of torch's
// state_dict. `apply` hands its terms to operations as they are: arithmetic among them belongs into `terms`, which makes
// them of the hyperparameters `Hyper` (doubles only) and the number of the step, in torch's order, with `power(base, n)`
// and `power.root(x)`. See rules/adam.h for an example and docs/design.md for how to write one.
//
// `terms` may also set the switches that depend on the step (rules/radam.h), and carry numbers from step to step that torch
// keeps beside `step` as 0-d float32 tensors (`Scalars`, rules/nadam.h).

#include <ravine/kernels/number.h>

namespace ravine::inline v0::kernels {

enum : int { param_slot = 0, grad_slot = 1 };

/// Slots of a row, which is one cache line.
inline constexpr int max_slots = 6;
/// No rule has this one: the average that moves with the parameter (grid_average.h).
inline constexpr int average_slot = max_slots - 1;
/// More terms than any rule has.
inline constexpr int max_terms = 12;

/// The switches that every rule understands; a rule's own `Switches` derives from it and adds nothing but bools.
struct Common {
    bool maximize = false;  ///< follow the negated gradient
    bool coupled = false;   ///< add weight_decay * param to the gradient (a rule with the term `weight_decay`)
    bool unscale = false;   ///< divide the gradient by the loss scale first, and write it back
};

/// More numbers than any rule carries from step to step.
inline constexpr int max_scalars = 2;
/// The numbers of a rule that carries none.
struct NoScalars {};

/// The switches of a rule that is no update but a plain operation on tensors (see passes.h).
struct NoSwitches {};

/// Whether slot 1 is a gradient, with all that Common says of one.
template <class Rule> inline constexpr bool updates_parameters = !__is_same(typename Rule::Switches, NoSwitches);

/// What happens to a gradient before any rule sees it, in torch's order. The unscaling is the driver's, because it is
/// the one operation that writes the caller's gradient.
template <class V, int slots, class Terms, class Switches>
RAVINE_HD void prepare_gradient(V (&x)[slots], const Terms& t, const Switches& switches) {
    if (switches.maximize) x[grad_slot] = -x[grad_slot];
    if constexpr (requires { t.weight_decay; }) {
        if (switches.coupled) x[grad_slot] = add(x[grad_slot], x[param_slot], t.weight_decay);
    }
}

/// One update of one V: unscaling, the common part, then the rule. `unscaled` gets the gradient that is to be written back
/// where the switch `unscale` is set.
template <class Rule, class V, class Terms, class Switches>
RAVINE_HD void update(V (&x)[Rule::slots], const Terms& terms, const Switches& switches, const term<V>& grad_scale, V& unscaled) {
    if constexpr (updates_parameters<Rule>) {
        if (switches.unscale) {
            unscaled = x[grad_slot] / grad_scale;
            x[grad_slot] = unscaled;
        }
        prepare_gradient(x, terms, switches);
    }
    Rule::apply(x, terms, switches);
}

/// Which slots a rule writes, as bits: all but the gradient unless the rule says otherwise.
template <class Rule> consteval unsigned writes() {
    if constexpr (requires { Rule::writes; }) return Rule::writes;
    else return ((1u << Rule::slots) - 1u) & ~(1u << grad_slot);
}

/// Which slots a rule reads, as bits: all unless the rule says otherwise.
template <class Rule> consteval unsigned reads() {
    if constexpr (requires { Rule::reads; }) return Rule::reads;
    else return (1u << Rule::slots) - 1u;
}

template <class Rule> constexpr int term_count = static_cast<int>(sizeof(typename Rule::template Terms<double>) /
                                                                   sizeof(double));

template <class T, int n> struct Array {
    T value[n];
};

/// A rule's scalars in another type: Terms hold one type only, so an array of it is their representation.
template <class Rule, class To, class Make>
RAVINE_HD typename Rule::template Terms<To> convert_terms(const double* terms, Make make) {
    using T = typename Rule::template Terms<To>;
    constexpr int n = term_count<Rule>;
    static_assert(n <= max_terms && sizeof(T) == n * sizeof(To));
    Array<To, n> values;
    RAVINE_UNROLL
    for (int i = 0; i < n; ++i) values.value[i] = make(terms[i]);
    return __builtin_bit_cast(T, values);
}

namespace detail {
template <class Rule> struct scalars_of {
    using type = NoScalars;
};
template <class Rule>
    requires requires { typename Rule::Scalars; }
struct scalars_of<Rule> {
    using type = typename Rule::Scalars;
};
}  // namespace detail
/// The numbers that a rule carries from step to step: doubles, each a float's value. Their names are `Rule::carried`, and
/// what they are before the first step is `Rule::initial(hyper)`.
template <class Rule> using scalars_of = typename detail::scalars_of<Rule>::type;
template <class Rule> constexpr int scalar_count = __is_same(scalars_of<Rule>, NoScalars) ? 0 : static_cast<int>(sizeof(scalars_of<Rule>) / sizeof(double));

/// Whether `terms` sets switches.
template <class Rule>
inline constexpr bool sets_switches = requires(typename Rule::Switches& switches, scalars_of<Rule>& scalars, double (*power)(double, double)) {
    Rule::terms(typename Rule::Hyper{}, 1.0, switches, power);
} || requires(typename Rule::Switches& switches, scalars_of<Rule>& scalars, double (*power)(double, double)) {
    Rule::terms(typename Rule::Hyper{}, 1.0, switches, scalars, power);
};

/// The terms of update number `step` (1 for the first). May set switches, and takes the numbers that are carried on from
/// what they were to what they are after this step.
template <class Rule, class Power>
RAVINE_HD typename Rule::template Terms<double> make_terms(const typename Rule::Hyper& hyper, double step, typename Rule::Switches& switches,
                                                           scalars_of<Rule>& scalars, Power power) {
    if constexpr (requires { Rule::terms(hyper, step, switches, scalars, power); }) return Rule::terms(hyper, step, switches, scalars, power);
    else if constexpr (requires { Rule::terms(hyper, step, switches, power); }) return Rule::terms(hyper, step, switches, power);
    else return Rule::terms(hyper, step, power);
}

/// The value after rounding to float, as torch keeps such numbers.
RAVINE_HD double float_value(double value) { return static_cast<double>(static_cast<float>(value)); }

/// The variants of one algorithm: rules that differ in their slots and share terms and switches.
template <class... Rules> struct family {};

namespace detail {
template <class Family> struct first_of;
template <class First, class... Rest> struct first_of<family<First, Rest...>> {
    using type = First;
};
}  // namespace detail
/// The rule whose terms, switches and hyperparameters are those of its whole family.
template <class Family> using first_rule = typename detail::first_of<Family>::type;

/// Whether a family has kernels for devices, linked from a .cu file (grid_kernel_set.h). A user's family has none unless it
/// specialises this.
template <class Family> inline constexpr bool has_grid_kernels = false;

}  // namespace ravine::inline v0::kernels
