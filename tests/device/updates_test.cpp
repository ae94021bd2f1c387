// Every optimizer of the registry on a device: the bits are the CPU's.
#include "../optim/harness.h"
#include "host_snapshot.h"
#include "places.h"

#include <ravine/optim/clip_grad.h>
#include <ravine/optim/functional.h>
#include <ravine/runtime/foreach.h>
#include <ravine/runtime/fused.h>
#include <ravine/runtime/file.h>
#include <ravine/swa/averaged_model.h>

#include <unistd.h>

#include <cmath>
#include <filesystem>

namespace ravine::testing {
namespace {

std::vector<Shape> device_shapes() {
    std::vector<Shape> shapes = {{}, {0}, {3, 5}, {2, 3, 4}, {1023}, {1024}, {1025}, {5000}, {33, 127}};
    for (std::int64_t size = 1; size <= 40; ++size) shapes.push_back({size});
    return shapes;
}

/// The layout of everything that belongs to a parameter: packed, alike at an odd address, or each another one.
Layout layout_of(std::size_t parameter, std::size_t tensor) {
    switch (parameter % 3) {
    case 0: return Layout::packed;
    case 1: return Layout::shifted;
    default: return every_layout[(parameter / 3 + tensor) % 4];
    }
}

Parameters placed(const Parameters& parameters, const Context& context) {
    Parameters result;
    for (std::size_t i = 0; i < parameters.size(); ++i) result.emplace_back(place(parameters[i].data(), layout_of(i, 0), context));
    return result;
}

/// `run` of the CPU's tests, on the device.
Value run_there(std::string_view name, const Dict& options, Implementation implementation, const std::vector<Shape>& shapes, DType dtype,
                int steps = 3) {
    const Parameters model = make_parameters(shapes, dtype), parameters = placed(model, {});
    Optimizer optimizer = optim::make(name, parameters, options);
    optimizer.set_implementation(implementation);
    for (int step = 1; step <= steps; ++step) {
        for (std::size_t i = 0; i < model.size(); ++i) parameters[i].set_grad(place(gradient(model[i], i, step), layout_of(i, 1)));
        optimizer.step();
    }
    return host_snapshot(optimizer, parameters);
}

}  // namespace

TEST_CASE("every optimizer, implementation and dtype gives the CPU's bits on a device") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const DType dtype : every_dtype) {
            for (const Implementation implementation : every_implementation) {
                CAPTURE(std::string(ravine::name(dtype)));
                CAPTURE(static_cast<int>(implementation));
                CHECK(run_there(name, options, implementation, device_shapes(), dtype) == run(name, options, implementation, device_shapes(), dtype));
            }
            CHECK(run_there(name, options, Implementation::automatic, device_shapes(), dtype) ==
                  run(name, options, Implementation::fused, device_shapes(), dtype));
        }
    });
}

TEST_CASE("Adafactor gives the CPU's bits on a device, whatever the shape, layout and dtype") {
    const std::vector<Shape> shapes = {{}, {40}, {1, 1}, {3, 5}, {2, 3, 4}, {33, 127}, {5000}, {4100, 2}};
    for (const Dict& options : {Dict{}, Dict{{"lr", 0.3}, {"weight_decay", 0.1}, {"maximize", true}, {"d", 1.5}}}) {
        for (const DType dtype : every_dtype) {
            for (const Implementation implementation : {Implementation::for_loop, Implementation::foreach}) {
                CAPTURE(std::string(ravine::name(dtype)));
                CAPTURE(static_cast<int>(implementation));
                CHECK(run_there("Adafactor", options, implementation, shapes, dtype) == run("Adafactor", options, implementation, shapes, dtype));
            }
        }
    }
}

