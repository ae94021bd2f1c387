#include "any_run.h"

#include <ravine/optim/adam.h>
#include <ravine/optim/swap_in.h>

namespace ravine::testing {
namespace {

using optim::swap_in_optimizer_params_and_state;

/// Calls `check` with every class whose parameters have a state each.
template <class Check> void for_each_swappable(const Check& check) {
    for_each_class([&](std::string_view name, const Dict& options) {
        if (!AnyRun(name).is_joint()) check(name, options);
    });
}

}  // namespace

TEST_CASE("while others are swapped in, steps change their parameters, state and counts in place, and nothing else, for every class") {
    for_each_swappable([](std::string_view name, const Dict& options) {
        AnyRun own(name, options), others(name, options), alone(name, options);
        own.step(1);
        for (int step = 2; step <= 3; ++step) {
            others.step(step);
            alone.step(step);
        }
        const Value given = others.optimizer.state_dict().clone();
        const Value before = own.result(), own_state = own.optimizer.state_dict().clone();
        {
            const auto swapped = swap_in_optimizer_params_and_state(own.optimizer, others.parameters, given);
            CHECK(own.optimizer.param_groups()[0].params() == others.parameters);
            CHECK(own.optimizer.state_dict() == given);
            others.backward(4);
            own.optimizer.step();
        }
        alone.step(4);
        for (std::size_t i = 0; i < 3; ++i) CHECK(Value(others.parameters[i].data()) == Value(alone.parameters[i].data()));
        const Value expected = alone.optimizer.state_dict();
        // SparseAdam's count is a plain integer, which nobody can write into.
        if (name != "SparseAdam") CHECK(given.at("state") == expected.at("state"));
        CHECK(own.result() == before);
        CHECK(own.optimizer.state_dict() == own_state);
        AnyRun untouched(name, options);
        untouched.step(1);
        untouched.step(5);
        own.step(5);
        CHECK(own.result() == untouched.result());
    });
}

TEST_CASE("options of the given state hold inside, and changed ones vanish") {
    AnyRun own("Adam"), others("Adam");
    own.step(1);
    others.step(1);
    Value given = others.optimizer.state_dict();
    given.at("param_groups").as<List>().items[0].as<Dict>().set("lr", 0.5);
    optim::Group& group = own.optimizer.param_groups()[0];
    {
        const auto swapped = swap_in_optimizer_params_and_state(own.optimizer, others.parameters, given);
        CHECK(group.number("lr") == 0.5);
        group.set("lr", 0.25);
        group.set("note", 1);
    }
    CHECK(group.number("lr") == 0.001);
    CHECK_FALSE(group.has("note"));
    CHECK(group.params() == own.parameters);
}

TEST_CASE("what was swapped in goes with an exception too") {
    AnyRun own("Adam"), others("Adam");
    own.step(1);
    others.step(2);
    const Value before = own.optimizer.state_dict().clone();
    const auto fail = [&] {
        const auto swapped = swap_in_optimizer_params_and_state(own.optimizer, others.parameters, others.optimizer.state_dict());
        own.optimizer.step();
        throw std::runtime_error("inside");
    };
    CHECK_THROWS_AS(fail(), std::runtime_error);
    CHECK(own.optimizer.state_dict() == before);
}

TEST_CASE("a parameter without a given state starts anew, and surplus parameters are ignored") {
    AnyRun own("Adam"), others("Adam"), fresh("Adam");
    own.step(1);
    Value given = fresh.optimizer.state_dict();
    Parameters more = others.parameters;
    more.push_back(Parameter("more", zeros({2}, DType::f32)));
    {
        const auto swapped = swap_in_optimizer_params_and_state(own.optimizer, more, given);
        others.backward(2);
        own.optimizer.step();
        CHECK(own.optimizer.state(others.parameters[0], "step").item() == 1);
    }
    fresh.step(2);
    CHECK(Value(others.parameters[1].data()) == Value(fresh.parameters[1].data()));
    CHECK(own.optimizer.state(others.parameters[0]).empty());
}

TEST_CASE("what does not fit is refused whole, and nothing is swapped") {
    AnyRun own("Adam"), others("Adam"), lbfgs("LBFGS");
    const Value fresh = own.optimizer.state_dict();
    const auto refused = [&](const Parameters& parameters, const Value& state) {
        const Value before = own.optimizer.state_dict().clone();
        const std::string text = complaint([&] { const auto swapped = swap_in_optimizer_params_and_state(own.optimizer, parameters, state); });
        CHECK(own.optimizer.state_dict() == before);
        CHECK(own.optimizer.param_groups()[0].params() == own.parameters);
        return text;
    };
    CHECK(refused(others.parameters, fresh) ==
          "Adam: swap_in_optimizer_params_and_state must be given parameters and state that fit: the optimizer must have state, got none");
    own.step(1);
    others.step(1);
    const Value good = others.optimizer.state_dict().clone();
    CHECK(contains(refused({others.parameters[0]}, good), "there must be parameters for all groups, got 1 of them"));
    CHECK(contains(refused(others.parameters, Value(3)), "it must be a dict with 'state'"));
    Value keys = good;
    Dict& group = keys.at("param_groups").as<List>().items[0].as<Dict>();
    group.erase("maximize");
    group.set("note", 1);
    keys.at("state").as<Dict>().set(9, Dict());
    keys.at("state").as<Dict>().set("extra", Dict());
    keys.at("state").at(0).as<Dict>().set("exp_avg", zeros({5, 3}, DType::f32));
    const float memory[8] = {};
    keys.at("state").at(1).as<Dict>().set("exp_avg", borrow(memory, {4, 2}));
    const std::string text = refused(others.parameters, keys);
    for (const char* part : {"param_groups[0] must have the keys of the current one, got none of [maximize] and others [note]", "got 9: {}", "got 'extra': {}",
                             "exp_avg must be a float32 tensor of shape (3, 5), got tensor(float32, (5, 3))", "exp_avg must be a tensor that can be written"}) {
        CHECK_MESSAGE(contains(text, part), text << "\n" << std::string(part));
    }
    CHECK(contains(complaint([&] { const auto swapped = swap_in_optimizer_params_and_state(lbfgs.optimizer, lbfgs.parameters, lbfgs.optimizer.state_dict()); }),
                   "the state must be of single parameters, got one of all together"));
}

}  // namespace ravine::testing
