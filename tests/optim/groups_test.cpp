#include "harness.h"

namespace ravine::testing {
namespace {

/// What the callable throws, and whether the optimizer is as it was then.
template <class Error> std::string refusal(Optimizer& optimizer, const std::function<void()>& call) {
    const Value before = optimizer.state_dict().clone();
    const std::string text = message_of<Error>(call);
    CHECK(optimizer.state_dict() == before);
    return text;
}

}  // namespace

TEST_CASE("a group added later has the optimizer's options but for those given") {
    optim::AdamW optimizer(make_parameters({{2}}, DType::f32), {.lr = 0.5, .eps = 0.25});
    auto& group = optimizer.add_param_group(make_parameters({{3}}, DType::f32), {{"weight_decay", 0}, {"lr", 2}});
    CHECK(group.options.lr == 2);
    CHECK(group.options.weight_decay == 0);
    CHECK(group.options.eps == 0.25);
    CHECK(optimizer.param_groups().size() == 2);
    CHECK(&optimizer.param_groups()[1] == &group);
    optimizer.add_param_group({}).options.lr = 7;
    CHECK(optimizer.param_groups()[2].params().empty());
    CHECK(optimizer.param_groups()[0].options.lr == 0.5);
}

TEST_CASE("each group is stepped with its own options") {
    const Parameter slow(zeros({2}, DType::f64), tensor_of({1, -2}, DType::f64)), fast(zeros({1}, DType::f64), tensor_of({4}, DType::f64));
    optim::SGD optimizer({slow}, {.lr = 0.5});
    optimizer.add_param_group({fast}, {{"lr", 8}, {"maximize", true}});
    optimizer.step();
    CHECK(numbers_of(slow.data()) == std::vector{-0.5, 1.0});
    CHECK(numbers_of(fast.data()) == std::vector{32.0});
}

TEST_CASE("a key that is no option can be taken away again, an option cannot") {
    optim::SGD optimizer(make_parameters({{1}}, DType::f32));
    optim::Group& group = optimizer.param_groups()[0];
    const std::vector<std::string> before = group.keys();
    group.set("initial_lr", 0.5);
    CHECK(group.erase("initial_lr"));
    CHECK(group.keys() == before);
    CHECK_FALSE(group.erase("initial_lr"));
    CHECK_FALSE(group.erase("lr"));
    CHECK(group.keys() == before);
}

TEST_CASE("a group stays where it is") {
    optim::SGD optimizer(make_parameters({{1}}, DType::f32));
    auto& first = optimizer.param_groups()[0];
    for (int i = 0; i < 100; ++i) optimizer.add_param_group(make_parameters({{1}}, DType::f32));
    optim::SGD moved = std::move(optimizer);
    CHECK(&moved.param_groups()[0] == &first);
}

TEST_CASE("a parameter in two groups is refused, twice in one is a warning and steps twice") {
    for (const std::string_view name : elementwise_names()) {
        Sink sink;
        const Parameter shared(random_tensor({5}, DType::f32, 1), random_tensor({5}, DType::f32, 2));
        const Parameter alone(random_tensor({5}, DType::f32, 1), random_tensor({5}, DType::f32, 2));
        Optimizer optimizer = optim::make(name, {shared}, {}, {.log = &sink});
        const std::string text = refusal<std::invalid_argument>(optimizer, [&] { optimizer.add_param_group({shared}); });
        CHECK(contains(text, std::string(name) + ": a parameter must be in one group only"));
        CHECK(contains(text, "(group 1)"));

        Optimizer twice = optim::make(name, {alone, alone}, {}, {.log = &sink});
        REQUIRE(sink.codes == std::vector{LogCode::duplicate_parameter});
        optimizer.step();
        optimizer.step();
        twice.step();
        CHECK(snapshot(optimizer, {shared}) == snapshot(twice, {alone}));
    }
}

TEST_CASE("names are for all parameters or for none") {
    const Parameter named("w", zeros({1}, DType::f32)), other("b", zeros({1}, DType::f32)), nameless(zeros({1}, DType::f32));
    CHECK(contains(message_of<std::invalid_argument>([&] { optim::SGD({named, nameless}); }),
                   "SGD: all parameters of a group must have names or none, got 1 of 2"));
    optim::SGD optimizer({named});
    CHECK(contains(refusal<std::invalid_argument>(optimizer, [&] { optimizer.add_param_group({nameless}); }),
                   "SGD: all groups must have named parameters or none"));
    optim::SGD unnamed({nameless});
    CHECK(contains(refusal<std::invalid_argument>(unnamed, [&] { unnamed.add_param_group({named}); }),
                   "SGD: all groups must have named parameters or none"));
    optimizer.add_param_group({other});
    const auto groups = optimizer.state_dict().at("param_groups");
    CHECK(groups.items()[1].at("param_names") == Value(List{"b"}));
    CHECK(optimizer.param_groups()[0].get("param_names") == Value(List{"w"}));
}

TEST_CASE("bad options of a group change nothing") {
    for (const std::string_view name : elementwise_names()) {
        Optimizer optimizer = optim::make(name, make_parameters({{1}}, DType::f32));
        const auto add = [&](const Dict& options) { optimizer.add_param_group(make_parameters({{2}}, DType::f32), options); };
        CHECK(refusal<std::invalid_argument>(optimizer, [&] { add({{"lr", -2}}); }) == std::string(name) + ": lr must be >= 0, got -2 (group 1)");
        CHECK(contains(refusal<std::invalid_argument>(optimizer, [&] { add({{"lr", "x"}}); }), "lr must be a number"));
        CHECK(contains(refusal<std::out_of_range>(optimizer, [&] { add({{"size", 1}}); }), "'size'"));
    }
}

TEST_CASE("a step without any parameter is an error, one without any gradient does nothing") {
    for (const std::string_view name : elementwise_names()) {
        Optimizer empty = optim::make(name, {});
        CHECK(contains(message_of<std::invalid_argument>([&] { empty.step(); }), std::string(name) + ": step must have a parameter"));
        const Parameters parameters = make_parameters({{3}, {}}, DType::f32);
        Optimizer idle = optim::make(name, parameters);
        const Value before = snapshot(idle, parameters);
        idle.step();
        CHECK(snapshot(idle, parameters) == before);
        CHECK(idle.state(parameters[0]).empty() == !has_state_from_start(name));
    }
}

TEST_CASE("a parameter without a gradient is invisible: no state, no step, no decay") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const Implementation implementation : every_implementation) {
            const Parameters parameters = make_parameters({{9}, {9}}, DType::f32), alone = make_parameters({{9}, {9}}, DType::f32);
            Optimizer optimizer = optim::make(name, parameters, options), expected = optim::make(name, {alone[1]}, options);
            optimizer.set_implementation(implementation);
            expected.set_implementation(implementation);
            for (int step = 1; step <= 6; ++step) {
                backward(parameters, step);
                backward(alone, step);
                const bool present = step >= 3 && step != 5;
                if (!present) parameters[1].set_grad(nullptr);
                optimizer.step();
                if (present) expected.step();
                if (step == 2) CHECK(optimizer.state(parameters[1]).empty() == !has_state_from_start(name));
                CHECK(snapshot(optimizer, {parameters[1]}) == snapshot(expected, {alone[1]}));
            }
        }
    });
}