// Products are the device's own, and round otherwise.
TEST_CASE("LBFGS and Muon go the CPU's way on a device, but for what products round") {
    const auto check_near = [](const Parameters& there, const Parameters& here, double tolerance) {
        for (std::size_t i = 0; i < here.size(); ++i) {
            const Tensor values = there[i].data().to(Device{}).to(DType::f64), expected = here[i].data().to(DType::f64).clone();
            for (std::size_t k = 0; k < expected.span<double>().size(); ++k) {
                CHECK(std::fabs(values.clone().span<double>()[k] - expected.span<double>()[k]) <= tolerance);
            }
        }
    };
    for (const Dict& options : {Dict{{"lr", 0.1}}, Dict{{"line_search_fn", "strong_wolfe"}, {"history_size", 3}}}) {
        const Parameters here = make_parameters({{7}, {3, 5}, {}}, DType::f64), there = placed(here, {});
        Optimizer on_cpu = optim::make("LBFGS", here, options), on_gpu = optim::make("LBFGS", there, options);
        // The sum of squares about 1, and its gradient, by the host.
        const auto closure = [](const Parameters& parameters) {
            return [&parameters] {
                double loss = 0;
                for (const Parameter& parameter : parameters) {
                    const Tensor point = parameter.data().to(Device{}).clone(), slope = empty(point.shape(), DType::f64);
                    for (std::size_t k = 0; k < point.span<double>().size(); ++k) {
                        const double away = point.span<double>()[k] - 1;
                        loss += away * away;
                        slope.span<double>()[k] = 2 * away;
                    }
                    parameter.set_grad(slope.to(parameter.data().device()));
                }
                return loss;
            };
        };
        for (int step = 0; step < 5; ++step) {
            const double loss = on_gpu.step(closure(there)), expected = on_cpu.step(closure(here));
            CHECK(std::fabs(loss - expected) <= 1e-9);
        }
        check_near(there, here, 1e-6);
        CHECK(on_gpu.step(closure(there)) < 0.01);
    }
    for (const DType dtype : {DType::f32, DType::bf16}) {
        const Parameters here = make_parameters({{4, 7}, {7, 4}, {4, 7}, {1, 3}}, dtype), there = placed(here, {});
        Optimizer on_cpu = optim::make("Muon", here), on_gpu = optim::make("Muon", there);
        for (int step = 1; step <= 3; ++step) {
            backward(here, step);
            for (std::size_t i = 0; i < here.size(); ++i) there[i].set_grad(place(here[i].grad(), layout_of(i, 1)));
            on_cpu.step();
            on_gpu.step();
        }
        check_near(there, here, dtype == DType::f32 ? 1e-4 : 1e-2);
    }
}

TEST_CASE("parameters of several dtypes, on the CPU and on a device, step together") {
    for (const std::string_view name : elementwise_names()) {
        Parameters model, mixed;
        for (std::size_t i = 0; i < 12; ++i) {
            model.emplace_back(random_tensor({static_cast<std::int64_t>(50 * i)}, every_dtype[i % 4], i));
            mixed.emplace_back(i % 3 == 0 ? model[i].data().clone() : place(model[i].data(), Layout::packed));
        }
        Optimizer here = optim::make(name, model), there = optim::make(name, mixed);
        for (int step = 1; step <= 3; ++step) {
            backward(model, step);
            for (std::size_t i = 0; i < model.size(); ++i) mixed[i].set_grad(model[i].grad().to(mixed[i].data().device()));
            here.step();
            there.step();
        }
        CHECK(host_snapshot(there, mixed) == host_snapshot(here, model));
    }
}

TEST_CASE("a loss scale divides the gradients and writes them back, wherever it lies") {
    for (const std::string_view name : elementwise_names()) {
        for (const Device where : {Device{}, gpu}) {
            const Parameter here(random_tensor({500}, DType::f32, 1)), there(here.data().to(gpu));
            Optimizer on_cpu = optim::make(name, {here}), on_gpu = optim::make(name, {there});
            here.set_grad(random_tensor({500}, DType::f32, 2));
            there.set_grad(here.grad().to(gpu));
            on_cpu.set_grad_scale(scalar_tensor(3, DType::f32));
            on_gpu.set_grad_scale(scalar_tensor(3, DType::f32).to(where));
            on_cpu.step();
            on_gpu.step();
            CHECK(same_bits(there.data(), here.data()));
            CHECK(same_bits(there.grad(), here.grad()));
        }
    }
}

