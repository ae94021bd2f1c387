#include "harness.h"

#include <limits>

namespace ravine::testing {

TEST_CASE("defaults are torch's") {
    const Parameters parameters = make_parameters({{1}}, DType::f32);
    const auto sgd = optim::SGD(parameters).state_dict().at("param_groups").items()[0];
    CHECK(sgd == Value(Dict{{"lr", 1e-3}, {"momentum", 0.0}, {"dampening", 0.0}, {"weight_decay", 0.0}, {"nesterov", false},
                            {"maximize", false}, {"foreach", nullptr}, {"differentiable", false}, {"fused", nullptr}, {"params", List{0}}}));
    const auto adam = optim::Adam(parameters).state_dict().at("param_groups").items()[0];
    CHECK(adam == Value(Dict{{"lr", 1e-3}, {"betas", Tuple{0.9, 0.999}}, {"eps", 1e-8}, {"weight_decay", 0.0}, {"amsgrad", false},
                             {"maximize", false}, {"foreach", nullptr}, {"capturable", false}, {"differentiable", false},
                             {"fused", nullptr}, {"decoupled_weight_decay", false}, {"params", List{0}}}));
    Value adamw = optim::AdamW(parameters).state_dict().at("param_groups").items()[0];
    CHECK(adamw.at("weight_decay") == Value(1e-2));
    CHECK(adamw.at("decoupled_weight_decay") == Value(true));
    adamw.at("weight_decay") = 0.0;
    adamw.at("decoupled_weight_decay") = false;
    CHECK(adamw == adam);
}

TEST_CASE("AdamW's decay is always decoupled") {
    CHECK(option_complaint("AdamW", {{"decoupled_weight_decay", false}}) == "AdamW: decoupled_weight_decay must be True, got False");
    CHECK(option_complaint("AdamW", {{"decoupled_weight_decay", true}}).empty());
}

TEST_CASE("constructors check like the factory") {
    const Parameters parameters = make_parameters({{1}}, DType::f32);
    CHECK(message_of<std::invalid_argument>([&] { optim::AdamW(parameters, {.lr = -1}); }) == "AdamW: lr must be >= 0, got -1");
    CHECK_THROWS_AS(optim::AdamW({}, {.lr = -1}), std::invalid_argument);
    CHECK_THROWS_AS(optim::SGD(parameters, {.nesterov = true}), std::invalid_argument);
}

TEST_CASE("values of the wrong kind are refused by name") {
    for (const std::string_view name : elementwise_names()) {
        CHECK(contains(option_complaint(name, {{"lr", "fast"}}), std::string(name) + ": lr must be a number, got 'fast'"));
        CHECK(contains(option_complaint(name, {{"lr", nullptr}}), "lr must be a number, got None"));
        CHECK(contains(option_complaint(name, {{"lr", true}}), "lr must be a number, got True"));
        CHECK(contains(option_complaint(name, {{"maximize", 1}}), "maximize must be a bool, got 1"));
        CHECK(contains(option_complaint(name, {{"foreach", "yes"}}), "foreach must be a bool or None"));
    }
    CHECK(contains(option_complaint("Adam", {{"betas", 0.9}}), "Adam: betas must be two floats, got 0.9"));
    CHECK(contains(option_complaint("Adam", {{"betas", Tuple{0.9}}}), "Adam: betas must be two floats"));
    CHECK(contains(option_complaint("Adam", {{"betas", Tuple{0.9, 0.9, 0.9}}}), "Adam: betas must be two floats"));
    CHECK(contains(option_complaint("Adam", {{"betas", Tuple{0, 0.9}}}), "Adam: betas must be two floats"));
}

TEST_CASE("an unknown option lists the known ones") {
    for (const std::string_view name : elementwise_names()) {
        const std::string text =
            message_of<std::out_of_range>([&] { optim::make(name, {Parameter(zeros({1}, DType::f32))}, {{"learning_rate", 1}}); });
        CHECK(contains(text, "learning_rate"));
        CHECK(contains(text, "lr, "));
    }
}

TEST_CASE("torch's flags choose the implementation, and contradict one another as in torch") {
    const auto implementation = [](const Dict& flags) {
        const Optimizer optimizer = optim::make("AdamW", {Parameter(zeros({1}, DType::f32))}, flags);
        return static_cast<optim::AdamW::TypedGroup&>(*optimizer.group_set()->groups[0]).options.implementation;
    };
    CHECK(implementation({}) == Implementation::automatic);
    CHECK(implementation({{"foreach", nullptr}, {"fused", nullptr}}) == Implementation::automatic);
    CHECK(implementation({{"foreach", true}}) == Implementation::foreach);
    CHECK(implementation({{"fused", true}}) == Implementation::fused);
    CHECK(implementation({{"foreach", false}}) == Implementation::for_loop);
    CHECK(implementation({{"fused", false}}) == Implementation::for_loop);
    for (const std::string_view name : elementwise_names()) {
        if (!optim::make(name, {}).defaults().contains("fused")) continue;
        const Dict both = {{"foreach", true}, {"fused", true}};
        CHECK(option_complaint(name, both) == std::string(name) + ": fused and foreach must not be True together");
    }
}

TEST_CASE("differentiable goes with for_loop, with foreach in SGD only, and with fused nowhere") {
    for (const std::string_view name : elementwise_names()) {
        const auto with = [&](const char* flag) { return option_complaint(name, {{flag, true}, {"differentiable", true}}); };
        const std::string must = " and differentiable must not be True together";
        if (name == "SGD") CHECK(with("foreach").empty());
        else CHECK(with("foreach") == std::string(name) + ": foreach" + must);
        if (optim::make(name, {}).defaults().contains("fused")) CHECK(with("fused") == std::string(name) + ": fused" + must);
        CHECK(option_complaint(name, {{"foreach", false}, {"differentiable", true}}).empty());
        CHECK(option_complaint(name, {{"differentiable", true}}).empty());
    }
}

TEST_CASE("every implementation is shown under torch's flags and comes back from them") {
    for (const Implementation chosen : {Implementation::automatic, Implementation::for_loop, Implementation::foreach, Implementation::fused}) {
        optim::AdamW source(make_parameters({{1}}, DType::f32), {.implementation = chosen});
        optim::AdamW target(make_parameters({{1}}, DType::f32), {.implementation = Implementation::fused});
        target.load_state_dict(source.state_dict());
        CHECK(target.param_groups()[0].options.implementation == chosen);
        CHECK(optim::implementation_from_name(optim::name(chosen)) == chosen);
    }
    CHECK_THROWS_AS(optim::implementation_from_name("slow"), std::invalid_argument);
}

TEST_CASE("options may change at any time and are checked at the next step, before its first write") {
    for (const std::string_view name : elementwise_names()) {
        const Parameters parameters = make_parameters({{9}, {3}}, DType::f32);
        Optimizer optimizer = optim::make(name, {parameters[0]});
        if (!has_option(optimizer, "weight_decay")) continue;
        optim::Group& second = optimizer.add_param_group({parameters[1]});
        backward(parameters, 1);
        optimizer.step();
        const Value before = snapshot(optimizer, parameters);
        second.set("weight_decay", -1);
        const std::string text = message_of<std::invalid_argument>([&] { optimizer.step(); });
        CHECK(text == std::string(name) + ": weight_decay must be >= 0, got -1 (group 1)");
        CHECK(snapshot(optimizer, parameters) == before);
        second.set("weight_decay", 0.25);
        CHECK(second.number("weight_decay") == 0.25);
        optimizer.step();
        CHECK_FALSE(snapshot(optimizer, parameters) == before);
    }
}

TEST_CASE("a negative lr, on which schedules may end, is stepped with and loaded as in torch") {
    for (const std::string_view name : elementwise_names()) {
        const Parameters parameters = make_parameters({{9}}, DType::f32);
        Optimizer optimizer = optim::make(name, parameters), other = optim::make(name, make_parameters({{9}}, DType::f32));
        backward(parameters, 1);
        optimizer.param_groups()[0].set("lr", -6.9e-18);
        optimizer.step();
        other.load_state_dict(optimizer.state_dict());
        CHECK(other.param_groups()[0].number("lr") == -6.9e-18);
    }
}

TEST_CASE("a negative lr moves a parameter the other way") {
    const Parameter parameter(zeros({1}, DType::f64), tensor_of({4}, DType::f64));
    optim::SGD optimizer({parameter});
    optimizer.param_groups()[0].options.lr = -0.5;
    optimizer.step();
    CHECK(parameter.data().item() == 2);
}

TEST_CASE("a scalar that the parameter's type cannot hold is refused before the first write, as in torch") {
    for (const std::string_view name : elementwise_names()) {
        if (name == "ASGD" || name == "RAdam") continue;  // where lr is only a factor, it becomes infinity
        const Parameters parameters = make_parameters({{9}}, DType::f32);
        Optimizer optimizer = optim::make(name, parameters, {{"lr", 1e39}});
        backward(parameters, 1);
        const Value before = snapshot(optimizer, parameters);
        CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step(); }), "float32 without overflow"));
        CHECK(snapshot(optimizer, parameters) == before);
    }
    const Parameter wide(zeros({3}, DType::f64), tensor_of({1, 2, 3}, DType::f64));
    optim::SGD optimizer({wide}, {.lr = 1e39});
    optimizer.step();
    CHECK(numbers_of(wide.data()) == std::vector{-1e39, -2e39, -3e39});
}

