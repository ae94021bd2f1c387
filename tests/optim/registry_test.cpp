#include "harness.h"

#include <cctype>

namespace ravine::testing {

TEST_CASE("names are torch's, sorted, and known to the factory in any case") {
    const auto names = optim::names();
    CHECK(std::is_sorted(names.begin(), names.end()));
    for (const std::string_view name : names) {
        std::string upper, lower;
        for (const char c : name) {
            upper += static_cast<char>(std::toupper(c));
            lower += static_cast<char>(std::tolower(c));
        }
        for (const std::string& spelling : {std::string(name), upper, lower}) {
            CHECK(optim::class_name(spelling) == name);
            CHECK(optim::make(spelling, {some_parameter()}).name() == name);
        }
    }
    for (const char* name : {"SGD", "Adam", "AdamW"}) CHECK(std::find(names.begin(), names.end(), name) != names.end());
}

TEST_CASE("an unknown class is an error that lists the known ones") {
    for (const char* name : {"", "Adan", "Adam ", "Ad\nam"}) {
        const std::string text = message_of<std::out_of_range>([&] { optim::make(name, {Parameter(zeros({1}, DType::f32))}); });
        CHECK(contains(text, "an optimizer must be one of "));
        CHECK(contains(text, "AdamW"));
        CHECK_FALSE(contains(text, "\n"));
        CHECK_THROWS_AS(optim::class_name(name), std::out_of_range);
    }
}

TEST_CASE("the factory makes what the constructor makes") {
    const Parameters one = make_parameters(small_shapes(), DType::f32), other = make_parameters(small_shapes(), DType::f32);
    optim::AdamW constructed(one, {.lr = 0.01, .betas = {0.5, 0.75}, .weight_decay = 0.25, .amsgrad = true});
    Optimizer made = optim::make("adamw", other, {{"lr", 0.01}, {"betas", List{0.5, 0.75}}, {"weight_decay", 0.25}, {"amsgrad", true}});
    CHECK(made.state_dict() == constructed.state_dict());
    backward(one, 1);
    backward(other, 1);
    constructed.step();
    made.step();
    CHECK(snapshot(constructed, one) == snapshot(made, other));
}

TEST_CASE("every elementwise class steps with its defaults, and moves what has a gradient") {
    for (const std::string_view name : elementwise_names()) {
        for (const DType dtype : every_dtype) {
            const Parameters parameters = make_parameters({{100}}, dtype);
            Optimizer optimizer = optim::make(name, parameters);
            const Value before = snapshot(optimizer, parameters);
            backward(parameters, 1);
            optimizer.step();
            CHECK_FALSE(snapshot(optimizer, parameters) == before);
        }
    }
}

TEST_CASE("optimizers of any class can be kept together, and move") {
    std::vector<Optimizer> optimizers;
    std::vector<Parameters> models;
    for (const std::string_view name : elementwise_names()) {
        models.push_back(make_parameters({{5}}, DType::f32));
        optimizers.push_back(optim::make(name, models.back()));
    }
    std::reverse(optimizers.begin(), optimizers.end());
    for (Optimizer& optimizer : optimizers) {
        backward(optimizer.param_groups()[0].params(), 1);
        optimizer.step();
    }
    CHECK(optimizers.front().name() == elementwise_names().back());
}

TEST_CASE("optimizers that share no parameter do not know each other") {
    for (const std::string_view name : elementwise_names()) {
        const Parameters parameters = make_parameters({{5}, {7}}, DType::f32), alone = make_parameters({{5}, {7}}, DType::f32);
        Optimizer first = optim::make(name, {parameters[0]}), second = optim::make(name, {parameters[1]});
        Optimizer expected = optim::make(name, {alone[0]});
        for (int step = 1; step <= 3; ++step) {
            backward(parameters, step);
            backward(alone, step);
            first.step();
            if (step == 2) second.step();
            expected.step();
        }
        CHECK(snapshot(first, {parameters[0]}) == snapshot(expected, {alone[0]}));
    }
}

TEST_CASE("printing shows the class and every option of each group, sorted") {
    const Optimizer optimizer = optim::make("SGD", {Parameter("w", zeros({1}, DType::f32))}, {{"lr", 0.5}, {"momentum", 0.9}});
    CHECK(optimizer.to_string() ==
          "SGD (\nParameter Group 0\n    dampening: 0.0\n    differentiable: False\n    foreach: None\n    fused: None\n    lr: 0.5\n"
          "    maximize: False\n    momentum: 0.9\n    nesterov: False\n    param_names: ['w']\n    weight_decay: 0.0\n)");
    for (const std::string_view name : optim::names()) {
        const std::string text = optim::make(name, {some_parameter()}).to_string();
        CHECK(text.starts_with(std::string(name) + " (\nParameter Group 0\n"));
    }
}

}  // namespace ravine::testing