TEST_CASE("found_inf on a device leaves everything as it was") {
    for (const std::string_view name : elementwise_names()) {
        const Parameter there(random_tensor({500}, DType::f32, 1).to(gpu));
        Optimizer optimizer = optim::make(name, {there});
        there.set_grad(random_tensor({500}, DType::f32, 2).to(gpu));
        const Tensor before = there.data().to(Device{});
        optimizer.set_found_inf(scalar_tensor(2, DType::f32).to(gpu));
        optimizer.step();
        CHECK(same_bits(there.data(), before));
        optimizer.set_found_inf(scalar_tensor(0, DType::f32).to(gpu));
        optimizer.step();
        CHECK_FALSE(same_bits(there.data(), before));
    }
}

TEST_CASE("state goes from a device to the CPU and back, and steps go on as if it had not") {
    for (const std::string_view name : elementwise_names()) {
        const Parameter a(random_tensor({300}, DType::f32, 1).to(gpu)), b(a.data().to(Device{}));
        Optimizer there = optim::make(name, {a}), here = optim::make(name, {b});
        a.set_grad(random_tensor({300}, DType::f32, 2).to(gpu));
        there.step();
        b.data().copy_(a.data());
        here.load_state_dict(there.state_dict());
        for (int step = 0; step < 2; ++step) {
            const Tensor gradient = random_tensor({300}, DType::f32, 3);
            a.set_grad(gradient.to(gpu));
            b.set_grad(gradient);
            there.step();
            here.step();
        }
        CHECK(same_bits(a.data(), b.data()));
        Optimizer back = optim::make(name, {a});
        back.load_state_dict(here.state_dict());
        CHECK(host_snapshot(back, {a}) == host_snapshot(there, {a}));
    }
}

TEST_CASE("state on a device is saved to a file and compared like the host's") {
    const Parameter there(random_tensor({300}, DType::f32, 1).to(gpu), random_tensor({300}, DType::f32, 2).to(gpu));
    optim::AdamW optimizer({there});
    optimizer.step();
    for (const auto suffix : {".safetensors", ".pt"}) {
        const std::string path = (std::filesystem::temp_directory_path() / ("ravine-device-" + std::to_string(getpid()) + suffix)).string();
        save(optimizer.state_dict(), path);
        const Value loaded = load(path);
        std::filesystem::remove(path);
        CHECK(loaded == optimizer.state_dict());
        optim::AdamW other({there});
        other.load_state_dict(loaded);
        CHECK(other.state(there, "exp_avg").device() == gpu);
        CHECK(other.state_dict() == optimizer.state_dict());
    }
}

TEST_CASE("gradients that lie elsewhere in each step are found") {
    const Parameter here(random_tensor({4000}, DType::f32, 1)), there(here.data().to(gpu));
    optim::AdamW on_cpu({here}), on_gpu({there});
    for (int step = 1; step <= 20; ++step) {
        here.set_grad(random_tensor({4000}, DType::f32, static_cast<std::uint64_t>(step)));
        there.set_grad(here.grad().to(gpu));
        on_cpu.step();
        on_gpu.step();
    }
    CHECK(same_bits(there.data(), here.data()));
}

