#pragma once
// What an update rule is, and the part of an update that all of them share.
//
// A rule is a stateless struct: the meaning of its slots, the scalars that it reads, its switches, and one `apply` over
// a number V. Slots 0 and 1 are always the parameter and its gradient; the others are state, under the names of torch's
// state_dict. `apply` hands its terms to operations as they are: arithmetic among them belongs into `terms`, which makes
// them of the hyperparameters `Hyper` (doubles only) and the number of the step, in torch's order, with `power(base, n)`
// and `power.root(x)`. See rules/adam.h for an example and docs/design.md for how to write one.

#include <ravine/kernels/number.h>

namespace ravine::inline v0::kernels {

enum : int { param_slot = 0, grad_slot = 1 };

/// More slots than any rule has; a plan row is one cache line.
inline constexpr int max_slots = 6;
/// More terms than any rule has.
inline constexpr int max_terms = 12;

/// The switches that every rule understands; a rule's own `Switches` derives from it and adds nothing but bools.
struct Common {
    bool maximize = false;  ///< follow the negated gradient
    bool coupled = false;   ///< add weight_decay * param to the gradient (a rule with the term `weight_decay`)
    bool unscale = false;   ///< divide the gradient by the loss scale first, and write it back
};

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
