// Every foreach function in both forms against plain C++, bit for bit, over mixed layouts.
#include "foreach_harness.h"

#include <ravine/runtime/function_ref.h>

#include <algorithm>

namespace ravine::testing {
namespace {

template <class T> struct Lists {
    TensorList<T> a{1}, b{2}, c{4};
};

/// One element of tensor number i, in the computing type and before the rounding to T.
template <class T> using Reference = function_ref<Compute<T>(Compute<T> a, Compute<T> b, Compute<T> c, std::size_t i)>;

template <class T> std::vector<std::vector<T>> expected_of(const Lists<T>& lists, Reference<T> reference) {
    std::vector<std::vector<T>> result;
    for (std::size_t i = 0; i < lists.a.elements.size(); ++i) {
        std::vector<T>& tensor = result.emplace_back();
        for (std::size_t j = 0; j < lists.a.elements[i].size(); ++j) {
            tensor.push_back(encode<T>(reference(decode(lists.a.elements[i][j]), decode(lists.b.elements[i][j]), decode(lists.c.elements[i][j]), i)));
        }
    }
    return result;
}

/// `make` leaves its inputs, `write` overwrites the first list; both give the reference's bits.
template <class T> void check(const char* name, Reference<T> reference, function_ref<Tensors(const Tensors&, const Tensors&, const Tensors&)> make,
                              function_ref<void(const Tensors&, const Tensors&, const Tensors&)> write) {
    CAPTURE(std::string(name));
    CAPTURE(std::string(ravine::name(dtype_of<T>::value)));
    Lists<T> lists;
    const auto expected = expected_of(lists, reference);
    const Tensors made = make(lists.a.tensors, lists.b.tensors, lists.c.tensors);
    CHECK(difference_of(made, expected) == "");
    CHECK(lists.a.is_unchanged());
    write(lists.a.tensors, lists.b.tensors, lists.c.tensors);
    CHECK(difference_of(lists.a.tensors, expected) == "");
    CHECK(lists.a.guards_survive());
    CHECK(lists.b.is_unchanged());
    CHECK(lists.c.is_unchanged());
}

/// Both forms of a function with the same arguments, which may name the lists a, b and c.
#define RAVINE_CHECK(function, reference, ...)                                                                         \
    check<T>(#function, reference,                                                                                     \
             [&]([[maybe_unused]] const Tensors& a, [[maybe_unused]] const Tensors& b, [[maybe_unused]] const Tensors& c) { return foreach::function(__VA_ARGS__); }, \
             [&]([[maybe_unused]] const Tensors& a, [[maybe_unused]] const Tensors& b, [[maybe_unused]] const Tensors& c) { foreach::function##_(__VA_ARGS__); })

std::vector<double> scalar_list() {
    std::vector<double> result;
    for (std::size_t i = 0; i < list_shapes().size(); ++i) result.push_back(i == 3 ? 0.5 : 0.3001 * static_cast<double>(i) - 0.7);
    return result;
}

template <class O> O larger(O x, O y) { return std::isnan(x) || std::isnan(y) ? O(NAN) : x > y ? x : y; }
template <class O> O smaller(O x, O y) { return std::isnan(x) || std::isnan(y) ? O(NAN) : x < y ? x : y; }
template <class O> O interpolated(O s, O e, O w) { return std::fabs(w) < O(0.5) ? std::fma(w, e - s, s) : std::fma(w - 1, e - s, e); }

}  // namespace

TEST_CASE("add and sub with scalars, scalar lists, tensors and alpha") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        const std::vector<double> ks = scalar_list();
        const auto grid = [](double k) { return on_grid<T>(static_cast<O>(k)); };
        RAVINE_CHECK(add, ([=](O x, O, O, std::size_t) { return x + grid(0.3001); }), a, 0.3001);
        RAVINE_CHECK(add, ([=](O x, O, O, std::size_t i) { return x + grid(ks[i]); }), a, ks);
        RAVINE_CHECK(add, ([=](O x, O y, O, std::size_t) { return x + y; }), a, b);
        RAVINE_CHECK(add, ([=](O x, O y, O, std::size_t) { return std::fma(y, grid(0.7001), x); }), a, b, 0.7001);
        RAVINE_CHECK(sub, ([=](O x, O, O, std::size_t) { return x - grid(0.3001); }), a, 0.3001);
        RAVINE_CHECK(sub, ([=](O x, O, O, std::size_t i) { return x - grid(ks[i]); }), a, ks);
        RAVINE_CHECK(sub, ([=](O x, O y, O, std::size_t) { return x - y; }), a, b);
        RAVINE_CHECK(sub, ([=](O x, O y, O, std::size_t) { return std::fma(y, -grid(0.7001), x); }), a, b, 0.7001);
    });
}

