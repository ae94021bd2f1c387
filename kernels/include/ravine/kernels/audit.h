#pragma once
// V as nothing at all: a rule run over it computes no element but shows which of its scalars are used where. torch
// refuses a finite scalar that the tensor's type cannot hold as alpha of add, value of addcmul and addcdiv, weight of
// lerp, bound of clamp or value of an element (elsewhere it becomes infinity); running the rule's own text finds them
// without a second list.

#include <ravine/kernels/chunk.h>

namespace ravine::inline v0::kernels {

class audit {
  public:
    struct Limits {
        double storage;  ///< largest finite value of the tensors' type
        double compute;  ///< of the type that is computed with
        bool exceeded = false;
    };
    struct term {
        term() = default;
        term(double number, Limits* its_limits) noexcept : value(number), limits(its_limits) {}
        /// A small constant of the rule's own: fits anything.
        template <class I>
            requires(__is_same(I, int))
        term(I number) noexcept : value(number) {}
        void within(double Limits::*largest) const noexcept {
            const double magnitude = __builtin_fabs(value);
            if (limits != nullptr && magnitude > limits->*largest && magnitude < __builtin_inf()) limits->exceeded = true;
        }
        double value = 0;
        Limits* limits = nullptr;
    };
    audit() = default;
    audit(int) noexcept {}
    explicit audit(term fill) noexcept;
};
struct audit_mask {};

/// Elements that become a number. torch takes that number through the type that is computed with, so half types get infinity.
inline audit::audit(term fill) noexcept {
    if (fill.limits != nullptr && fill.limits->storage == fill.limits->compute) fill.within(&Limits::storage);
}

inline audit operator-(audit) noexcept { return {}; }
inline audit operator+(audit, audit) noexcept { return {}; }
inline audit operator-(audit, audit) noexcept { return {}; }
inline audit operator*(audit, audit) noexcept { return {}; }
inline audit operator/(audit, audit) noexcept { return {}; }
inline audit operator+(audit, audit::term) noexcept { return {}; }
inline audit operator*(audit, audit::term) noexcept { return {}; }
inline audit operator/(audit, audit::term) noexcept { return {}; }
inline audit operator-(audit::term, audit) noexcept { return {}; }
inline audit_mask operator>(audit, audit) noexcept { return {}; }
inline audit_mask operator<(audit, audit) noexcept { return {}; }
inline audit_mask operator==(audit, audit) noexcept { return {}; }
inline audit select(audit_mask, audit, audit) noexcept { return {}; }
inline audit abs(audit) noexcept { return {}; }
inline audit sign(audit) noexcept { return {}; }
inline audit sqrt(audit) noexcept { return {}; }
inline audit rsqrt(audit) noexcept { return {}; }
inline audit reciprocal(audit) noexcept { return {}; }
inline audit max(audit, audit) noexcept { return {}; }
inline audit min(audit, audit) noexcept { return {}; }
inline audit add(audit, audit, audit::term alpha) noexcept {
    alpha.within(&audit::Limits::storage);
    return {};
}
inline audit lerp(audit, audit, audit::term w) noexcept {
    w.within(&audit::Limits::compute);
    return {};
}
inline audit addcmul(audit, audit, audit, audit::term value) noexcept {
    value.within(&audit::Limits::compute);
    return {};
}
inline audit addcdiv(audit, audit, audit, audit::term value) noexcept {
    value.within(&audit::Limits::compute);
    return {};
}
inline audit clamp(audit, audit::term low, audit::term high) noexcept {
    low.within(&audit::Limits::storage);
    high.within(&audit::Limits::storage);
    return {};
}

/// Whether every scalar that torch would test fits the type of the tensors.
template <class Rule>
bool scalars_fit(const StepArguments& arguments, double largest_storage, double largest_compute) noexcept {
    audit::Limits limits{largest_storage, largest_compute};
    const auto terms = convert_terms<Rule, audit::term>(arguments.terms, [&](double value) { return audit::term{value, &limits}; });
    typename Rule::Switches switches;
    __builtin_memcpy(&switches, arguments.switches, sizeof switches);
    audit x[Rule::slots];
    prepare_gradient(x, terms, switches);
    Rule::apply(x, terms, switches);
    return !limits.exceeded;
}

}  // namespace ravine::inline v0::kernels
