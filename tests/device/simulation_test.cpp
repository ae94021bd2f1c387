// What only a simulated device shows: what is asked of the driver, and what happens when it refuses.
#include "places.h"
#include "simulated.h"

#include <ravine/optim/adamw.h>
#include <ravine/optim/sgd.h>
#include <ravine/runtime/foreach.h>

namespace ravine::testing {
namespace {

Parameters device_model(std::size_t tensors, std::int64_t size) {
    Parameters model;
    for (std::size_t i = 0; i < tensors; ++i) {
        model.emplace_back(random_tensor({size}, DType::f32, i).to(gpu), random_tensor({size}, DType::f32, 1000 + i).to(gpu));
    }
    synchronize(gpu);
    return model;
}

}  // namespace

TEST_CASE("a fused step is one launch and copies nothing once its table is up; a moved gradient sends up its row") {
    const Parameters model = device_model(100, 64);
    optim::AdamW optimizer(model);
    optimizer.step();
    simulated::reset_counts();
    optimizer.step();
    CHECK(simulated::counts().launches == 1);
    CHECK(simulated::counts().copies == 0);
    CHECK(simulated::counts().waits == 0);
    model[50].set_grad(random_tensor({64}, DType::f32, 7).to(gpu));
    simulated::reset_counts();
    optimizer.step();
    CHECK(simulated::counts().launches == 1);
    CHECK(simulated::counts().copies == 1);
    CHECK(simulated::counts().copied_bytes == 64);
    CHECK(simulated::counts().waits == 0);
}

TEST_CASE("each group and dtype is a launch of its own, and each operation of foreach one over the whole list") {
    const Parameters model = device_model(10, 100);
    optim::SGD optimizer({model.begin(), model.begin() + 5}, {.lr = 0.1});
    optimizer.add_param_group({model.begin() + 5, model.end()}).options.lr = 0.2;
    optimizer.step();
    simulated::reset_counts();
    optimizer.step();
    CHECK(simulated::counts().launches == 2);
    foreach::Tensors list;
    for (const Parameter& parameter : model) list.push_back(parameter.data());
    simulated::reset_counts();
    foreach::mul_(list, 2);
    CHECK(simulated::counts().launches == 1);
    CHECK(simulated::counts().waits == 0);
}

TEST_CASE("steps go on while earlier ones are still in the stream") {
    const Parameters model = device_model(3, 5000);
    const Tensor start = model[0].data().to(Device{});
    optim::AdamW there(model);
    const Parameter here(start);
    optim::AdamW on_cpu({here});
    for (int step = 0; step < 50; ++step) {
        const Tensor gradient = random_tensor({5000}, DType::f32, static_cast<std::uint64_t>(step));
        here.set_grad(gradient);
        model[0].set_grad(gradient.to(gpu));
        simulated::reset_counts();
        there.step();
        CHECK(simulated::counts().waits == 0);
        on_cpu.step();
    }
    CHECK(same_bits(model[0].data(), here.data()));
}

TEST_CASE("a step that lacks memory changes nothing") {
    for (const auto implementation : {optim::Implementation::foreach, optim::Implementation::fused}) {
        const Parameters model = device_model(4, 3000);
        const Tensor before = model[0].data().to(Device{});
        optim::AdamW optimizer(model);
        optimizer.set_implementation(implementation);
        simulated::set_memory(simulated::used_memory() + 1000);
        CHECK_THROWS_AS(optimizer.step(), std::bad_alloc);
        simulated::set_memory(std::size_t{1} << 30);
        CHECK(same_bits(model[0].data(), before));
        CHECK(optimizer.state(model[0]).empty());
        optimizer.step();
        CHECK(optimizer.state(model[0], "step").item() == 1);
    }
}

TEST_CASE("a launch that the driver refuses becomes an exception with its name, and the step is not counted") {
    const Parameters model = device_model(2, 100);
    optim::AdamW optimizer(model);
    for (const auto implementation : {optim::Implementation::foreach, optim::Implementation::fused}) {
        optimizer.set_implementation(implementation);
        simulated::set_failure(700);
        CHECK_THROWS_AS(optimizer.step(), std::runtime_error);
        simulated::set_failure(0);
        CHECK(optimizer.state(model[0]).empty());
    }
    optimizer.step();
    CHECK(optimizer.state(model[0], "step").item() == 1);
}

TEST_CASE("a capture is refused with the reason") {
    const Parameters model = device_model(2, 100);
    optim::AdamW plain(model), capturable(model, {.capturable = true});
    plain.step();
    const auto complaint_of = [](optim::Optimizer& optimizer) {
        simulated::begin_capture();
        const std::string text = message_of<std::exception>([&] { optimizer.step(); });
        CHECK(simulated::end_capture().empty() == !text.empty());
        return text;
    };
    CHECK(complaint_of(plain) == "step: a captured step must have its scalars on the device (capturable), got one whose scalars are the host's");
    CHECK(complaint_of(capturable) ==
          "AdamW: a captured step must follow one that was not captured, with the same parameters, gradients and options, got one that differs (group 0)");
    capturable.step();
    CHECK(complaint_of(capturable) == "");
    capturable.set_grad_scale(scalar_tensor(2, DType::f32));
    CHECK(complaint_of(capturable).ends_with("(capturable), got one whose scalars are the host's"));
    capturable.set_grad_scale(scalar_tensor(2, DType::f32).to(gpu));
    CHECK(complaint_of(capturable) == "");
    capturable.set_grad_scale(Tensor());
    capturable.param_groups()[0].options.lr = 0.5;
    CHECK(complaint_of(capturable) == "step: options must not change while a graph is captured; change them before or after it");
}

TEST_CASE("a step that the device counts is two launches and waits for nothing") {
    const Parameters model = device_model(10, 300);
    optim::AdamW optimizer(model, {.capturable = true}), scaled(model);
    const Tensor found_inf = scalar_tensor(0, DType::f32).to(gpu);
    scaled.set_found_inf(found_inf);
    for (optim::Optimizer* one : {static_cast<optim::Optimizer*>(&optimizer), static_cast<optim::Optimizer*>(&scaled)}) {
        one->step();
        simulated::reset_counts();
        one->step();
        CHECK(simulated::counts().launches == 2);
        CHECK(simulated::counts().copies == 0);
        CHECK(simulated::counts().waits == 0);
    }
}

TEST_CASE("tensors of two devices step together, each in a launch of its own") {
    const Device other{DeviceType::cuda, 1};
    const Parameter a(random_tensor({50}, DType::f32, 1).to(gpu), random_tensor({50}, DType::f32, 2).to(gpu));
    const Parameter b(a.data().to(other), a.grad().to(other)), c(a.data().to(Device{}), a.grad().to(Device{}));
    optim::AdamW optimizer({a, b, c});
    optimizer.step();
    simulated::reset_counts();
    optimizer.step();
    CHECK(simulated::counts().launches == 2);
    CHECK(same_bits(a.data(), c.data()));
    CHECK(same_bits(b.data(), c.data()));
    CHECK(optimizer.state(b, "exp_avg").device() == other);
    CHECK_THROWS_AS((void)borrow(const_cast<void*>(a.data().data()), DType::f32, {50}, {.device = other}), std::invalid_argument);
}

TEST_CASE("norms are as many launches for a thousand tensors as for one, a copy up and, where numbers are wanted, one down") {
    foreach::Tensors many, one = {random_tensor({4097}, DType::f32, 1).to(gpu)};
    for (const Parameter& parameter : device_model(1000, 30)) many.push_back(parameter.data());
    many.push_back(one[0]);
    simulated::reset_counts();
    const foreach::Tensors lying_there = foreach::norm(one);
    const int launches = simulated::counts().launches;
    CHECK(launches == 4);
    CHECK(simulated::counts().copies == 1);
    CHECK(simulated::counts().waits == 0);
    simulated::reset_counts();
    (void)foreach::norms(many);
    CHECK(simulated::counts().launches == launches);
    CHECK(simulated::counts().copies == 2);
    CHECK(simulated::counts().waits == 1);
}

TEST_CASE("clipping on a device waits once, for the norm that it returns") {
    const Parameters model = device_model(50, 300);
    optim::SGD optimizer(model);
    simulated::reset_counts();
    (void)optimizer.clip_grad_norm_(1);
    CHECK(simulated::counts().waits == 1);
}

TEST_CASE("norms are refused in a capture, and a launch that fails becomes an exception") {
    const foreach::Tensors list = {random_tensor({40}, DType::f32, 1).to(gpu)};
    simulated::begin_capture();
    CHECK_THROWS_AS((void)foreach::norm(list), std::runtime_error);
    simulated::end_capture();
    simulated::set_failure(700);
    CHECK_THROWS_AS((void)foreach::norms(list), std::runtime_error);
    simulated::set_failure(0);
    CHECK(foreach::norms(list).size() == 1);
}

TEST_CASE("all device memory is given back") {
    const std::size_t before = simulated::used_memory();
    {
        const Parameters model = device_model(20, 700);
        for (const auto implementation : {optim::Implementation::foreach, optim::Implementation::fused}) {
            optim::AdamW optimizer(model, {.amsgrad = true});
            optimizer.set_implementation(implementation);
            for (int i = 0; i < 3; ++i) optimizer.step();
            (void)optimizer.clip_grad_norm_(1);
        }
    }
    CHECK(simulated::used_memory() == before);
}

}  // namespace ravine::testing
