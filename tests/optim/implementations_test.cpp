#include "harness.h"

namespace ravine::testing {

TEST_CASE("for_loop, foreach, fused and automatic give the same bits in f32 and f64") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const DType dtype : {DType::f32, DType::f64}) {
            const Value expected = run(name, options, Implementation::for_loop, small_shapes(), dtype);
            CHECK(run(name, options, Implementation::foreach, small_shapes(), dtype) == expected);
            CHECK(run(name, options, Implementation::fused, small_shapes(), dtype) == expected);
            CHECK(run(name, options, Implementation::automatic, small_shapes(), dtype) == expected);
        }
    });
}

TEST_CASE("for_loop and foreach give the same bits in bf16 and f16, automatic those of fused") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const DType dtype : {DType::bf16, DType::f16}) {
            const Value expected = run(name, options, Implementation::for_loop, small_shapes(), dtype);
            CHECK(run(name, options, Implementation::foreach, small_shapes(), dtype) == expected);
            const Value fused = run(name, options, Implementation::fused, small_shapes(), dtype);
            CHECK(run(name, options, Implementation::automatic, small_shapes(), dtype) == fused);
        }
    });
}

namespace {

/// Everything floating-point in a tree in another dtype.
Value converted(const Value& value, DType dtype) {
    if (const Tensor* tensor = value.get_if<Tensor>()) return tensor->dim() == 0 ? value : Value(tensor->to(dtype));
    if (const List* list = value.get_if<List>()) {
        List result;
        for (const Value& item : list->items) result.items.push_back(converted(item, dtype));
        return result;
    }
    const Dict* dict = value.get_if<Dict>();
    if (dict == nullptr) return value;
    Dict result;
    for (const auto& [key, item] : *dict) result.set(key, converted(item, dtype));
    return result;
}

}  // namespace

TEST_CASE("a fused step in a half type is the step in f32, rounded once per stored tensor") {
    std::vector<Shape> shapes = small_shapes();
    std::erase(shapes, Shape{});  // so that of all 0-d tensors only `step` is left
    for_each_configuration([&](std::string_view name, const Dict& options) {
        for (const DType half : {DType::bf16, DType::f16}) {
            const Parameters parameters = make_parameters(shapes, half);
            Optimizer optimizer = optim::make(name, parameters, options);
            // So that no state starts with another number than its rounded one.
            optimizer.set_found_inf(scalar_tensor(1, DType::f32));
            backward(parameters, 1);
            optimizer.step();
            optimizer.set_found_inf(Tensor());
            for (int step = 1; step <= 3; ++step) {
                Parameters wide;
                for (const Parameter& parameter : parameters) wide.emplace_back(parameter.data().to(DType::f32));
                Optimizer wide_optimizer = optim::make(name, wide, options);
                wide_optimizer.load_state_dict(converted(optimizer.state_dict(), DType::f32));
                backward(parameters, step);
                for (std::size_t i = 0; i < wide.size(); ++i) wide[i].set_grad(parameters[i].grad().to(DType::f32));
                optimizer.step();
                wide_optimizer.step();
                CHECK(snapshot(optimizer, parameters) == converted(snapshot(wide_optimizer, wide), half));
            }
        }
    });
}

TEST_CASE("the number of threads changes no bit") {
    ThreadExecutor two(2), four(4);
    SerialExecutor serial;
    for (const DType dtype : every_dtype) {
        const Parameters start = make_parameters(large_shapes(), dtype);
        std::vector<Tensor> gradients[2];
        for (int step = 0; step < 2; ++step) {
            for (std::size_t i = 0; i < start.size(); ++i) gradients[step].push_back(gradient(start[i], i, step));
        }
        for (const std::string_view name : elementwise_names()) {
            for (const Implementation implementation : every_implementation) {
                CAPTURE(std::string(name));
                CAPTURE(std::string(optim::name(implementation)));
                const auto with = [&](Executor& executor) {
                    Parameters parameters;
                    for (const Parameter& parameter : start) parameters.emplace_back(parameter.data().clone());
                    Optimizer optimizer = optim::make(name, parameters, configurations(name)[2], {.executor = &executor});
                    optimizer.set_implementation(implementation);
                    for (const std::vector<Tensor>& now : gradients) {
                        for (std::size_t i = 0; i < now.size(); ++i) parameters[i].set_grad(now[i]);
                        optimizer.step();
                    }
                    return snapshot(optimizer, parameters);
                };
                const Value expected = with(serial);
                CHECK(with(two) == expected);
                CHECK(with(four) == expected);
            }
        }
    }
}

TEST_CASE("maximizing with a gradient is minimizing with its negative") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const DType dtype : every_dtype) {
            for (const Implementation implementation : every_implementation) {
                if (options.contains("maximize")) continue;
                const Parameters up = make_parameters(small_shapes(), dtype), down = make_parameters(small_shapes(), dtype);
                Optimizer maximizer = optim::make(name, up, options), minimizer = optim::make(name, down, options);
                if (!has_option(maximizer, "maximize")) continue;
                maximizer.param_groups()[0].set("maximize", true);
                maximizer.set_implementation(implementation);
                minimizer.set_implementation(implementation);
                for (int step = 1; step <= 3; ++step) {
                    backward(up, step);
                    for (std::size_t i = 0; i < up.size(); ++i) {
                        const Tensor negative = up[i].grad().to(DType::f64);
                        for (double& number : negative.span<double>()) number = -number;
                        down[i].set_grad(negative.to(dtype));
                    }
                    maximizer.step();
                    minimizer.step();
                }
                CHECK(snapshot(maximizer, up) == snapshot(minimizer, down));
            }
        }
    });
}

TEST_CASE("the order of parameters and their division into groups do not matter") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const Implementation implementation : every_implementation) {
            const Parameters one = make_parameters(small_shapes(), DType::f32), other = make_parameters(small_shapes(), DType::f32);
            Optimizer forwards = optim::make(name, one, options), backwards = optim::make(name, {}, options);
            const auto half = other.rbegin() + 7;
            backwards.add_param_group(Parameters(other.rbegin(), half));
            backwards.add_param_group(Parameters(half, other.rend()));
            forwards.set_implementation(implementation);
            backwards.set_implementation(implementation);
            for (int step = 1; step <= 3; ++step) {
                backward(one, step);
                backward(other, step);
                forwards.step();
                backwards.step();
            }
            CHECK(snapshot(forwards, one) == snapshot(backwards, other));
        }
    });
}

TEST_CASE("a group may mix dtypes") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        Parameters mixed, alone;
        for (const DType dtype : every_dtype) {
            mixed.emplace_back(random_tensor({33}, dtype, 5));
            alone.emplace_back(random_tensor({33}, dtype, 5));
        }
        Optimizer together = optim::make(name, mixed, options);
        std::vector<Optimizer> apart;
        for (const Parameter& parameter : alone) apart.push_back(optim::make(name, {parameter}, options));
        for (int step = 1; step <= 3; ++step) {
            backward(mixed, step);
            backward(alone, step);
            together.step();
            for (Optimizer& optimizer : apart) optimizer.step();
        }
        for (std::size_t i = 0; i < mixed.size(); ++i) {
            CHECK(snapshot(together, {mixed[i]}) == snapshot(apart[i], {alone[i]}));
        }
    });
}

}  // namespace ravine::testing
