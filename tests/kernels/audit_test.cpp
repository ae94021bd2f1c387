// Which scalars of an update torch would refuse for a dtype.
#include "harness.h"

#include <ravine/kernels/audit.h>
#include <ravine/kernels/rules/adam.h>
#include <ravine/kernels/rules/rprop.h>
#include <ravine/kernels/rules/sgd.h>

namespace ravine::testing {
namespace {

constexpr double f32_max = std::numeric_limits<float>::max(), f64_max = std::numeric_limits<double>::max(), f16_max = 65504;

template <class Rule> bool fits(const typename Rule::template Terms<double>& terms, double storage, double compute, const typename Rule::Switches& switches = {}) {
    kernels::StepArguments arguments{};
    std::memcpy(arguments.terms, &terms, sizeof terms);
    std::memcpy(arguments.switches, &switches, sizeof switches);
    return kernels::scalars_fit<Rule>(arguments, storage, compute);
}

using kernels::AdamRule, kernels::RpropRule, kernels::SgdRule, kernels::AdamTerms, kernels::RpropTerms, kernels::SgdTerms;

}  // namespace

TEST_CASE("a learning rate that the dtype cannot hold is found") {
    CHECK(fits<SgdRule<false>>({0, 0, 1, -1e38}, f32_max, f32_max));
    CHECK_FALSE(fits<SgdRule<false>>({0, 0, 1, -1e39}, f32_max, f32_max));
    CHECK(fits<SgdRule<false>>({0, 0, 1, -1e39}, f64_max, f64_max));
    CHECK(fits<SgdRule<false>>({0, 0, 1, -65504}, f16_max, f32_max));
    CHECK_FALSE(fits<SgdRule<false>>({0, 0, 1, -65505}, f16_max, f32_max));
}

TEST_CASE("infinity and NaN are let through, as torch does") {
    CHECK(fits<SgdRule<false>>({0, 0, 1, -INFINITY}, f16_max, f32_max));
    CHECK(fits<SgdRule<false>>({0, 0, 1, NAN}, f16_max, f32_max));
}

TEST_CASE("values of addcdiv and weights of lerp need only fit the computing type, and factors nothing") {
    AdamTerms<double> terms{0, 1, 0.1, 0.999, 0.001, 1, 1e-8, -1e6};
    CHECK(fits<AdamRule<false>>(terms, f16_max, f32_max));
    terms.minus_step_size = -1e39;
    CHECK_FALSE(fits<AdamRule<false>>(terms, f16_max, f32_max));
    terms.minus_step_size = -1;
    terms.weight = 1e39;
    CHECK_FALSE(fits<AdamRule<false>>(terms, f16_max, f32_max));
    terms.weight = 0.1;
    terms.one_minus_beta2 = -1e39;
    CHECK_FALSE(fits<AdamRule<false>>(terms, f16_max, f32_max));
    terms.one_minus_beta2 = 0.1;
    terms.keep = 1e39;
    terms.beta2 = 1e39;
    terms.bias2_sqrt = 1e39;
    terms.eps = 1e39;
    CHECK(fits<AdamRule<true>>(terms, f16_max, f32_max));
}

TEST_CASE("a value of elements must fit the tensor's type unless that is a half, a bound always") {
    const RpropTerms<double> large_factor{0.5, 1e39, 1e-6, 50}, large_bound{0.5, 1.2, 1e-6, 1e39};
    CHECK_FALSE(fits<RpropRule>(large_factor, f32_max, f32_max));
    CHECK(fits<RpropRule>(large_factor, f64_max, f64_max));
    CHECK(fits<RpropRule>(large_factor, f16_max, f32_max));  // becomes infinity
    CHECK_FALSE(fits<RpropRule>(large_bound, f32_max, f32_max));
    CHECK_FALSE(fits<RpropRule>(large_bound, f16_max, f32_max));
}

TEST_CASE("a scalar is looked at only where the switches let it be used") {
    const SgdTerms<double> decay{1e39, 0.9, 1, -1};
    CHECK(fits<SgdRule<true>>(decay, f32_max, f32_max));
    CHECK_FALSE(fits<SgdRule<true>>(decay, f32_max, f32_max, {{.coupled = true}, false, false}));
    const SgdTerms<double> dampening{0, 0.9, 1e39, -1};
    CHECK_FALSE(fits<SgdRule<true>>(dampening, f32_max, f32_max));
    CHECK(fits<SgdRule<true>>(dampening, f32_max, f32_max, {{}, true, false}));
    const SgdTerms<double> momentum{0, 1e39, 1, -1};
    CHECK(fits<SgdRule<true>>(momentum, f32_max, f32_max));
    CHECK_FALSE(fits<SgdRule<true>>(momentum, f32_max, f32_max, {{}, false, true}));
}

}  // namespace ravine::testing
