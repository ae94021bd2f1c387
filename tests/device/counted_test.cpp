// Steps that a device counts itself: captured in graphs, or skipped without the host's knowing.
#include "../optim/harness.h"
#include "graph.h"
#include "host_snapshot.h"
#include "places.h"

#include <ravine/kernels/step_scalars.h>
#include <ravine/optim/adamw.h>
#include <ravine/optim/sgd.h>
#include <ravine/sched/cosine_annealing_lr.h>

#include <cmath>

namespace ravine::testing {
namespace {

/// Classes that have the option.
std::vector<std::string_view> capturable_names() {
    std::vector<std::string_view> result;
    for (const std::string_view name : elementwise_names()) {
        if (optim::make(name, {}).defaults().contains("capturable")) result.push_back(name);
    }
    return result;
}

Parameters model_on(const Context& context, DType dtype) {
    Parameters model;
    for (std::size_t i = 0; i < 5; ++i) {
        const auto size = static_cast<std::int64_t>(1 + 300 * i);
        model.emplace_back(random_tensor({size}, dtype, i).to(gpu, context), random_tensor({size}, dtype, 50 + i).to(gpu, context));
    }
    return model;
}

/// Whether the elements agree but for the last places of their scalars' powers.
bool almost_equal(const Tensor& a, const Tensor& b) {
    const Tensor left = a.to(Device{}), right = b.to(Device{});
    for (std::int64_t i = 0; i < left.numel(); ++i) {
        const double x = left.span<const double>()[static_cast<std::size_t>(i)], y = right.span<const double>()[static_cast<std::size_t>(i)];
        if (!(std::fabs(x - y) <= 1e-13 * (1 + std::fabs(x)))) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("a captured step is replayed with the learning rate and the count of its time") {
    for (const std::string_view name : capturable_names()) {
        for (const Implementation implementation : every_implementation) {
            for (const DType dtype : {DType::f32, DType::bf16}) {
                CAPTURE(std::string(name));
                const Stream stream(gpu);
                const Context context{.stream = stream.get()};
                const Parameters replayed = model_on(context, dtype), stepped = model_on(context, dtype);
                Dict options{{"capturable", true}};
                if (optim::make(name, {}).defaults().contains("weight_decay")) options.set("weight_decay", 0.01);
                Optimizer a = optim::make(name, replayed, options, context), b = optim::make(name, stepped, options, context);
                a.set_implementation(implementation);
                b.set_implementation(implementation);
                sched::CosineAnnealingLR schedule_a(a, {.T_max = 20}), schedule_b(b, {.T_max = 20});
                a.step();
                b.step();
                Graph::begin(stream.get());
                a.step();
                const Graph graph = Graph::end(stream.get());
                for (int step = 2; step <= 12; ++step) {
                    schedule_a.step();
                    schedule_b.step();
                    graph.launch(stream.get());
                    b.step();
                }
                stream.synchronize();
                CHECK(host_snapshot(a, replayed) == host_snapshot(b, stepped));
                CHECK(a.state(replayed[0], "step").item(context) == 12);
            }
        }
    }
}

TEST_CASE("capturable steps are the CPU's but for the last place of their powers, also where gradients come and go") {
    for (const std::string_view name : capturable_names()) {
        CAPTURE(std::string(name));
        const Parameters here = make_parameters({{3}, {700}, {5, 7}}, DType::f64);
        Parameters there;
        for (const Parameter& parameter : here) there.emplace_back(parameter.data().to(gpu));
        Optimizer on_cpu = optim::make(name, here), on_gpu = optim::make(name, there, {{"capturable", true}});
        for (int step = 1; step <= 40; ++step) {
            for (std::size_t i = 0; i < here.size(); ++i) {
                const bool rests = (static_cast<std::size_t>(step) + i) % 5 == 0;
                here[i].set_grad(rests ? Tensor() : gradient(here[i], i, step));
                there[i].set_grad(rests ? Tensor() : here[i].grad().to(gpu));
            }
            on_cpu.step();
            on_gpu.step();
        }
        for (std::size_t i = 0; i < here.size(); ++i) {
            CHECK(almost_equal(here[i].data(), there[i].data()));
            CHECK(on_gpu.state(there[i], "step").item() == on_cpu.state(here[i], "step").item());
            CHECK(on_gpu.state(there[i], "step").device() == gpu);
        }
    }
}

TEST_CASE("steps that a device skips do not count and change nothing, whatever the implementation") {
    for (const std::string_view name : elementwise_names()) {
        for (const Implementation implementation : every_implementation) {
            CAPTURE(std::string(name));
            const Parameter here(random_tensor({500}, DType::f64, 1)), there(here.data().to(gpu));
            const Dict options = name == "SGD" ? Dict{{"momentum", 0.9}, {"dampening", 0.5}} : Dict{};
            Optimizer on_cpu = optim::make(name, {here}, options), on_gpu = optim::make(name, {there}, options);
            on_cpu.set_implementation(implementation);
            on_gpu.set_implementation(implementation);
            const Tensor found_inf = scalar_tensor(0, DType::f32), device_found_inf = found_inf.to(gpu);
            on_cpu.set_found_inf(found_inf);
            on_gpu.set_found_inf(device_found_inf);
            for (int step = 0; step < 20; ++step) {
                found_inf.span<float>()[0] = step % 3 == 0 ? 2.0f : 0.0f;
                device_found_inf.copy_(found_inf);
                here.set_grad(random_tensor({500}, DType::f64, static_cast<std::uint64_t>(step)));
                there.set_grad(here.grad().to(gpu));
                on_cpu.step();
                on_gpu.step();
                if (step == 0) CHECK(on_gpu.state(there).size() == on_cpu.state(here).size());
            }
            CHECK(almost_equal(here.data(), there.data()));
            for (const auto& [key, value] : on_cpu.state(here)) {
                const Tensor expected = value.as<Tensor>(), got = on_gpu.state(there, key.as<std::string>());
                CHECK(almost_equal(expected.to(DType::f64), got.to(Device{}).to(DType::f64)));
            }
            // From here on the host counts again.
            on_gpu.set_found_inf(Tensor());
            on_cpu.set_found_inf(Tensor());
            on_gpu.step();
            on_cpu.step();
            CHECK(almost_equal(here.data(), there.data()));
        }
    }
}

TEST_CASE("a capturable optimizer goes on from a state_dict, and to one") {
    for (const std::string_view name : capturable_names()) {
        const Parameter here(random_tensor({40}, DType::f64, 1), random_tensor({40}, DType::f64, 2)), there(here.data().to(gpu), here.grad().to(gpu));
        Optimizer on_cpu = optim::make(name, {here}), on_gpu = optim::make(name, {there}, {{"capturable", true}});
        for (int i = 0; i < 3; ++i) on_cpu.step();
        Value state = on_cpu.state_dict();
        state.as<Dict>().at("param_groups").as<List>().items[0].as<Dict>().set("capturable", true);
        there.data().copy_(here.data());
        on_gpu.load_state_dict(state);
        on_cpu.step();
        on_gpu.step();
        CHECK(almost_equal(here.data(), there.data()));
        Value back = on_gpu.state_dict();
        back.as<Dict>().at("param_groups").as<List>().items[0].as<Dict>().set("capturable", false);
        on_cpu.load_state_dict(back);
        CHECK(on_cpu.state(here, "step").item() == 4);
    }
}

TEST_CASE("what a device cannot count is refused") {
    const Parameter here(random_tensor({4}, DType::f32, 1), random_tensor({4}, DType::f32, 2)), there(here.data().to(gpu), here.grad().to(gpu));
    optim::AdamW on_cpu({here}, {.capturable = true}), twice({there, there}, {.capturable = true});
    CHECK(message_of<std::exception>([&] { on_cpu.step(); }) == "AdamW: capturable must be False for parameters on cpu, got True (group 0)");
    CHECK(message_of<std::exception>([&] { twice.step(); }) ==
          "AdamW: a parameter must be in its group once where the device counts steps, got one 2 times (group 0)");
}

TEST_CASE("powers of the device are rounded correctly") {
    const kernels::StepPower power;
    for (const double base : {0.0, 0.5, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9995, 0.9999, 0.123456789}) {
        for (double step = 1; step < 100000; step = std::floor(step * 1.07) + 1) {
            const long double exact = std::pow(static_cast<long double>(base), static_cast<long double>(step));
            if (exact < 1e-290L) break;
            const double got = power(base, step);
            const double ulp = std::nextafter(got, INFINITY) - got;
            CHECK(std::fabs(static_cast<double>(static_cast<long double>(got) - exact)) <= 0.5005 * ulp);
        }
    }
    CHECK(power(0.9, 1e6) == 0);
    CHECK(power(0.0, 3) == 0);
}

}  // namespace ravine::testing
