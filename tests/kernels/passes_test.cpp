// Every operation of the vocabulary on the instruction set under test, against plain C++ with std::fma.
#include "harness.h"

#include <ravine/runtime/function_ref.h>

namespace ravine::testing {
namespace {

constexpr std::size_t pass_length = 50'000;

/// What a pass does with one element, in the computing type and before the rounding to T.
template <class T> using Reference = function_ref<Compute<T>(Compute<T> a, Compute<T> b, Compute<T> c)>;

template <class T> void check_pass(Pass pass, double k, double l, Reference<T> reference) {
    CAPTURE(storage_name<T>());
    CAPTURE(static_cast<int>(pass));
    CAPTURE(k);
    const std::vector<T> a = assorted_values<T>(pass_length, 1), b = assorted_values<T>(pass_length, 2), c = assorted_values<T>(pass_length, 3);
    std::vector<T> got(pass_length), expected(pass_length);
    run_pass<T>(pass, got.data(), {a.data(), b.data(), c.data()}, pass_length, k, l);
    for (std::size_t i = 0; i < pass_length; ++i) expected[i] = encode<T>(reference(decode(a[i]), decode(b[i]), decode(c[i])));
    CHECK(difference(got.data(), expected.data(), pass_length) == "");
}

constexpr double some_scalars[] = {0.0, -0.0, 1.0, -1.0, 0.3001, -0.4999, 0.5, -0.5, 0.75, 1e-8, -3.7e4, 1e-40, 1.0039, INFINITY, NAN};

template <class O> O larger(O a, O b) { return std::isnan(a) || std::isnan(b) ? O(NAN) : a > b ? a : b; }
template <class O> O smaller(O a, O b) { return std::isnan(a) || std::isnan(b) ? O(NAN) : a < b ? a : b; }
template <class O> O interpolated(O s, O e, O w) { return std::fabs(w) < O(0.5) ? std::fma(w, e - s, s) : std::fma(w - 1, e - s, e); }

}  // namespace

TEST_CASE("operations of one number are what plain C++ computes") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        const auto check = [](Pass pass, auto reference) { check_pass<T>(pass, 0, 0, [=](O a, O, O) { return reference(a); }); };
        check(Pass::Copy, [](O a) { return a; });
        check(Pass::Neg, [](O a) { return -a; });
        check(Pass::Abs, [](O a) { return std::fabs(a); });
        check(Pass::Sign, [](O a) { return a > 0 ? O(1) : a < 0 ? O(-1) : O(0); });
        check(Pass::Sqrt, [](O a) { return std::sqrt(a); });
        check(Pass::Rsqrt, [](O a) { return 1 / std::sqrt(a); });
        check(Pass::Reciprocal, [](O a) { return 1 / a; });
        check(Pass::Square, [](O a) { return a * a; });
        check(Pass::Cube, [](O a) { return on_grid<T>(a * a) * a; });
        check(Pass::InverseSquare, [](O a) { return 1 / on_grid<T>(a * a); });
    });
}

TEST_CASE("negation and magnitude change the sign of a zero and of infinity") {
    for_each_storage([]<class T>(T) {
        const T in[] = {encode<T>(0), encode<T>(Compute<T>(-0.0)), encode<T>(Compute<T>(INFINITY)), encode<T>(Compute<T>(-INFINITY))};
        T out[4];
        run_pass<T>(Pass::Neg, out, {in}, 4);
        CHECK(difference<T>(out, std::vector<T>{in[1], in[0], in[3], in[2]}.data(), 4) == "");
        run_pass<T>(Pass::Abs, out, {in}, 4);
        CHECK(difference<T>(out, std::vector<T>{in[0], in[0], in[2], in[2]}.data(), 4) == "");
    });
}

TEST_CASE("operations of two and three numbers are what plain C++ computes") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        const auto check = [](Pass pass, Reference<T> reference) { check_pass<T>(pass, 0, 0, reference); };
        check(Pass::Mul, [](O a, O b, O) { return a * b; });
        check(Pass::Div, [](O a, O b, O) { return a / b; });
        check(Pass::Maximum, [](O a, O b, O) { return larger(a, b); });
        check(Pass::Minimum, [](O a, O b, O) { return smaller(a, b); });
        check(Pass::Greater, [](O a, O b, O) { return a > b ? O(1) : O(0); });
        check(Pass::Equal, [](O a, O b, O) { return a == b ? O(1) : O(0); });
        check(Pass::Select, [](O a, O b, O c) { return a == 0 ? c : b; });
        check(Pass::ClampTensor, [](O a, O b, O c) { return smaller(larger(a, b), c); });
        check(Pass::LerpTensor, [](O a, O b, O c) { return interpolated(a, b, c); });
    });
}

TEST_CASE("scalars that are added or compared are rounded to the storage type, factors to the computing type") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        for (const double scalar : some_scalars) {
            const O factor = static_cast<O>(scalar), k = on_grid<T>(factor);
            const auto check = [&](Pass pass, Reference<T> reference) { check_pass<T>(pass, scalar, 0, reference); };
            check(Pass::Fill, [=](O, O, O) { return k; });
            check(Pass::AddScalar, [=](O a, O, O) { return a + k; });
            check(Pass::SubScalar, [=](O a, O, O) { return a - k; });
            check(Pass::SubFrom, [=](O a, O, O) { return k - a; });
            check(Pass::MulScalar, [=](O a, O, O) { return a * factor; });
            check(Pass::DivScalar, [=](O a, O, O) { return a / factor; });
            check(Pass::MaximumScalar, [=](O a, O, O) { return larger(a, k); });
            check(Pass::MinimumScalar, [=](O a, O, O) { return smaller(a, k); });
        }
    });
}

TEST_CASE("fused multiply-adds round once and in torch's order") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        for (const double scalar : some_scalars) {
            const O value = static_cast<O>(scalar), alpha = on_grid<T>(value);
            check_pass<T>(Pass::Add, scalar, 0, [=](O a, O b, O) { return std::fma(b, alpha, a); });
            check_pass<T>(Pass::Lerp, scalar, 0, [=](O a, O b, O) { return interpolated(a, b, value); });
            check_pass<T>(Pass::Addcmul, scalar, 0, [=](O a, O b, O c) { return std::fma(value * b, c, a); });
            check_pass<T>(Pass::Addcdiv, scalar, 0, [=](O a, O b, O c) { return a + (value * b) / c; });
        }
    });
}

TEST_CASE("clamp lets the upper bound win and keeps NaN") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        const double bounds[][2] = {{-0.3001, 0.7}, {0.5, -0.5}, {NAN, 1}, {-1, NAN}, {-INFINITY, INFINITY}, {0, 0}};
        for (const auto& [low, high] : bounds) {
            const O l = on_grid<T>(static_cast<O>(low)), h = on_grid<T>(static_cast<O>(high));
            check_pass<T>(Pass::Clamp, low, high, [=](O a, O, O) { return smaller(larger(a, l), h); });
        }
    });
}

}  // namespace ravine::testing
