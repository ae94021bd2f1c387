#include "allocations.h"
#include "harness.h"

namespace ravine::testing {

TEST_CASE("allocations are counted") {
    CHECK(allocations_of([] { zeros({100}, DType::f32); }) > 0);
    CHECK(allocations_of([] {}) == 0);
}

TEST_CASE("the hundredth step allocates nothing") {
    ThreadExecutor two(2);
    for (const std::string_view name : elementwise_names()) {
        for (const DType dtype : every_dtype) {
            for (const Implementation implementation : every_implementation) {
                CAPTURE(std::string(name));
                CAPTURE(std::string(optim::name(implementation)));
                std::vector<Shape> shapes = small_shapes();
                shapes.push_back({20'001});  // for both threads
                const Parameters parameters = make_parameters(shapes, dtype);
                Optimizer optimizer = optim::make(name, parameters, configurations(name).back(), {.executor = &two});
                optimizer.set_implementation(implementation);
                backward(parameters, 1);
                for (int step = 1; step < 100; ++step) optimizer.step();
                CHECK(allocations_of([&] { optimizer.step(); }) == 0);
            }
        }
    }
}

TEST_CASE("a step with other options, moved gradients, strided tensors or a closure allocates nothing either") {
    for (const std::string_view name : elementwise_names()) {
        CAPTURE(std::string(name));
        const Tensor buffer = random_tensor({600}, DType::f32, 1), first = random_tensor({200}, DType::f32, 2), second = first.clone();
        const Parameter strided(borrow(static_cast<float*>(buffer.mutable_data()), {200}, {.strides = {3}}), first);
        const Parameter dense(random_tensor({200}, DType::f32, 3), first);
        Optimizer optimizer = optim::make(name, {strided, dense});
        optim::Group& group = optimizer.param_groups()[0];
        for (int step = 0; step < 3; ++step) optimizer.step();
        CHECK(allocations_of([&] {
                  dense.set_grad(second);
                  strided.set_grad(second);
                  optimizer.step([] { return 1.0; });
                  optimizer.zero_grad();
              }) == 0);
        group.set("lr", 0.5);
        CHECK(allocations_of([&] { optimizer.step(); }) == 0);
    }
}

TEST_CASE("hooks that allocate nothing leave a step without allocations, and so do hooks that went") {
    optim::StepHooks unused;
    for (const std::string_view name : elementwise_names()) {
        CAPTURE(std::string(name));
        const Parameters parameters = make_parameters({{200}}, DType::f32);
        Optimizer optimizer = optim::make(name, parameters, {}, {.step_hooks = &unused});
        backward(parameters, 1);
        for (int step = 0; step < 3; ++step) optimizer.step();
        CHECK(allocations_of([&] { optimizer.step(); }) == 0);
        int calls = 0;
        optim::RemovableHandle before = optimizer.register_step_pre_hook([&](auto&&...) { ++calls; });
        optim::RemovableHandle after = optimizer.register_step_post_hook([&](auto&&...) { ++calls; });
        CHECK(allocations_of([&] {
                  optimizer.step();
                  optimizer.step([] { return 1.0; });
              }) == 0);
        CHECK(calls == 4);
        before.remove();
        after.remove();
        CHECK(allocations_of([&] { optimizer.step(); }) == 0);
    }
}

}  // namespace ravine::testing
