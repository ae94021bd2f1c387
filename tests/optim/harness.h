#pragma once
#include "../complaints.h"
#include "../tensors.h"

#include <ravine/optim/adamw.h>
#include <ravine/optim/sgd.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace ravine::testing {

using optim::Implementation;
using optim::Optimizer;

inline constexpr Implementation every_implementation[] = {Implementation::for_loop, Implementation::foreach, Implementation::fused};
inline constexpr DType every_dtype[] = {DType::f64, DType::f32, DType::bf16, DType::f16};

/// 0-d, empty, every tail of a few vectors, and more than one dimension.
inline std::vector<Shape> small_shapes() {
    std::vector<Shape> shapes = {{}, {0}, {3, 5}, {2, 0, 3}, {2, 3, 4}};
    for (const int size : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 129}) shapes.push_back({size});
    return shapes;
}
/// Enough for several threads, over several tensors and within one.
inline std::vector<Shape> large_shapes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr int scale = 5;  // instrumented kernels take minutes for what follows
#else
    constexpr int scale = 1;
#endif
    std::vector<Shape> shapes(40 / scale, Shape{513});
    shapes.push_back({100'003 / scale});
    shapes.push_back({65 / scale, 1025});
    return shapes;
}

inline Parameters make_parameters(const std::vector<Shape>& shapes, DType dtype, std::uint64_t seed = 1) {
    Parameters result;
    for (const Shape& shape : shapes) result.emplace_back(random_tensor(shape, dtype, seed++));
    return result;
}

/// The gradient of parameter number `index` at a step.
inline Tensor gradient(const Parameter& parameter, std::size_t index, int step) {
    const Tensor& data = parameter.data();
    return random_tensor(data.shape(), data.dtype(), 1000 * (index + 1) + static_cast<std::uint64_t>(step));
}
inline void backward(const Parameters& parameters, int step) {
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].set_grad(gradient(parameters[i], i, step));
}

/// Parameters and state as they are now; equal when all bits are.
inline Value snapshot(const Optimizer& optimizer, const Parameters& parameters) {
    List result;
    for (const Parameter& parameter : parameters) {
        result.items.emplace_back(List{parameter.data(), optimizer.state(parameter)});
    }
    return Value(result).clone();
}

inline bool has_option(const Optimizer& optimizer, std::string_view key) {
    const auto& fields = (*optimizer.group_set()->groups.begin())->fields();
    return std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return field.name == key; });
}

/// Whether parameters have state before their first step.
inline bool has_state_from_start(std::string_view name) {
    const Parameter parameter(zeros({1}, DType::f32));
    return !optim::make(name, {parameter}).state(parameter).empty();
}

/// A parameter that every class takes.
inline Parameter some_parameter() { return Parameter(zeros({1, 1}, DType::f32)); }

/// What a class says to these options; empty if it takes them.
inline std::string option_complaint(std::string_view name, const Dict& options) {
    return complaint([&] { optim::make(name, {some_parameter()}, options); });
}

/// The classes whose implementations are alike and whose parameters may have any shape; the others have tests of their own.
inline std::vector<std::string_view> elementwise_names() {
    std::vector<std::string_view> result = optim::names();
    std::erase_if(result, [](std::string_view name) { return !optim::make(name, {some_parameter()}).traits().elementwise; });
    return result;
}

/// Option sets of a class that together switch on everything that it has, found from its fields.
inline std::vector<Dict> configurations(std::string_view name) {
    const Optimizer optimizer = optim::make(name, {some_parameter()});
    std::vector<Dict> result = {{}, {{"lr", 0.03}}};
    Dict usual;
    if (has_option(optimizer, "weight_decay")) usual.set("weight_decay", 0.1);
    if (has_option(optimizer, "momentum")) usual.set("momentum", 0.9);
    result.push_back(usual);
    if (has_option(optimizer, "betas")) result.push_back({{"betas", Tuple{0.3, 0.7}}});
    if (has_option(optimizer, "dampening")) result.push_back({{"momentum", 0.7}, {"dampening", 0.4}});
    const optim::Group& group = optimizer.param_groups()[0];
    for (const auto& field : group.fields()) {
        const bool is_switch = field.get(group.options_data()).is(Value::Kind::boolean) && field.flag == Implementation::for_loop;
        const bool is_fixed = name == "AdamW" && field.name == "decoupled_weight_decay";
        if (!is_switch || is_fixed || field.name == "capturable" || field.name == "differentiable") continue;
        Dict switched = usual;
        switched.set(field.name, !field.get(group.options_data()).as<bool>());
        result.push_back(switched);
    }
    return result;
}

/// Calls `check` with every elementwise class and every set of options.
template <class Check> void for_each_configuration(const Check& check) {
    for (const std::string_view name : elementwise_names()) {
        for (const Dict& options : configurations(name)) {
            CAPTURE(std::string(name));
            CAPTURE(Value(options).to_string());
            check(name, options);
        }
    }
}

inline std::vector<std::string> keys_of(const Dict& dict) {
    std::vector<std::string> result;
    for (const auto& [key, value] : dict) result.push_back(key.as<std::string>());
    return result;
}

/// A few steps over new parameters, and what they lead to.
inline Value run(std::string_view name, const Dict& options, Implementation implementation, const std::vector<Shape>& shapes,
                 DType dtype, int steps = 3, const Context& context = {}) {
    const Parameters parameters = make_parameters(shapes, dtype);
    Optimizer optimizer = optim::make(name, parameters, options, context);
    optimizer.set_implementation(implementation);
    for (int step = 1; step <= steps; ++step) {
        backward(parameters, step);
        optimizer.step();
    }
    return snapshot(optimizer, parameters);
}

}  // namespace ravine::testing
