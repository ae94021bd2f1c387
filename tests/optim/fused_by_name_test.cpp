// Each public fused function against the class of its name, bit for bit.
#include "harness.h"

#include <ravine/optim/adadelta.h>
#include <ravine/optim/adagrad.h>
#include <ravine/optim/adam.h>
#include <ravine/optim/adamax.h>
#include <ravine/optim/asgd.h>
#include <ravine/optim/describe.h>
#include <ravine/optim/nadam.h>
#include <ravine/optim/radam.h>
#include <ravine/optim/rmsprop.h>
#include <ravine/optim/rprop.h>
#include <ravine/runtime/foreach.h>
#include <ravine/runtime/fused.h>

namespace ravine::testing {
namespace {

using SlotTensors = std::vector<std::vector<Tensor>>;  // a list for each slot of a rule

template <class A, class Rule> SlotTensors fresh_lists(const Parameters& parameters, const typename A::Options& options) {
    SlotTensors lists(Rule::slots);
    for (const Parameter& parameter : parameters) {
        lists[0].push_back(parameter.data().clone());
        lists[1].push_back(parameter.grad());
        for (std::size_t s = 2; s < Rule::slots; ++s) {
            double start = 0;
            if constexpr (requires { A::initial(options, Rule::state[s - 2]); }) start = A::initial(options, Rule::state[s - 2]);
            const Tensor& state = lists[s].emplace_back(zeros_like(parameter.data()));
            foreach::add_({&state, 1}, start);
        }
    }
    return lists;
}

/// Steps a class and `call(lists, terms, switches)` side by side.
template <class A, class Rule, class Call> void compare_with_class(const typename A::Options& options, const Call& call) {
    CAPTURE(std::string(A::name));
    for (const DType dtype : every_dtype) {
        const Parameters parameters = make_parameters({{5}, {3, 4}, {100}, {}}, dtype);
        optim::OptimizerOf<A> optimizer(parameters, options);
        optimizer.set_implementation(Implementation::fused);
        backward(parameters, 1);
        SlotTensors lists = fresh_lists<A, Rule>(parameters, options);
        kernels::scalars_of<Rule> scalars{};
        if constexpr (kernels::scalar_count<Rule> != 0) scalars = Rule::initial(A::hyper(options));
        for (int step = 1; step <= 8; ++step) {
            backward(parameters, step);
            for (std::size_t i = 0; i < parameters.size(); ++i) lists[1][i] = parameters[i].grad();
            auto switches = optim::detail::switches_of<A, Rule>(options, step == 1);
            const auto terms = kernels::make_terms<Rule>(A::hyper(options), step, switches, scalars, Power());
            call(lists, terms, switches);
            optimizer.step();
        }
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            CHECK(Value(lists[0][i]) == Value(parameters[i].data()));
            for (std::size_t s = 2; s < lists.size(); ++s) CHECK(Value(lists[s][i]) == Value(optimizer.state(parameters[i], Rule::state[s - 2])));
        }
    }
}

/// A call with the lists of two states.
template <class Function> auto two_states(Function function) {
    return [function](const SlotTensors& lists, const auto& terms, const auto& switches) { function(lists[0], lists[1], lists[2], lists[3], terms, switches, 1, Context()); };
}
template <class Function> auto one_state(Function function) {
    return [function](const SlotTensors& lists, const auto& terms, const auto& switches) { function(lists[0], lists[1], lists[2], terms, switches, 1, Context()); };
}

}  // namespace

TEST_CASE("the fused functions of classes with one rule make the class's steps") {
    compare_with_class<optim::AdadeltaAlgorithm, kernels::AdadeltaRule>({.weight_decay = 0.1}, two_states(&fused::adadelta));
    compare_with_class<optim::AdagradAlgorithm, kernels::AdagradRule>({.lr_decay = 0.1, .initial_accumulator_value = 0.5}, one_state(&fused::adagrad));
    compare_with_class<optim::AdamaxAlgorithm, kernels::AdamaxRule>({.maximize = true}, two_states(&fused::adamax));
    compare_with_class<optim::ASGDAlgorithm, kernels::ASGDRule>({.lr = 0.1, .t0 = 3}, one_state(&fused::asgd));
    compare_with_class<optim::NAdamAlgorithm, kernels::NAdamRule>({.weight_decay = 0.1, .decoupled_weight_decay = true}, two_states(&fused::nadam));
    compare_with_class<optim::RAdamAlgorithm, kernels::RAdamRule>({.weight_decay = 0.1}, two_states(&fused::radam));
    compare_with_class<optim::RpropAlgorithm, kernels::RpropRule>({.lr = 0.1}, two_states(&fused::rprop));
}

TEST_CASE("fused::rmsprop is centered and has momentum as its lists say") {
    using kernels::RMSpropRule;
    using A = optim::RMSpropAlgorithm;
    const auto call = [](const SlotTensors& l, const std::vector<Tensor>& averages, const std::vector<Tensor>& buffers, const auto& terms, const auto& switches) {
        fused::rmsprop(l[0], l[1], l[2], averages, buffers, terms, switches);
    };
    compare_with_class<A, RMSpropRule<false, false>>({}, [&](const SlotTensors& l, const auto& t, const auto& s) { call(l, {}, {}, t, s); });
    compare_with_class<A, RMSpropRule<true, false>>({.weight_decay = 0.1, .momentum = 0.9}, [&](const SlotTensors& l, const auto& t, const auto& s) { call(l, {}, l[3], t, s); });
    compare_with_class<A, RMSpropRule<false, true>>({.centered = true}, [&](const SlotTensors& l, const auto& t, const auto& s) { call(l, l[3], {}, t, s); });
    compare_with_class<A, RMSpropRule<true, true>>({.momentum = 0.9, .centered = true}, [&](const SlotTensors& l, const auto& t, const auto& s) { call(l, l[4], l[3], t, s); });
}

}  // namespace ravine::testing
