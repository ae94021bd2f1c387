// The compiled kernels of every rule against plain loops: fused, operation by operation, and as a list.
#include "harness.h"
#include "rule_reference.h"

#include <ravine/kernels/list.h>

namespace ravine::testing {
namespace {

constexpr std::size_t rule_length = 3'003;

template <class T> using Slots = std::vector<std::vector<T>>;

template <class T> Slots<T> make_slots(int slots, bool with_specials) {
    Slots<T> result;
    for (int s = 0; s < slots; ++s) {
        const auto seed = static_cast<std::uint64_t>(100 + s);
        result.push_back(with_specials ? assorted_values<T>(rule_length, seed) : ordinary_values<T>(rule_length, seed));
        if (s >= 3) for (T& value : result.back()) value = encode<T>(std::fabs(decode(value)));
    }
    return result;
}

template <class T> void run_rows(kernels::Kernel* kernel, Slots<T>& slots, const kernels::StepArguments& arguments) {
    kernels::Chunk chunk{};
    for (std::size_t s = 0; s < slots.size(); ++s) chunk.slot[s] = slots[s].data();
    chunk.count = static_cast<long long>(slots.front().size());
    kernel(&chunk, 1, arguments);
}

template <class T> std::string difference_of(const Slots<T>& got, const Slots<T>& expected) {
    for (std::size_t s = 0; s < got.size(); ++s) {
        const std::string found = difference(got[s].data(), expected[s].data(), got[s].size());
        if (!found.empty()) return "slot " + std::to_string(s) + ", " + found;
    }
    return {};
}

/// Applies a reference to every element.
template <class T, class Element> Slots<T> each_element(Slots<T> slots, Element element) {
    for (std::size_t i = 0; i < slots.front().size(); ++i) {
        Compute<T> x[kernels::max_slots] = {};
        for (std::size_t s = 0; s < slots.size(); ++s) x[s] = decode(slots[s][i]);
        element(x);
        for (std::size_t s = 0; s < slots.size(); ++s) slots[s][i] = encode<T>(x[s]);
    }
    return slots;
}

template <class Rule> kernels::StepArguments arguments_of(const typename Rule::template Terms<double>& terms, const typename Rule::Switches& switches, double grad_scale) {
    kernels::StepArguments arguments{};
    std::memcpy(arguments.terms, &terms, sizeof terms);
    std::memcpy(arguments.switches, &switches, sizeof switches);
    arguments.grad_scale = grad_scale;
    return arguments;
}

/// `reference(R, x)` updates one element's slots in place.
template <class T, class Family, class Rule, class Reference>
void check_rule(int index, const typename Rule::template Terms<double>& terms, const typename Rule::Switches& switches, Reference reference) {
    CAPTURE(storage_name<T>());
    CAPTURE(switches.maximize);
    CAPTURE(switches.coupled);
    CAPTURE(switches.unscale);
    constexpr double grad_scale = 1024.3;
    kernels::StepArguments arguments = arguments_of<Rule>(terms, switches, grad_scale);
    const kernels::PassTable passes{pass_kernels<T>(), sizeof(T)};
    arguments.passes = &passes;
    for (const bool with_specials : {false, true}) {
        const Slots<T> before = make_slots<T>(Rule::slots, with_specials);
        Slots<T> fused = before, stepwise = before, list = before;
        run_rows(fused_kernels<Family, T>()[index], fused, arguments);
        CHECK(difference_of(fused, each_element<T>(before, [&](Compute<T>* x) { reference(Rounding<T, false>(), x, grad_scale); })) == "");
        run_rows(stepwise_kernels<Family, T>()[index], stepwise, arguments);
        CHECK(difference_of(stepwise, each_element<T>(before, [&](Compute<T>* x) { reference(Rounding<T, true>(), x, grad_scale); })) == "");
        run_rows(&kernels::list_kernel<Rule>, list, arguments);
        CHECK(difference_of(list, stepwise) == "");
    }
}

std::vector<kernels::Common> common_switches() {
    std::vector<kernels::Common> result;
    for (int bits = 0; bits < 8; ++bits) result.push_back({.maximize = (bits & 1) != 0, .coupled = (bits & 2) != 0, .unscale = (bits & 4) != 0});
    return result;
}

template <class T, bool amsgrad> void check_adam() {
    const kernels::AdamTerms<double> usual{0.1, 1 - 3e-4 * 0.1, 1 - 0.9, 0.999, 1 - 0.999, std::sqrt(1 - std::pow(0.999, 3)), 1e-8, -3e-4 / (1 - std::pow(0.9, 3))};
    const kernels::AdamTerms<double> far{0.3, 1, 1 - 0.3, 0.7, 1 - 0.7, std::sqrt(1 - 0.7), 1e-3, -0.7 / (1 - 0.3)};
    for (const auto& terms : {usual, far}) {
        for (const kernels::Common& switches : common_switches()) {
            check_rule<T, kernels::Adam, kernels::AdamRule<amsgrad>>(amsgrad, terms, switches, [&]<class R>(R, Compute<T>* x, double scale) {
                adam_reference<R, amsgrad>(x, terms, switches, scale);
            });
        }
    }
}

template <class T, bool with_momentum> void check_sgd() {
    const kernels::SgdTerms<double> terms{0.0301, 0.9, 1 - 0.2, -0.0103};
    for (const kernels::Common& common : common_switches()) {
        for (int bits = 0; bits < (with_momentum ? 4 : 1); ++bits) {
            kernels::SgdSwitches switches{common, (bits & 1) != 0, (bits & 2) != 0};
            CAPTURE(switches.first);
            CAPTURE(switches.nesterov);
            check_rule<T, kernels::SGD, kernels::SgdRule<with_momentum>>(with_momentum, terms, switches, [&]<class R>(R, Compute<T>* x, double scale) {
                sgd_reference<R, with_momentum>(x, terms, switches, scale);
            });
        }
    }
}

}  // namespace

TEST_CASE("Adam with every switch is its plain loop, fused, operation by operation and as a list") {
    for_each_storage([]<class T>(T) {
        check_adam<T, false>();
        check_adam<T, true>();
    });
}

TEST_CASE("SGD with every switch is its plain loop, fused, operation by operation and as a list") {
    for_each_storage([]<class T>(T) {
        check_sgd<T, false>();
        check_sgd<T, true>();
    });
}

TEST_CASE("in f32 and f64 fused and operation by operation are one kernel") {
    CHECK((fused_kernels<kernels::Adam, float>()[0] == stepwise_kernels<kernels::Adam, float>()[0]));
    CHECK((fused_kernels<kernels::SGD, double>()[1] == stepwise_kernels<kernels::SGD, double>()[1]));
    CHECK((fused_kernels<kernels::Adam, bf16>()[0] != stepwise_kernels<kernels::Adam, bf16>()[0]));
}

TEST_CASE("a small eps is rounded to the dtype when operations are rounded, so zero gradients in f16 give NaN as in torch") {
    const kernels::AdamTerms<double> terms{0, 1, 0.1, 0.999, 0.001, 0.03, 1e-8, -0.001};
    const kernels::StepArguments arguments = arguments_of<kernels::AdamRule<false>>(terms, {}, 1);
    Slots<f16> slots(4, std::vector<f16>(70, encode<f16>(0)));
    run_rows(stepwise_kernels<kernels::Adam, f16>()[0], slots, arguments);
    for (const f16 value : slots[0]) CHECK(std::isnan(decode(value)));
}

}  // namespace ravine::testing
