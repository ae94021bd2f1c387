// Averages that move in an optimizer's own step on a device: the bits of the CPU.
#include "../optim/harness.h"
#include "places.h"

#include <ravine/swa/averaged_model.h>

namespace ravine::testing {
namespace {

std::vector<Shape> followed_shapes() {
    std::vector<Shape> shapes = {{}, {0}, {3, 5}, {1023}, {1025}, {5000}};
    for (std::int64_t size = 1; size <= 20; ++size) shapes.push_back({size});
    return shapes;
}

/// A few steps of a model that lies like this, and its averages on the host.
std::vector<Tensor> averages_after(std::string_view name, Implementation implementation, DType dtype, const swa::AveragedModelOptions& how,
                                   bool on_device) {
    const Parameters host = make_parameters(followed_shapes(), dtype);
    const auto lies = [&](const Tensor& tensor, std::size_t i) { return on_device ? place(tensor, every_layout[i % 4]) : tensor; };
    Parameters model;
    for (std::size_t i = 0; i < host.size(); ++i) model.emplace_back(lies(host[i].data(), i));
    Optimizer optimizer = optim::make(name, model);
    optimizer.set_implementation(implementation);
    swa::AveragedModel average(model, how);
    average.follow(optimizer, model);
    for (int step = 1; step <= 3; ++step) {
        for (std::size_t i = 0; i < model.size(); ++i) model[i].set_grad(lies(gradient(host[i], i, step), i));
        optimizer.step();
    }
    std::vector<Tensor> result;
    for (const Parameter& parameter : average.parameters()) result.push_back(parameter.data().to(Device{}));
    for (const Parameter& parameter : model) result.push_back(parameter.data().to(Device{}));
    return result;
}

}  // namespace

TEST_CASE("a step that averages on a device gives the CPU's bits, by every optimizer, implementation and dtype") {
    std::vector<swa::AveragedModelOptions> averages = {swa::ema(0.9), swa::ema(0.9), swa::ema(0.25), {}};
    averages[1].dtype = DType::f32;
    averages[2].dtype = DType::f64;
    for (const std::string_view name : elementwise_names()) {
        for (const DType dtype : every_dtype) {
            for (std::size_t how = 0; how < averages.size(); ++how) {
                const Implementation implementation = every_implementation[how == 0 ? 2 : how - 1];
                CAPTURE(std::string(name));
                CAPTURE(std::string(ravine::name(dtype)));
                CAPTURE(how);
                const auto there = averages_after(name, implementation, dtype, averages[how], true);
                const auto here = averages_after(name, implementation, dtype, averages[how], false);
                int different = 0;
                for (std::size_t i = 0; i < here.size(); ++i) different += !same_bits(there[i], here[i]);
                CHECK(different == 0);
            }
        }
    }
}

TEST_CASE("a step on a device that finds infinities averages like the call after it") {
    const auto run_steps = [](bool follows) {
        const Parameters host = make_parameters({{1500}, {7}}, DType::f32);
        Parameters model;
        for (const Parameter& parameter : host) model.emplace_back(parameter.data().to(gpu));
        Optimizer optimizer = optim::make("AdamW", model);
        swa::AveragedModel average(model, swa::ema(0.5));
        if (follows) average.follow(optimizer, model);
        for (int step = 1; step <= 4; ++step) {
            for (std::size_t i = 0; i < model.size(); ++i) model[i].set_grad(gradient(host[i], i, step).to(gpu));
            optimizer.set_found_inf(tensor_of({step == 3 ? 1.0 : 0.0}, DType::f32).to(gpu));
            optimizer.step();
            if (!follows) average.update_parameters(model);
        }
        return average.parameters()[0].data().to(Device{});
    };
    CHECK(same_bits(run_steps(true), run_steps(false)));
}

TEST_CASE("averages on a device, of integers too, and of a model that lies elsewhere, have the CPU's bits") {
    std::vector<swa::AveragedModelOptions> forms = {{}, swa::ema(0.9)};
    forms.emplace_back().avg_fn = swa::get_ema_avg_fn(0.3);
    const auto averages_of = [](swa::AveragedModelOptions how, Device of_model, Device of_average) {
        const auto numbers = [](int update) { return tensor_of({100.0 + update, -3.0 * update, 7}, DType::f32); };
        const auto counts = [](int update) {
            const Tensor result = zeros({3}, DType::i64);
            for (std::int64_t i = 0; i < 3; ++i) result.span<std::int64_t>()[static_cast<std::size_t>(i)] = update * 11 - 40 * i;
            return result;
        };
        const Parameters model = {Parameter("w", numbers(0).to(of_model))};
        const swa::Buffers buffers = {{"count", counts(0).to(of_model)}};
        how.device = of_average;
        how.buffers = buffers;
        how.use_buffers = true;
        swa::AveragedModel average(model, how);
        for (int update = 1; update <= 4; ++update) {
            model[0].data().copy_(numbers(update));
            buffers[0].data.copy_(counts(update));
            average.update_parameters(model, buffers);
        }
        CHECK(average.parameters()[0].data().device() == of_average);
        return std::vector{average.parameters()[0].data().to(Device{}), average.buffers()[0].data.to(Device{})};
    };
    for (std::size_t form = 0; form < forms.size(); ++form) {
        CAPTURE(form);
        const auto expected = averages_of(forms[form], Device{}, Device{});
        for (const Device of_model : {Device{}, gpu}) {
            for (const Device of_average : {Device{}, gpu}) {
                const auto actual = averages_of(forms[form], of_model, of_average);
                CHECK(same_bits(actual[0], expected[0]));
                CHECK(same_bits(actual[1], expected[1]));
            }
        }
    }
}

}  // namespace ravine::testing