TEST_CASE("mul and div with scalars, scalar lists and tensors") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        const std::vector<double> ks = scalar_list();
        RAVINE_CHECK(mul, ([=](O x, O, O, std::size_t) { return x * static_cast<O>(0.3001); }), a, 0.3001);
        RAVINE_CHECK(mul, ([=](O x, O, O, std::size_t i) { return x * static_cast<O>(ks[i]); }), a, ks);
        RAVINE_CHECK(mul, ([=](O x, O y, O, std::size_t) { return x * y; }), a, b);
        RAVINE_CHECK(div, ([=](O x, O, O, std::size_t) { return x / static_cast<O>(0.3001); }), a, 0.3001);
        RAVINE_CHECK(div, ([=](O x, O, O, std::size_t i) { return x / static_cast<O>(ks[i]); }), a, ks);
        RAVINE_CHECK(div, ([=](O x, O y, O, std::size_t) { return x / y; }), a, b);
    });
}

TEST_CASE("addcmul, addcdiv and lerp with scalars, scalar lists and tensors") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        const std::vector<double> ks = scalar_list();
        RAVINE_CHECK(addcmul, ([=](O x, O y, O z, std::size_t) { return std::fma(y, z, x); }), a, b, c);
        RAVINE_CHECK(addcmul, ([=](O x, O y, O z, std::size_t) { return std::fma(static_cast<O>(0.3) * y, z, x); }), a, b, c, 0.3);
        RAVINE_CHECK(addcmul, ([=](O x, O y, O z, std::size_t i) { return std::fma(static_cast<O>(ks[i]) * y, z, x); }), a, b, c, ks);
        RAVINE_CHECK(addcdiv, ([=](O x, O y, O z, std::size_t) { return x + (static_cast<O>(0.3) * y) / z; }), a, b, c, 0.3);
        RAVINE_CHECK(addcdiv, ([=](O x, O y, O z, std::size_t i) { return x + (static_cast<O>(ks[i]) * y) / z; }), a, b, c, ks);
        RAVINE_CHECK(lerp, ([=](O x, O y, O, std::size_t) { return interpolated(x, y, static_cast<O>(0.1)); }), a, b, 0.1);
        RAVINE_CHECK(lerp, ([=](O x, O y, O, std::size_t i) { return interpolated(x, y, static_cast<O>(ks[i])); }), a, b, ks);
        RAVINE_CHECK(lerp, ([=](O x, O y, O z, std::size_t) { return interpolated(x, y, z); }), a, b, c);
    });
}

