#include "harness.h"

#include <cmath>

namespace ravine::testing {

TEST_CASE("gradients are divided by grad_scale and written back") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const DType dtype : {DType::f32, DType::f64}) {
            for (const Implementation implementation : every_implementation) {
                const Parameters scaled = make_parameters(small_shapes(), dtype), plain = make_parameters(small_shapes(), dtype);
                Optimizer optimizer = optim::make(name, scaled, options), expected = optim::make(name, plain, options);
                optimizer.set_implementation(implementation);
                optimizer.set_grad_scale(scalar_tensor(3, DType::f32));
                for (int step = 1; step <= 3; ++step) {
                    backward(scaled, step);
                    for (std::size_t i = 0; i < plain.size(); ++i) {
                        const Tensor grad = gradient(plain[i], i, step);
                        if (dtype == DType::f32) {
                            for (float& number : grad.span<float>()) number /= 3;
                        } else {
                            for (double& number : grad.span<double>()) number /= 3;
                        }
                        plain[i].set_grad(grad);
                    }
                    optimizer.step();
                    expected.step();
                    for (std::size_t i = 0; i < plain.size(); ++i) CHECK(Value(scaled[i].grad()) == Value(plain[i].grad()));
                }
                CHECK(snapshot(optimizer, scaled) == snapshot(expected, plain));
                optimizer.set_grad_scale({});
                backward(scaled, 4);
                backward(plain, 4);
                optimizer.step();
                expected.step();
                CHECK(snapshot(optimizer, scaled) == snapshot(expected, plain));
            }
        }
    });
}

TEST_CASE("halves are unscaled in f32 and written back rounded") {
    const Tensor grad = tensor_of({1, 3, 0.7}, DType::bf16);
    const Parameter parameter(zeros({3}, DType::bf16), grad);
    optim::SGD optimizer({parameter});
    optimizer.set_grad_scale(scalar_tensor(0.3, DType::f32));
    const Tensor expected = tensor_of({1, 3, 0.69921875});
    for (float& number : expected.span<float>()) number /= 0.3f;
    optimizer.step();
    CHECK(Value(grad) == Value(expected.to(DType::bf16)));
}

TEST_CASE("a found_inf unequal to 0 skips the step and leaves every bit") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const double found : {1.0, 2.0, 0.5, -1.0, static_cast<double>(INFINITY), static_cast<double>(NAN)}) {
            for (const Implementation implementation : every_implementation) {
                const Parameters parameters = make_parameters(small_shapes(), DType::f32);
                Optimizer optimizer = optim::make(name, parameters, options);
                optimizer.set_implementation(implementation);
                backward(parameters, 1);
                optimizer.step();
                const Value before = snapshot(optimizer, parameters);
                optimizer.set_grad_scale(scalar_tensor(2, DType::f32));
                optimizer.set_found_inf(scalar_tensor(found, DType::f32));
                backward(parameters, 2);
                optimizer.step();
                CHECK(snapshot(optimizer, parameters) == before);
                for (std::size_t i = 0; i < parameters.size(); ++i) {
                    CHECK(Value(parameters[i].grad()) == Value(gradient(parameters[i], i, 2)));
                }
                optimizer.set_found_inf(scalar_tensor(0, DType::f32));
                optimizer.step();
                CHECK_FALSE(snapshot(optimizer, parameters) == before);
            }
        }
    });
}

TEST_CASE("after skipped steps, also the first, an optimizer goes on as if they had not been") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        const Parameters parameters = make_parameters(small_shapes(), DType::f32), others = make_parameters(small_shapes(), DType::f32);
        Optimizer optimizer = optim::make(name, parameters, options), expected = optim::make(name, others, options);
        for (int step = 1; step <= 6; ++step) {
            backward(parameters, step);
            backward(others, step);
            const bool skipped = step == 1 || step == 2 || step == 5;
            optimizer.set_found_inf(scalar_tensor(skipped, DType::f32));
            optimizer.step();
            if (!skipped) expected.step();
        }
        CHECK(snapshot(optimizer, parameters) == snapshot(expected, others));
    });
}

TEST_CASE("a first step that is skipped makes zeros and step 0 where steps are counted, and nothing elsewhere") {
    const Parameter counted(zeros({2}, DType::f32), tensor_of({1, NAN})), uncounted(zeros({2}, DType::f32), tensor_of({1, NAN}));
    optim::Adam adam({counted});
    optim::SGD sgd({uncounted}, {.momentum = 0.9});
    adam.set_found_inf(scalar_tensor(1, DType::f32));
    sgd.set_found_inf(scalar_tensor(1, DType::f32));
    adam.step();
    sgd.step();
    CHECK(Value(adam.state(counted)) == Value(Dict{{"step", scalar_tensor(0, DType::f32)},
                                                   {"exp_avg", zeros({2}, DType::f32)},
                                                   {"exp_avg_sq", zeros({2}, DType::f32)}}));
    CHECK(sgd.state(uncounted).empty());
}

TEST_CASE("a scaler's tensors are borrowed: what the host writes there counts") {
    float found = 1, scale = 4;
    const Parameter parameter(zeros({1}, DType::f32), tensor_of({8}));
    optim::SGD optimizer({parameter}, {.lr = 1});
    optimizer.set_found_inf(borrow(&found, {}));
    optimizer.set_grad_scale(borrow(&scale, {1}));
    optimizer.step();
    CHECK(parameter.data().item() == 0);
    found = 0;
    optimizer.step();
    CHECK(parameter.data().item() == -2);
    scale = 0.5;
    optimizer.step();
    CHECK(parameter.data().item() == -6);
}

TEST_CASE("a scaler's tensors must be float32 with one element, and its gradients writable") {
    const Tensor grad = tensor_of({1, 2});
    const Parameter parameter(zeros({2}, DType::f32), borrow(grad.data(), DType::f32, {2}));
    for (const std::string_view name : elementwise_names()) {
        Optimizer optimizer = optim::make(name, {parameter});
        const std::string text = message_of<std::invalid_argument>([&] { optimizer.set_grad_scale(zeros({2}, DType::f32)); });
        CHECK(text == std::string(name) + ": grad_scale must be a float32 tensor of one element, got tensor(float32, (2,))");
        CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.set_found_inf(zeros({}, DType::f64)); }), "found_inf must be"));
        optimizer.set_grad_scale(scalar_tensor(2, DType::f32));
        CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step(); }), "grad_scale must go with gradients that can be written"));
        CHECK(numbers_of(parameter.data()) == std::vector{0.0, 0.0});
        CHECK(optimizer.state(parameter).empty() == !has_state_from_start(name));
    }
}

}  // namespace ravine::testing