TEST_CASE("a complaint about a scalar that is too large names the option that it is made of, also one of two numbers") {
    const auto text = [](const char* option, const Value& value) {
        const Parameters parameters = make_parameters({{9}}, DType::f32);
        Optimizer optimizer = optim::make("Rprop", parameters, Dict{{option, value}});
        backward(parameters, 1);
        return complaint([&] { optimizer.step(); });
    };
    CHECK(text("etas", Tuple{0.5, 1e39}) == "Rprop: etas must give scalars that are convertible to float32 without overflow, got 1e+39 (group 0)");
    CHECK(text("step_sizes", Tuple{-1e40, 1.0}) == "Rprop: step_sizes must give scalars that are convertible to float32 without overflow, got -1e+40 (group 0)");
    CHECK(text("step_sizes", Tuple{0.0, std::numeric_limits<double>::infinity()}).empty());
}

TEST_CASE("capturable is refused at a step on the CPU") {
    const Parameters parameters = make_parameters({{3}}, DType::f32);
    backward(parameters, 1);
    optim::Adam optimizer(parameters, {.capturable = true});
    const Value before = snapshot(optimizer, parameters);
    CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step(); }), "Adam: capturable must be False"));
    CHECK(snapshot(optimizer, parameters) == before);
}

TEST_CASE("a group shows its options by torch's names") {
    optim::Adam optimizer(make_parameters({{1}}, DType::f32), {.lr = 0.5, .betas = {0.25, 0.75}});
    auto& group = optimizer.param_groups()[0];
    CHECK(group.get("betas") == Value(Tuple{0.25, 0.75}));
    CHECK(group.get("amsgrad") == Value(false));
    CHECK(group.number("lr") == 0.5);
    CHECK(group.has("eps"));
    CHECK_FALSE(group.has("momentum"));
    group.set("initial_lr", 3);
    CHECK(group.get("initial_lr") == Value(3));
    CHECK(contains(message_of<std::out_of_range>([&] { group.get("momentum"); }), "'momentum'"));
    CHECK_THROWS_AS(group.number("betas"), std::invalid_argument);
    CHECK_THROWS_AS(group.set("betas", 3), std::invalid_argument);
    CHECK(group.get("betas") == Value(Tuple{0.25, 0.75}));
}