TEST_CASE("maximum, minimum and clamp with scalars, scalar lists and tensors") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        const std::vector<double> ks = scalar_list();
        const auto grid = [](double k) { return on_grid<T>(static_cast<O>(k)); };
        RAVINE_CHECK(maximum, ([=](O x, O, O, std::size_t) { return larger(x, grid(0.3001)); }), a, 0.3001);
        RAVINE_CHECK(maximum, ([=](O x, O, O, std::size_t i) { return larger(x, grid(ks[i])); }), a, ks);
        RAVINE_CHECK(maximum, ([=](O x, O y, O, std::size_t) { return larger(x, y); }), a, b);
        RAVINE_CHECK(minimum, ([=](O x, O, O, std::size_t) { return smaller(x, grid(0.3001)); }), a, 0.3001);
        RAVINE_CHECK(minimum, ([=](O x, O, O, std::size_t i) { return smaller(x, grid(ks[i])); }), a, ks);
        RAVINE_CHECK(minimum, ([=](O x, O y, O, std::size_t) { return smaller(x, y); }), a, b);
        RAVINE_CHECK(clamp, ([=](O x, O, O, std::size_t) { return smaller(larger(x, grid(-0.3001)), grid(0.7001)); }), a, -0.3001, 0.7001);
        RAVINE_CHECK(clamp, ([=](O x, O, O, std::size_t i) { return smaller(larger(x, grid(-1)), grid(ks[i])); }), a, -1, ks);
        RAVINE_CHECK(clamp, ([=](O x, O y, O z, std::size_t) { return smaller(larger(x, y), z); }), a, b, c);
    });
}

TEST_CASE("abs, neg, sign, sqrt, rsqrt and reciprocal") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        RAVINE_CHECK(abs, ([](O x, O, O, std::size_t) { return std::fabs(x); }), a);
        RAVINE_CHECK(neg, ([](O x, O, O, std::size_t) { return -x; }), a);
        RAVINE_CHECK(sign, ([](O x, O, O, std::size_t) { return x > 0 ? O(1) : x < 0 ? O(-1) : O(0); }), a);
        RAVINE_CHECK(sqrt, ([](O x, O, O, std::size_t) { return std::sqrt(x); }), a);
        RAVINE_CHECK(rsqrt, ([](O x, O, O, std::size_t) { return 1 / std::sqrt(x); }), a);
        RAVINE_CHECK(reciprocal, ([](O x, O, O, std::size_t) { return 1 / x; }), a);
    });
}

TEST_CASE("pow multiplies and takes roots for torch's special exponents, and is the C library's pow for the others") {
    for_each_storage([]<class T>(T) {
        using O = Compute<T>;
        const auto general = [](double base, double exponent) { return static_cast<O>(std::pow(base, exponent)); };
        const auto grid = [](double k) { return static_cast<double>(on_grid<T>(static_cast<O>(k))); };
        RAVINE_CHECK(pow, ([](O x, O, O, std::size_t) { return x * x; }), a, 2);
        RAVINE_CHECK(pow, ([](O x, O, O, std::size_t) { return std::sqrt(x); }), a, 0.5);
        RAVINE_CHECK(pow, ([](O x, O, O, std::size_t) { return 1 / std::sqrt(x); }), a, -0.5);
        RAVINE_CHECK(pow, ([](O x, O, O, std::size_t) { return 1 / x; }), a, -1);
        RAVINE_CHECK(pow, ([](O x, O, O, std::size_t) { return x; }), a, 1);
        RAVINE_CHECK(pow, ([](O, O, O, std::size_t) { return O(1); }), a, 0);
        RAVINE_CHECK(pow, ([=](O x, O, O, std::size_t) { return general(x, grid(0.3001)); }), a, 0.3001);
        RAVINE_CHECK(pow, ([=](O x, O, O, std::size_t) { return general(x, -3); }), a, -3);
        RAVINE_CHECK(pow, ([=](O x, O y, O, std::size_t) { return general(x, y); }), a, b);
        const bool in_float = std::same_as<T, f16>;
        RAVINE_CHECK(pow, ([=](O x, O, O, std::size_t) { return in_float ? general(x, 3) : on_grid<T>(x * x) * x; }), a, 3);
        RAVINE_CHECK(pow, ([=](O x, O, O, std::size_t) { return in_float ? general(x, -2) : 1 / on_grid<T>(x * x); }), a, -2);
        std::vector<double> exponents(list_shapes().size(), 2);
        exponents[3] = 7;
        RAVINE_CHECK(pow, ([=](O x, O, O, std::size_t i) { return i == 3 ? general(x, 7) : x * x; }), a, exponents);

        const Lists<T> lists;
        const auto expected = expected_of<T>(lists, [=](O x, O, O, std::size_t) { return general(grid(2.3001), x); });
        CHECK(difference_of(foreach::pow(2.3001, lists.a.tensors), expected) == "");
    });
}