TEST_CASE("zero_grad writes zeros, or forgets the gradients if asked to") {
    for (const std::string_view name : elementwise_names()) {
        const Tensor grad = random_tensor({3, 3}, DType::bf16, 1);
        const Parameter parameter(random_tensor({3, 3}, DType::bf16, 2), grad), without(zeros({2}, DType::f32));
        Optimizer optimizer = optim::make(name, {parameter, without});
        optimizer.zero_grad();
        CHECK(Value(grad) == Value(zeros({3, 3}, DType::bf16)));
        CHECK(parameter.grad().is_same_view(grad));
        optimizer.step();
        parameter.set_grad(random_tensor({3, 3}, DType::bf16, 3));
        const Tensor kept = parameter.grad();
        optimizer.zero_grad(true);
        CHECK_FALSE(parameter.grad().defined());
        CHECK(Value(kept) == Value(random_tensor({3, 3}, DType::bf16, 3)));
        const Value before = snapshot(optimizer, {parameter});
        optimizer.step();
        CHECK(snapshot(optimizer, {parameter}) == before);
    }
}

TEST_CASE("zeroing a read-only gradient is refused before any is zeroed") {
    const Tensor first = random_tensor({2}, DType::f32, 1), second = random_tensor({2}, DType::f32, 2);
    const Parameter writable("w", zeros({2}, DType::f32), first);
    const Parameter fixed("b", zeros({2}, DType::f32), borrow(first.data(), DType::f32, {2}));
    optim::SGD optimizer({writable, fixed});
    CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.zero_grad(); }), "read-only one ('b')"));
    CHECK(Value(first) == Value(random_tensor({2}, DType::f32, 1)));
    optimizer.zero_grad(true);
    CHECK_FALSE(fixed.grad().defined());
}

