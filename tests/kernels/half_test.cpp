#include "harness.h"

#include <ravine/kernels/rules/sgd.h>

namespace ravine::testing {
namespace {

template <class T> std::vector<T> all_patterns() {
    std::vector<T> result;
    for (unsigned bits = 0; bits < 0x10000; ++bits) result.push_back(from_bits<T>(static_cast<std::uint16_t>(bits)));
    return result;
}

/// Floats around every value of the format and every middle between two, and any bits.
template <class T> std::vector<float> floats_around() {
    std::vector<float> result = assorted_values<float>(20'000, 1);
    for (const T pattern : all_patterns<T>()) {
        const float value = decode(pattern), next = decode(from_bits<T>(static_cast<std::uint16_t>(pattern.bits + 1)));
        if (!std::isfinite(value) || !std::isfinite(next)) continue;
        const auto middle = static_cast<float>((static_cast<double>(value) + static_cast<double>(next)) / 2);
        for (const float centre : {value, middle}) {
            for (const float at : {centre, std::nextafter(centre, -INFINITY), std::nextafter(centre, INFINITY)}) result.push_back(at);
        }
    }
    return result;
}

template <class T> void check_widening() {
    std::size_t wrong = 0;
    for (const T pattern : all_patterns<T>()) {
        const float got = kernels::widen(pattern);
        wrong += !same(got, decode(pattern));
    }
    CHECK(wrong == 0);
}

template <class T> void check_narrowing() {
    std::size_t wrong = 0;
    for (const float value : floats_around<T>()) wrong += !same(kernels::storage_traits<T>::narrow(value), encode<T>(value));
    CHECK(wrong == 0);
}

/// Loads and stores of whole registers, pairs and tails: 40 elements hold all of them.
template <class T> void check_register_stores() {
    constexpr std::size_t count = 40;
    std::size_t wrong_round = 0, wrong_store = 0;
    std::vector<T> out(count), ones(count, encode<T>(1)), zeros(count, encode<T>(0));
    for (const float value : floats_around<T>()) {
        const T expected = encode<T>(value), sum = encode<T>(std::fma(1.0f, value, 0.0f));
        // Rounded as a term, then stored.
        run_pass<T>(Pass::Fill, out.data(), {}, count, static_cast<double>(value));
        for (const T element : out) wrong_round += !same(element, expected);
        // Rounded by the store alone: fma(1, value, 0). The sign of a zero is the sum's.
        kernels::StepArguments arguments{};
        const kernels::SgdTerms<double> terms{0, 0, 0, static_cast<double>(value)};
        std::memcpy(arguments.terms, &terms, sizeof terms);
        std::vector<T> param = zeros;
        run<T>(fused_kernels<kernels::SGD, T>()[0], {param.data(), ones.data()}, count, arguments);
        for (const T element : param) wrong_store += !same(element, sum);
    }
    CHECK(wrong_round == 0);
    CHECK(wrong_store == 0);
}

template <class T> void check_copies() {
    const std::vector<T> all = all_patterns<T>();
    std::vector<T> out(all.size());
    run_pass<T>(Pass::Copy, out.data(), {all.data()}, all.size());
    CHECK(difference(out.data(), all.data(), all.size()) == "");
}

}  // namespace

TEST_CASE("every pattern of bf16 and f16 widens exactly") {
    check_widening<bf16>();
    check_widening<f16>();
}

TEST_CASE("floats around every bf16 and f16 value and every middle between two round to nearest even") {
    check_narrowing<bf16>();
    check_narrowing<f16>();
}

TEST_CASE("the instruction set's registers round to bf16 and f16 in the same way") {
    check_register_stores<bf16>();
    check_register_stores<f16>();
}

TEST_CASE("every pattern of bf16 and f16 survives a load and a store") {
    check_copies<bf16>();
    check_copies<f16>();
}

}  // namespace ravine::testing
