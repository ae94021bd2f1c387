#pragma once
// The primitive operations on whole tensors, each a one-line rule for the same drivers as the optimizers'. The foreach
// functions and the foreach implementation of every optimizer are made of these.

#include <ravine/kernels/rule.h>

namespace ravine::inline v0::kernels::passes {

/// A pass over `inputs` tensors and up to two scalars into slot 0, which may be one of the inputs.
template <int inputs> struct Operation {
    enum { out, a, b, c, slots = 1 + inputs };
    static constexpr unsigned writes = 1u;
    static constexpr unsigned reads = ((1u << slots) - 1u) & ~1u;
    template <class S> struct Terms {
        S k, l;
    };
    using Switches = NoSwitches;
};

#define RAVINE_PASS(Name, inputs, expression)                                                                          \
    struct Name : Operation<inputs> {                                                                                  \
        template <class V> RAVINE_HD static void apply(V (&x)[slots], const Terms<term<V>>& t, const Switches&) {      \
            x[out] = expression;                                                                                       \
            (void)t;                                                                                                   \
        }                                                                                                              \
    };
#define RAVINE_PASSES(X)                                                                                               \
    X(Fill, 0, V(t.k))                                                                                                 \
    X(Copy, 1, x[a])                                                                                                   \
    X(Neg, 1, -x[a])                                                                                                   \
    X(Abs, 1, abs(x[a]))                                                                                               \
    X(Sign, 1, sign(x[a]))                                                                                             \
    X(Sqrt, 1, sqrt(x[a]))                                                                                             \
    X(Rsqrt, 1, rsqrt(x[a]))                                                                                           \
    X(Reciprocal, 1, reciprocal(x[a]))                                                                                 \
    X(Square, 1, x[a] * x[a])                                                                                          \
    X(Cube, 1, x[a] * x[a] * x[a])                                                                                     \
    X(InverseSquare, 1, reciprocal(x[a] * x[a]))                                                                       \
    X(AddScalar, 1, x[a] + t.k)                                                                                        \
    X(SubScalar, 1, x[a] - t.k)                                                                                        \
    X(SubFrom, 1, V(t.k) - x[a])                                                                                       \
    X(MulScalar, 1, x[a] * t.k)                                                                                        \
    X(DivScalar, 1, x[a] / t.k)                                                                                        \
    X(MaximumScalar, 1, max(x[a], V(t.k)))                                                                             \
    X(MinimumScalar, 1, min(x[a], V(t.k)))                                                                             \
    X(Clamp, 1, clamp(x[a], t.k, t.l))                                                                                 \
    X(Add, 2, add(x[a], x[b], t.k))                                                                                    \
    X(Mul, 2, x[a] * x[b])                                                                                             \
    X(Div, 2, x[a] / x[b])                                                                                             \
    X(Maximum, 2, max(x[a], x[b]))                                                                                     \
    X(Minimum, 2, min(x[a], x[b]))                                                                                     \
    X(Lerp, 2, lerp(x[a], x[b], t.k))                                                                                  \
    X(Greater, 2, select(x[a] > x[b], V(1), V(0)))                                                                     \
    X(Equal, 2, select(x[a] == x[b], V(1), V(0)))                                                                      \
    X(Addcmul, 3, addcmul(x[a], x[b], x[c], t.k))                                                                      \
    X(Addcdiv, 3, addcdiv(x[a], x[b], x[c], t.k))                                                                      \
    X(ClampTensor, 3, min(max(x[a], x[b]), x[c]))                                                                      \
    X(LerpTensor, 3, lerp_tensor(x[a], x[b], x[c]))                                                                    \
    X(Select, 3, select(x[a] == 0, x[c], x[b]))
RAVINE_PASSES(RAVINE_PASS)
#undef RAVINE_PASS

/// Every pass, in the order of `Pass`.
#define RAVINE_NAME(Name, inputs, expression) , Name
template <class First, class... Rest> struct without_first {
    using type = family<Rest...>;
};
using All = without_first<void RAVINE_PASSES(RAVINE_NAME)>::type;
#undef RAVINE_NAME

}  // namespace ravine::inline v0::kernels::passes
template <> inline constexpr bool ravine::kernels::has_grid_kernels<ravine::kernels::passes::All> = true;
namespace ravine::inline v0::kernels::passes {

/// A pass by number: the index into a PassTable.
enum class Pass : int {
#define RAVINE_NAME(Name, inputs, expression) Name,
    RAVINE_PASSES(RAVINE_NAME)
#undef RAVINE_NAME
        count
};

/// How many tensors a pass reads.
constexpr int inputs(Pass pass) {
#define RAVINE_NAME(Name, inputs, expression) inputs,
    constexpr int of[] = {RAVINE_PASSES(RAVINE_NAME)};
#undef RAVINE_NAME
    return of[static_cast<int>(pass)];
}

}  // namespace ravine::inline v0::kernels::passes