TEST_CASE("copy_ keeps every bit, NaN's too, and converts between dtypes; zero_ writes zeros") {
    for_each_storage([]<class T>(T) {
        const TensorList<T> from(1), to(2);
        foreach::copy_(to.tensors, from.tensors);
        for (std::size_t i = 0; i < to.tensors.size(); ++i) {
            const std::vector<T> elements = elements_of<T>(to.tensors[i]);
            if (!elements.empty()) REQUIRE(std::memcmp(elements.data(), from.elements[i].data(), elements.size() * sizeof(T)) == 0);
        }
        CHECK(from.is_unchanged());
        const TensorList<float> numbers(3, false);
        foreach::copy_(to.tensors, numbers.tensors);
        for (std::size_t i = 0; i < to.tensors.size(); ++i) {
            const std::vector<T> elements = elements_of<T>(to.tensors[i]);
            for (std::size_t j = 0; j < elements.size(); ++j) REQUIRE(same(elements[j], encode<T>(static_cast<Compute<T>>(numbers.elements[i][j]))));
        }
        foreach::zero_(to.tensors);
        for (const Tensor& tensor : to.tensors) {
            for (const T element : elements_of<T>(tensor)) REQUIRE(bits_of(element) == 0);
        }
        CHECK(to.guards_survive());
    });
    const std::int64_t integers[3] = {1, -2, 3};
    const Tensors target = {zeros({3}, DType::i64)};
    foreach::copy_(target, Tensors{borrow(integers, {3})});
    CHECK(elements_of<std::int64_t>(target[0]) == std::vector<std::int64_t>{1, -2, 3});
}

TEST_CASE("copy_ and zero_ of complex tensors write them and nothing behind them") {
    std::vector<double> memory(7, -7), numbers = {1, 2, 3, 4};
    for (const DType dtype : {DType::c128, DType::c64}) {
        const std::size_t written = dtype == DType::c128 ? 4 : 2;
        const Tensors target = {borrow(memory.data(), dtype, {2})}, source = {borrow(numbers.data(), dtype, {2})};
        foreach::copy_(target, source);
        CHECK(std::equal(memory.begin(), memory.begin() + written, numbers.begin()));
        foreach::zero_(target);
        CHECK(std::count(memory.begin(), memory.begin() + written, 0) == static_cast<std::ptrdiff_t>(written));
        CHECK(std::count(memory.begin() + written, memory.end(), -7) == static_cast<std::ptrdiff_t>(memory.size() - written));
        memory.assign(7, -7);
    }
}

TEST_CASE("results keep dense layouts and are row-major otherwise") {
    float memory[24] = {};
    const Tensors list = {borrow(memory, {2, 3}, {.strides = {1, 2}}), borrow(memory, {4}, {.strides = {3}})};
    const Tensors made = foreach::add(list, 1);
    CHECK(made[0].strides() == Shape{1, 2});
    CHECK(made[1].strides() == Shape{1});
}

TEST_CASE("an output may be an input") {
    const TensorList<float> a(1, false), b(2, false);
    const Tensors squares = foreach::mul(a.tensors, a.tensors), expected = foreach::addcmul(a.tensors, a.tensors, a.tensors, 2);
    foreach::addcmul_(a.tensors, a.tensors, a.tensors, 2);
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK((elements_of<float>(a.tensors[i]) == elements_of<float>(expected[i])));
    foreach::copy_(b.tensors, b.tensors);
    CHECK(b.is_unchanged());
    foreach::clamp_(b.tensors, b.tensors, b.tensors);
    CHECK(b.is_unchanged());
    CHECK(squares.size() == list_shapes().size());
}

}  // namespace ravine::testing