TEST_CASE("a number may be given as a tensor of one element, and is a number from then on") {
    for (const std::string_view name : elementwise_names()) {
        for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1}}) {
            const Tensor lr = tensor_of({0.25}).view(shape);
            Optimizer optimizer = optim::make(name, {some_parameter()}, {{"lr", lr}});
            CHECK(optimizer.param_groups()[0].get("lr") == Value(0.25));
            CHECK(optimizer.state_dict() == optim::make(name, {some_parameter()}, {{"lr", 0.25}}).state_dict());
        }
        CHECK(contains(option_complaint(name, {{"lr", tensor_of({1, 2})}}), "lr must be a number, got tensor(float32, (2,))"));
        CHECK(contains(option_complaint(name, {{"lr", zeros({}, DType::i64)}}), "lr must be a number"));
        CHECK(contains(option_complaint(name, {{"lr", tensor_of({-1})}}), "lr must be >= 0, got -1"));
    }
    const Dict betas = {{"betas", Tuple{tensor_of({0.5}), tensor_of({0.75}, DType::f64).view({})}}};
    CHECK(optim::make("AdamW", {some_parameter()}, betas).param_groups()[0].get("betas") == Value(Tuple{0.5, 0.75}));
}

TEST_CASE("a state dict whose lr is a tensor is loaded by its value") {
    const Parameter parameter = some_parameter();
    Optimizer optimizer = optim::make("Adam", {parameter});
    Value state = optimizer.state_dict().clone();
    state.at("param_groups").as<List>().items[0].as<Dict>().set("lr", tensor_of({0.5}));
    optimizer.load_state_dict(state);
    CHECK(optimizer.param_groups()[0].get("lr") == Value(0.5));
}

}  // namespace ravine::testing
