// Averages that move in an optimizer's own step: the bits of a step and an update after it.
#include "../optim/harness.h"
#include "allocations.h"

#include <ravine/optim/lbfgs.h>
#include <ravine/optim/swap_in.h>
#include <ravine/swa/averaged_model.h>

namespace ravine::testing {

namespace {

swa::AveragedModelOptions own_function() {
    swa::AveragedModelOptions options;
    options.avg_fn = [](const Tensor&, const Tensor& current, std::int64_t) { return current; };
    return options;
}

/// Every function of averaging.h, one of a user, averages in float32, and averaged buffers.
std::vector<swa::AveragedModelOptions> averages() {
    std::vector<swa::AveragedModelOptions> result = {{}, swa::ema(0.9), swa::ema(0.25), own_function(), swa::ema(0.9)};
    result.emplace_back().avg_fn = swa::get_ema_avg_fn(0.9);
    result.emplace_back().multi_avg_fn = swa::get_swa_multi_avg_fn();
    result[4].dtype = DType::f32;
    result.back().use_buffers = true;
    return result;
}

void set_all(const Tensor& tensor, double number) {
    for (float& element : tensor.span<float>()) element = static_cast<float>(number);
}

/// A model in two layouts, one parameter of which no optimizer has, and a buffer.
struct FollowedModel {
    FollowedModel(const std::vector<Shape>& shapes, DType dtype) : parameters(make_parameters(shapes, dtype)) {
        const Tensor columns = zeros({4, 6}, dtype);
        columns.copy_(random_tensor({4, 6}, dtype, 99));
        parameters.emplace_back(borrow(columns.mutable_data(), dtype, {6, 4}, {.strides = {1, 6}}));
        kept = columns;
        trained.assign(parameters.begin(), parameters.end());
        parameters.emplace_back(random_tensor({5}, dtype, 7));
    }
    void backward(int step) const {
        for (std::size_t i = 0; i < trained.size(); ++i) {
            // One has no gradient now and then, and is averaged all the same.
            const bool rests = i == 1 && step % 2 == 0;
            trained[i].set_grad(rests ? Tensor() : gradient(trained[i], i, step));
        }
    }
    Parameters parameters, trained;
    swa::Buffers buffers = {{"mean", random_tensor({3}, DType::f32, 5)}};
    Tensor kept;
};

Value values_of(const swa::AveragedModel& average, const Parameters& parameters) {
    List result;
    result.items.push_back(average.state_dict());
    for (const Parameter& parameter : parameters) result.items.emplace_back(parameter.data());
    return Value(result).clone();
}

void check_followed(std::string_view name, const Dict& options, Implementation implementation, const std::vector<Shape>& shapes, DType dtype,
                    swa::AveragedModelOptions how, const Context& context = {}, const optim::LoadOptions& load = {}) {
    const FollowedModel apart(shapes, dtype), together(shapes, dtype);
    how.buffers = apart.buffers;
    swa::AveragedModel after(apart.parameters, how, context);
    how.buffers = together.buffers;
    swa::AveragedModel within(together.parameters, how, context);
    Optimizer one = optim::make(name, apart.trained, options, context), other = optim::make(name, together.trained, options, context);
    one.set_implementation(implementation);
    other.set_implementation(implementation);
    for (Optimizer* optimizer : {&one, &other}) optimizer->load_state_dict(optimizer->state_dict(), load);
    within.follow(other, together.parameters, together.buffers);
    for (int step = 1; step <= 4; ++step) {
        apart.backward(step);
        together.backward(step);
        for (const FollowedModel* model : {&apart, &together}) set_all(model->buffers[0].data, step);
        one.step();
        after.update_parameters(apart.parameters, apart.buffers);
        other.step();
    }
    CHECK(values_of(within, together.parameters) == values_of(after, apart.parameters));
    CHECK(within.n_averaged() == 4);
}

}  // namespace

TEST_CASE("a step that averages gives the bits of the step and the update, for every optimizer, dtype and function") {
    for (const std::string_view name : elementwise_names()) {
        for (const DType dtype : every_dtype) {
            for (const swa::AveragedModelOptions& how : averages()) {
                CAPTURE(std::string(name));
                CAPTURE(std::string(ravine::name(dtype)));
                check_followed(name, {}, Implementation::fused, {{}, {9}, {3, 5}, {0}, {70}}, dtype, how);
            }
        }
    }
}

TEST_CASE("averages of 16-bit parameters with float32 state follow, too") {
    for (const DType dtype : {DType::bf16, DType::f16}) {
        for (const swa::AveragedModelOptions& how : averages()) {
            check_followed("AdamW", {}, Implementation::fused, {{}, {9}, {3, 5}, {70}}, dtype, how, {}, {.state_dtype = DType::f32});
        }
    }
}

TEST_CASE("a step that averages does so by every implementation, over few large and many small tensors, on one thread and on several") {
    SerialExecutor serial;
    ThreadExecutor threads(3);
    for (const Implementation implementation : every_implementation) {
        for (Executor* executor : {static_cast<Executor*>(&serial), static_cast<Executor*>(&threads)}) {
            for (const DType dtype : {DType::f32, DType::bf16}) {
                swa::AveragedModelOptions how = swa::ema(0.9);
                how.dtype = DType::f32;
                check_followed("AdamW", {{"amsgrad", true}}, implementation, large_shapes(), dtype, how, {.executor = executor});
            }
        }
    }
}

TEST_CASE("an average follows optimizers that are not elementwise, too") {
    check_followed("Adafactor", {{"lr", 0.1}}, Implementation::for_loop, {{3, 5}, {7}}, DType::f32, swa::ema(0.9));
    const Parameters here = make_parameters({{3}}, DType::f64), there = make_parameters({{3}}, DType::f64);
    optim::LBFGS one(here, {.lr = 0.1}), other(there, {.lr = 0.1});
    swa::AveragedModel after(here), within(there);
    within.follow(other, there);
    for (int step = 1; step <= 3; ++step) {
        const auto closure = [step](const Parameters& parameters) {
            return [&parameters, step] {
                backward(parameters, step);
                return 1.0;
            };
        };
        one.step(closure(here));
        after.update_parameters(here);
        other.step(closure(there));
    }
    CHECK(values_of(within, there) == values_of(after, here));
}

TEST_CASE("what a step does not update is averaged with it: parameters that are stepped twice, rows of sparse gradients") {
    const Tensor rows = zeros({1, 2}, DType::i64);
    rows.span<std::int64_t>()[1] = 2;
    const auto run_steps = [&](bool follows) {
        const Parameters model = make_parameters({{4, 2}, {5}}, DType::f32);
        const Parameters twice = {model[0], model[1], model[1]};
        Optimizer optimizer = optim::make("Adagrad", twice, {{"lr", 0.1}});
        swa::AveragedModel average(model, swa::ema(0.5));
        if (follows) average.follow(optimizer, model);
        for (int step = 1; step <= 3; ++step) {
            model[0].set_sparse_grad(SparseTensor(rows, gradient(Parameter(zeros({2, 2}, DType::f32)), 0, step), {4, 2}));
            model[1].set_grad(gradient(model[1], 1, step));
            optimizer.step();
            if (!follows) average.update_parameters(model);
        }
        return values_of(average, model);
    };
    CHECK(run_steps(true) == run_steps(false));
}

TEST_CASE("a step that a gradient scaler skips averages like the call after it") {
    const auto run_steps = [](bool follows) {
        const Parameters model = make_parameters({{40}}, DType::f32);
        optim::AdamW optimizer(model);
        const Tensor found_inf = zeros({1}, DType::f32);
        optimizer.set_found_inf(found_inf);
        swa::AveragedModel average(model);
        if (follows) average.follow(optimizer, model);
        for (int step = 1; step <= 5; ++step) {
            backward(model, step);
            set_all(found_inf, step % 2);
            optimizer.step();
            if (!follows) average.update_parameters(model);
        }
        return values_of(average, model);
    };
    CHECK(run_steps(true) == run_steps(false));
}

TEST_CASE("averaging ends with unfollow, with another follower, and with the averages; the optimizer goes on") {
    const Parameters model = make_parameters({{40}}, DType::f32), alone = make_parameters({{40}}, DType::f32);
    optim::AdamW optimizer(model), other(alone);
    swa::AveragedModel first(model, swa::ema(0.5));
    {
        swa::AveragedModel second(model, swa::ema(0.5));
        first.follow(optimizer, model);
        for (int step = 1; step <= 8; ++step) {
            if (step == 3) second.follow(optimizer, model);
            if (step == 5) second.unfollow();
            if (step == 7) second.follow(optimizer, model);
            backward(model, step);
            backward(alone, step);
            optimizer.step();
            other.step();
        }
        CHECK(first.n_averaged() == 2);
        CHECK(second.n_averaged() == 4);
        swa::AveragedModel moved = std::move(second);
        backward(model, 9);
        backward(alone, 9);
        optimizer.step();
        other.step();
        CHECK(moved.n_averaged() == 5);
    }
    backward(model, 10);
    backward(alone, 10);
    optimizer.step();
    other.step();
    CHECK(snapshot(optimizer, model) == snapshot(other, alone));
}

TEST_CASE("the optimizer may end before the average") {
    const Parameters model = make_parameters({{4}}, DType::f32);
    swa::AveragedModel average(model);
    {
        optim::AdamW optimizer(model);
        average.follow(optimizer, model);
    }
    average.update_parameters(model);
    CHECK(average.n_averaged() == 1);
}

TEST_CASE("a model that no longer fits its average is an error of the step, which changes nothing") {
    const Parameters model = make_parameters({{4, 2}, {3}}, DType::f32);
    optim::SGD optimizer(model);
    swa::AveragedModel average(model);
    CHECK(contains(complaint([&] { average.follow(optimizer, {model[0]}); }), "AveragedModel: the model must have 2 parameters, got 1"));
    average.follow(optimizer, model);
    backward(model, 1);
    optimizer.step();
    const Tensor grown = random_tensor({5, 2}, DType::f32, 3);
    model[0].rebind(grown, random_tensor({5, 2}, DType::f32, 4));
    const Value before = values_of(average, model);
    const std::string text = complaint([&] { optimizer.step(); });
    CAPTURE(text);
    CHECK(contains(text, "AveragedModel: parameter 0 must be a float32 tensor of shape (4, 2), got "));
    CHECK(values_of(average, model) == before);
    CHECK(average.n_averaged() == 1);
}

TEST_CASE("gradients and parameters that move in memory take their averages along") {
    const auto run_steps = [](bool follows) {
        const Parameters model = make_parameters({{20'000}, {7}}, DType::f32);
        optim::AdamW optimizer(model);
        swa::AveragedModel average(model, swa::ema(0.9));
        if (follows) average.follow(optimizer, model);
        for (int step = 1; step <= 4; ++step) {
            if (step == 3) model[0].rebind(model[0].data().clone());
            backward(model, step);
            optimizer.step();
            if (!follows) average.update_parameters(model);
        }
        return values_of(average, model);
    };
    CHECK(run_steps(true) == run_steps(false));
}

TEST_CASE("hooks of a step stand around the average that follows it") {
    const Parameters model = make_parameters({{4, 2}, {3}}, DType::f32);
    optim::AdamW optimizer(model);
    swa::AveragedModel average(model);
    average.follow(optimizer, model);
    std::vector<std::int64_t> seen;
    optimizer.register_step_pre_hook([&](auto&&...) { seen.push_back(average.n_averaged()); });
    optimizer.register_step_post_hook([&](auto&&...) { seen.push_back(average.n_averaged()); });
    backward(model, 1);
    for (int step = 1; step <= 2; ++step) optimizer.step();
    CHECK(seen == std::vector<std::int64_t>{0, 1, 1, 2});
}

TEST_CASE("an average waits while other parameters are swapped in, and then follows again") {
    const Parameters model = make_parameters({{4, 2}, {3}}, DType::f32), others = make_parameters({{4, 2}, {3}}, DType::f32, 9);
    optim::AdamW optimizer(model), other(others);
    swa::AveragedModel average(model);
    average.follow(optimizer, model);
    backward(model, 1);
    backward(others, 2);
    optimizer.step();
    other.step();
    const Value before = values_of(average, model);
    {
        const auto swapped = optim::swap_in_optimizer_params_and_state(optimizer, others, other.state_dict());
        optimizer.step();
    }
    CHECK(values_of(average, model) == before);
    optimizer.step();
    CHECK(average.n_averaged() == 2);
}

TEST_CASE("a steady step that averages allocates nothing") {
    SerialExecutor serial;
    const Parameters model = make_parameters(std::vector<Shape>(50, Shape{64}), DType::f32);
    backward(model, 1);
    optim::AdamW optimizer(model, {}, {.executor = &serial});
    swa::AveragedModel average(model, swa::ema(0.9), {.executor = &serial});
    average.follow(optimizer, model);
    for (int step = 0; step < 3; ++step) optimizer.step();
    CHECK(allocations_of([&] { optimizer.step(); }) == 0);
}

}  // namespace ravine::testing
