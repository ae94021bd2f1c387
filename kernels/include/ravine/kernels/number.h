#pragma once
// The vocabulary in which an update rule is written: arithmetic on *a number V*, whatever V is (one scalar, a SIMD
// register, a value rounded to a 16-bit grid after every operation, or a tile of a tensor list, see list.h).
//
// Each function below is one operation of the numeric contract: it is rounded once where it says so, in torch's order,
// on every machine. A rule calls nothing else.

#include <ravine/kernels/attributes.h>

namespace ravine::inline v0::kernels {

/// A value in a backend's arithmetic.
///
/// A backend B has: `raw` (what is computed with), `mask`, `wide` (the backend without rounding, itself if there is
/// none), `lanes`, `narrow(raw)` (rounds to the backend's grid, the identity for f32 and f64), `splat(double)`, and on
/// raw values `add sub mul div neg abs sqrt fma gt eq select`.
template <class B> class number {
  public:
    using backend = B;
    using term = number<typename B::wide>;
    using raw_type = typename B::raw;

    number() = default;

    /// A small integer constant. Exactly `int`: 0.5 must not become 0, nor be rounded unseen.
    template <class I>
        requires(__is_same(I, int))
    RAVINE_HD number(I value) : raw(B::splat(value)) {}

    /// A term as a value: rounds it to this number's grid.
    template <class W>
        requires(__is_same(W, typename B::wide) && !__is_same(W, B))
    RAVINE_HD explicit number(const number<W>& value) : raw(B::narrow(value.raw)) {}

    /// The double rounded to the arithmetic's type (once: double to float or double), in every lane.
    RAVINE_HD static number splat(double value) { return of(B::splat(value)); }

    RAVINE_HD static number of(raw_type value) {
        number result;
        result.raw = value;
        return result;
    }

    raw_type raw;
};

/// The result of a comparison; consumed by `select`.
template <class B> struct mask {
    typename B::mask raw;
};

/// The type of a scalar that stands next to a V: not rounded to V's grid.
template <class V> using term = typename V::term;

/// Keeps a parameter out of template argument deduction, so that `int` constants convert.
template <class T> struct same_type {
    using type = T;
};
template <class T> using same = typename same_type<T>::type;

/// The backend of `number<A> op number<B>`: the one that rounds, if one of them does.
template <class A, class B> struct joined_backend;
template <class A> struct joined_backend<A, A> {
    using type = A;
};
template <class A, class B>
    requires(!__is_same(A, B) && __is_same(typename A::wide, B))
struct joined_backend<A, B> {
    using type = A;
};
template <class A, class B>
    requires(!__is_same(A, B) && __is_same(A, typename B::wide))
struct joined_backend<A, B> {
    using type = B;
};
template <class A, class B> using joined = typename joined_backend<A, B>::type;

/// An operand of R's arithmetic. torch rounds a scalar that is added to a 16-bit tensor to the tensor's type, and keeps a
/// factor or a divisor in float.
template <class R, class B> RAVINE_HD typename R::raw on_grid(const number<B>& value) {
    if constexpr (__is_same(R, B)) return value.raw;
    else return R::narrow(value.raw);
}
template <class R, class B> RAVINE_HD typename R::raw as_it_is(const number<B>& value) {
    return value.raw;
}

#define RAVINE_ARITHMETIC(symbol, primitive, operand)                                                                  \
    template <class A, class B>                                                                                        \
    RAVINE_HD number<joined<A, B>> operator symbol(const number<A>& a, const number<B>& b) {                           \
        using R = joined<A, B>;                                                                                        \
        return number<R>::of(R::narrow(R::primitive(operand<R>(a), operand<R>(b))));                                   \
    }                                                                                                                  \
    template <class A, class I>                                                                                        \
        requires(__is_same(I, int))                                                                                    \
    RAVINE_HD number<A> operator symbol(const number<A>& a, I b) {                                                     \
        return a symbol number<A>(b);                                                                                  \
    }                                                                                                                  \
    template <class A, class I>                                                                                        \
        requires(__is_same(I, int))                                                                                    \
    RAVINE_HD number<A> operator symbol(I a, const number<A>& b) {                                                     \
        return number<A>(a) symbol b;                                                                                  \
    }
RAVINE_ARITHMETIC(+, add, on_grid)
RAVINE_ARITHMETIC(-, sub, on_grid)
RAVINE_ARITHMETIC(*, mul, as_it_is)
RAVINE_ARITHMETIC(/, div, as_it_is)
#undef RAVINE_ARITHMETIC

/// Exact: flips the sign bit.
template <class B> RAVINE_HD number<B> operator-(const number<B>& a) {
    return number<B>::of(B::neg(a.raw));
}
template <class B> RAVINE_HD mask<B> operator>(const number<B>& a, same<number<B>> b) {
    return {B::gt(a.raw, b.raw)};
}
template <class B> RAVINE_HD mask<B> operator<(const number<B>& a, same<number<B>> b) {
    return {B::gt(b.raw, a.raw)};
}
template <class B> RAVINE_HD mask<B> operator==(const number<B>& a, same<number<B>> b) {
    return {B::eq(a.raw, b.raw)};
}

/// `a` where the mask is set, else `b`; both are evaluated.
template <class B> RAVINE_HD number<B> select(const mask<B>& condition, same<number<B>> a, same<number<B>> b) {
    return number<B>::of(B::select(condition.raw, a.raw, b.raw));
}

/// s + alpha*o as fma(o, alpha, s); a 16-bit V rounds alpha to its grid first. torch: `add(s, o, alpha=)`.
template <class B>
RAVINE_HD number<B> add(const number<B>& s, same<number<B>> o, same<typename number<B>::term> alpha) {
    return number<B>::of(B::narrow(B::fma(o.raw, B::narrow(alpha.raw), s.raw)));
}

/// s + value*a*b as fma(value*a, b, s). torch: `addcmul`.
template <class B>
RAVINE_HD number<B> addcmul(const number<B>& s, same<number<B>> a, same<number<B>> b,
                            same<typename number<B>::term> value) {
    return number<B>::of(B::narrow(B::fma(B::mul(value.raw, a.raw), b.raw, s.raw)));
}

/// s + (value*a)/b, three roundings in V's wide arithmetic. torch: `addcdiv`.
template <class B>
RAVINE_HD number<B> addcdiv(const number<B>& s, same<number<B>> a, same<number<B>> b,
                            same<typename number<B>::term> value) {
    return number<B>::of(B::narrow(B::add(s.raw, B::div(B::mul(value.raw, a.raw), b.raw))));
}

/// s moved towards e by the share w: fma(w, e-s, s) where |w| < 0.5, else fma(w-1, e-s, e). torch: `lerp`.
template <class B>
RAVINE_HD number<B> lerp(const number<B>& s, same<number<B>> e, same<typename number<B>::term> w) {
    const auto near = B::gt(B::splat(0.5), B::abs(w.raw));
    const auto weight = B::select(near, w.raw, B::sub(w.raw, B::splat(1)));
    const auto from = B::select(near, s.raw, e.raw);
    return number<B>::of(B::narrow(B::fma(weight, B::sub(e.raw, s.raw), from)));
}

/// `lerp` with a weight of its own for every element.
template <class B>
RAVINE_HD number<B> lerp_tensor(const number<B>& s, same<number<B>> e, same<number<B>> w) {
    return lerp(s, e, number<typename B::wide>::of(w.raw));
}

/// Correctly rounded in V's wide arithmetic.
template <class B> RAVINE_HD number<B> sqrt(const number<B>& a) {
    return number<B>::of(B::narrow(B::sqrt(a.raw)));
}
template <class B> RAVINE_HD number<B> abs(const number<B>& a) {
    return number<B>::of(B::abs(a.raw));
}

/// 1/a, one rounding. A scalar over a tensor, k/a, is `reciprocal(a) * k` in torch and here.
template <class B> RAVINE_HD number<B> reciprocal(const number<B>& a) {
    return number<B>::of(B::narrow(B::div(B::splat(1), a.raw)));
}

/// 1/sqrt(a): two roundings in V's wide arithmetic.
template <class B> RAVINE_HD number<B> rsqrt(const number<B>& a) {
    return number<B>::of(B::narrow(B::div(B::splat(1), B::sqrt(a.raw))));
}

/// The larger one; NaN if either is NaN.
template <class B> RAVINE_HD number<B> max(const number<B>& a, same<number<B>> b) {
    return select(a > b, a, select(a == a, b, a));
}

/// The smaller one; NaN if either is NaN.
template <class B> RAVINE_HD number<B> min(const number<B>& a, same<number<B>> b) {
    return select(a < b, a, select(a == a, b, a));
}

/// a held within [low, high]; NaN stays NaN.
template <class B>
RAVINE_HD number<B> clamp(const number<B>& a, same<typename number<B>::term> low,
                          same<typename number<B>::term> high) {
    return min(max(a, number<B>::of(B::narrow(low.raw))), number<B>::of(B::narrow(high.raw)));
}

/// -1, 0 or 1; 0 for both zeros and for NaN.
template <class B> RAVINE_HD number<B> sign(const number<B>& a) {
    return select(a > 0, 1, select(a < 0, -1, 0));
}

}  // namespace ravine::inline v0::kernels