TEST_CASE("remove_param takes a parameter and its state away") {
    for (const std::string_view name : elementwise_names()) {
        const Parameters parameters = make_parameters({{4}, {5}, {6}}, DType::f32), others = make_parameters({{4}, {5}, {6}}, DType::f32);
        Optimizer optimizer = optim::make(name, parameters), expected = optim::make(name, {others[0], others[2]});
        const Value gone = Value(List{Value(List{parameters[1].data(), Dict()})}).clone();
        for (int step = 1; step <= 4; ++step) {
            backward(parameters, step);
            backward(others, step);
            if (step == 1) optimizer.remove_param(optimizer.param_groups()[0].params()[1]);
            optimizer.step();
            expected.step();
        }
        CHECK(snapshot(optimizer, {parameters[0], parameters[2]}) == snapshot(expected, {others[0], others[2]}));
        CHECK(optimizer.state_dict() == expected.state_dict());
        CHECK(snapshot(optimizer, {parameters[1]}) == gone);
        CHECK(contains(message_of<std::out_of_range>([&] { optimizer.remove_param(parameters[1]); }), "remove_param"));
    }
}

TEST_CASE("a parameter that comes back after remove_param starts afresh") {
    for (const std::string_view name : elementwise_names()) {
        const Parameter parameter(random_tensor({4}, DType::f32, 1), random_tensor({4}, DType::f32, 2));
        Optimizer optimizer = optim::make(name, {parameter}, configurations(name)[2]);
        optimizer.step();
        optimizer.remove_param(parameter);
        CHECK(optimizer.state(parameter).empty());
        optimizer.add_param_group({parameter});
        const Parameter fresh(parameter.data().clone(), parameter.grad());
        Optimizer expected = optim::make(name, {fresh}, configurations(name)[2]);
        optimizer.step();
        expected.step();
        CHECK(snapshot(optimizer, {parameter}) == snapshot(expected, {fresh}));
    }
}

TEST_CASE("a step calls its closure once and returns what it returned; what it throws comes before any write") {
    for (const std::string_view name : elementwise_names()) {
        const Parameters parameters = make_parameters({{4}}, DType::f32);
        Optimizer optimizer = optim::make(name, parameters);
        int calls = 0;
        CHECK(optimizer.step([&] {
            ++calls;
            backward(parameters, 1);
            return 0.75;
        }) == 0.75);
        CHECK(calls == 1);
        const Value before = snapshot(optimizer, parameters);
        CHECK_THROWS_AS(optimizer.step([]() -> double { throw std::range_error("bad batch"); }), std::range_error);
        CHECK(snapshot(optimizer, parameters) == before);
    }
}

}  // namespace ravine::testing