TEST_CASE("a functional form moves a list on several devices, whose numbers stay on the host") {
    for (const optim::Implementation implementation : {optim::Implementation::for_loop, optim::Implementation::foreach, optim::Implementation::fused}) {
        const std::vector<Tensor> params = {random_tensor({70, 30}, DType::bf16, 1), random_tensor({70, 30}, DType::bf16, 1).to(gpu)};
        const std::vector<Tensor> grads = {random_tensor({70, 30}, DType::bf16, 2), random_tensor({70, 30}, DType::bf16, 2).to(gpu)};
        const std::vector<Tensor> exp_avgs = zeros_like(params), exp_avg_sqs = zeros_like(params);
        const std::vector<Tensor> mu_products = {scalar_tensor(1, DType::f32), scalar_tensor(1, DType::f32)};
        const std::vector<Tensor> steps = {scalar_tensor(0, DType::f32), scalar_tensor(0, DType::f32)};
        for (int step = 1; step <= 3; ++step) {
            optim::functional::nadam(params, grads, exp_avgs, exp_avg_sqs, mu_products, steps, {.implementation = implementation});
        }
        CHECK(same_bits(params[1], params[0]));
        CHECK(same_bits(exp_avg_sqs[1], exp_avg_sqs[0]));
        CHECK(steps[1].item() == 3);
        CHECK(mu_products[1].item() == mu_products[0].item());
    }
}

TEST_CASE("the fused functions, clipping, zero_grad and averages work on a device") {
    const Tensor p = random_tensor({70, 30}, DType::f32, 1), g = random_tensor({70, 30}, DType::f32, 2), m = zeros({70, 30}, DType::f32);
    const Tensor p2 = p.to(gpu), g2 = g.to(gpu), m2 = m.to(gpu);
    const kernels::SgdTerms<double> terms{0.1, 0.9, 1, -0.05};
    fused::sgd({&p, 1}, {&g, 1}, {&m, 1}, terms, {{.coupled = true}});
    fused::sgd({&p2, 1}, {&g2, 1}, {&m2, 1}, terms, {{.coupled = true}});
    CHECK(same_bits(p2, p));
    CHECK(same_bits(m2, m));

    const Parameter here(p, g), there(p2, g2);
    optim::SGD on_cpu({here}), on_gpu({there});
    CHECK(on_gpu.clip_grad_norm_(0.5).item() == on_cpu.clip_grad_norm_(0.5).item());
    CHECK(same_bits(g2, g));
    on_gpu.zero_grad();
    CHECK(same_bits(g2, zeros({70, 30}, DType::f32)));

    for (const swa::AveragedModelOptions& averaging : {swa::AveragedModelOptions(), swa::ema(0.9)}) {
        swa::AveragedModel a({here}, averaging), b({there}, averaging);
        for (int i = 0; i < 3; ++i) {
            here.data().copy_(random_tensor({70, 30}, DType::f32, static_cast<std::uint64_t>(20 + i)));
            there.data().copy_(here.data());
            a.update_parameters({here});
            b.update_parameters({there});
        }
        CHECK(same_bits(b.parameters()[0].data(), a.parameters()[0].data()));
    }
}

TEST_CASE("tensors of different devices are refused with both names, before anything changes") {
    const Parameter there(zeros({4}, DType::f32, gpu));
    const std::string text = message_of<std::invalid_argument>([&] { there.set_grad(zeros({4}, DType::f32)); });
    CHECK(text == "Parameter: grad must be on cuda:0, the parameter's device, got cpu");
    CHECK_FALSE(there.grad().defined());
    const Tensor a[] = {zeros({4}, DType::f32, gpu)}, b[] = {zeros({4}, DType::f32)};
    CHECK_THROWS_AS(foreach::add_(a, b), std::invalid_argument);
}

TEST_CASE("rows of state are selected on a device") {
    const Parameter there(random_tensor({3, 2}, DType::f32, 1).to(gpu));
    optim::AdamW optimizer({there});
    there.set_grad(random_tensor({3, 2}, DType::f32, 2).to(gpu));
    optimizer.step();
    const std::vector<double> before = numbers_of(optimizer.state(there, "exp_avg").to(Device{}));
    there.rebind(random_tensor({2, 2}, DType::f32, 3).to(gpu), Tensor());
    optimizer.select_rows({there}, std::vector<std::int64_t>{2, -1});
    const Tensor after = optimizer.state(there, "exp_avg");
    CHECK(after.device() == gpu);
    CHECK(numbers_of(after.to(Device{})) == std::vector<double>{before[4], before[5], 0, 0});
}

}  // namespace ravine::testing
