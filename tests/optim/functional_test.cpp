// The functions over lists against the classes, bit for bit.
#include "harness.h"

#include <ravine/optim/functional.h>

#include <limits>
#include <map>

namespace ravine::testing {
namespace {

namespace functional = optim::functional;
using functional::TensorList;

using Tensors = std::vector<Tensor>;
/// Lists under the names that a state dict has for their tensors.
using State = std::map<std::string, Tensors, std::less<>>;

template <class Options>
const Options& as(const void* options) { return *static_cast<const Options*>(options); }

using Function = void (*)(TensorList params, TensorList grads, State& state, const void* options);
const std::map<std::string_view, Function> functions = {
    {"Adam", [](TensorList p, TensorList g, State& s, const void* o) { functional::adam(p, g, s["exp_avg"], s["exp_avg_sq"], s["max_exp_avg_sq"], s["step"], as<optim::AdamOptions>(o)); }},
    {"AdamW", [](TensorList p, TensorList g, State& s, const void* o) { functional::adamw(p, g, s["exp_avg"], s["exp_avg_sq"], s["max_exp_avg_sq"], s["step"], as<optim::AdamWOptions>(o)); }},
    {"SGD", [](TensorList p, TensorList g, State& s, const void* o) { functional::sgd(p, g, s["momentum_buffer"], as<optim::SGDOptions>(o)); }},
    {"Adagrad", [](TensorList p, TensorList g, State& s, const void* o) { functional::adagrad(p, g, s["sum"], s["step"], as<optim::AdagradOptions>(o)); }},
    {"Adadelta", [](TensorList p, TensorList g, State& s, const void* o) { functional::adadelta(p, g, s["square_avg"], s["acc_delta"], s["step"], as<optim::AdadeltaOptions>(o)); }},
    {"Adamax", [](TensorList p, TensorList g, State& s, const void* o) { functional::adamax(p, g, s["exp_avg"], s["exp_inf"], s["step"], as<optim::AdamaxOptions>(o)); }},
    {"ASGD", [](TensorList p, TensorList g, State& s, const void* o) { functional::asgd(p, g, s["ax"], s["mu"], s["eta"], s["step"], as<optim::ASGDOptions>(o)); }},
    {"NAdam", [](TensorList p, TensorList g, State& s, const void* o) { functional::nadam(p, g, s["exp_avg"], s["exp_avg_sq"], s["mu_product"], s["step"], as<optim::NAdamOptions>(o)); }},
    {"RAdam", [](TensorList p, TensorList g, State& s, const void* o) { functional::radam(p, g, s["exp_avg"], s["exp_avg_sq"], s["step"], as<optim::RAdamOptions>(o)); }},
    {"RMSprop", [](TensorList p, TensorList g, State& s, const void* o) { functional::rmsprop(p, g, s["square_avg"], s["grad_avg"], s["momentum_buffer"], s["step"], as<optim::RMSpropOptions>(o)); }},
    {"Rprop", [](TensorList p, TensorList g, State& s, const void* o) { functional::rprop(p, g, s["prev"], s["step_size"], s["step"], as<optim::RpropOptions>(o)); }},
};

/// A copy in a layout that differs from tensor to tensor: row-major, its reverse, or with gaps.
Tensor relaid(const Tensor& tensor, std::size_t index) {
    Shape strides = contiguous_strides(tensor.shape());
    if (index % 3 == 1 && tensor.dim() == 2) strides = {1, std::max<std::int64_t>(tensor.shape()[0], 1)};
    if (index % 3 != 2 || tensor.dim() == 0) {
        const Tensor result = empty_strided(tensor.shape(), strides, tensor.dtype());
        result.copy_(tensor);
        return result;
    }
    static std::vector<Tensor> memory;  // outlives what is borrowed of it
    memory.push_back(zeros({2 * tensor.numel() + 1}, tensor.dtype()));
    for (std::size_t d = 0; d < strides.size(); ++d) strides[d] *= 2;
    const Tensor result = borrow(memory.back().mutable_data(), tensor.dtype(), tensor.shape(), {.strides = strides});
    result.copy_(tensor);
    return result;
}

/// Copies of the state of a class's parameters, in layouts of their own.
State state_of(const Optimizer& optimizer, const Parameters& parameters) {
    State result;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        for (const auto& [key, value] : optimizer.state(parameters[i])) {
            Tensors& list = result[key.as<std::string>()];
            list.resize(parameters.size());
            list[i] = relaid(value.as<Tensor>(), i + 1);
        }
    }
    for (auto& [name, list] : result) list.resize(parameters.size());
    return result;
}

/// Where lists differ from the class; empty if they do not.
std::string difference(const Optimizer& optimizer, const Parameters& parameters, const Tensors& params, const State& state) {
    const auto differ = [](const Tensor& a, const Tensor& b) { return !(Value(a.clone()) == Value(b.clone())); };
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (differ(parameters[i].data(), params[i])) return "parameter " + std::to_string(i);
        for (const auto& [key, value] : optimizer.state(parameters[i])) {
            const auto& name = key.as<std::string>();
            const auto found = state.find(name);
            if (found == state.end() || found->second.size() != params.size() || differ(value.as<Tensor>(), found->second[i])) return name + " " + std::to_string(i);
        }
    }
    return {};
}

/// Parameters of every dtype, at steps 0, 1 and 2.
struct Start {
    Parameters parameters;
    Optimizer optimizer;
    Tensors params;
    State state;

    Start(std::string_view name, const Dict& options, Implementation implementation)
        : parameters(mixed_parameters()), optimizer(optim::make(name, parameters, options)) {
        optimizer.set_implementation(implementation);
        backward(parameters, 1);
        optimizer.set_found_inf(scalar_tensor(1, DType::f32));
        optimizer.step();  // makes the state, but for SGD, which has none before its first step
        optimizer.set_found_inf(Tensor());
        for (std::size_t step = 1; step <= 2; ++step) {
            for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].set_grad(i % 5 < step ? Tensor() : gradient(parameters[i], i, 1));
            optimizer.step();
        }
        for (std::size_t i = 0; i < parameters.size(); ++i) params.push_back(relaid(parameters[i].data(), i));
        state = state_of(optimizer, parameters);
        if (has_option(optimizer, "momentum")) state["momentum_buffer"].resize(params.size());
    }
    static Parameters mixed_parameters() {
        Parameters result;
        for (const DType dtype : every_dtype) {
            for (const Parameter& parameter : make_parameters({{}, {0}, {3, 5}, {2, 3, 4}, {1}, {17}, {64}, {9, 15}}, dtype)) result.push_back(parameter);
        }
        return result;
    }
    Tensors grads(int step) const {
        Tensors result;
        for (std::size_t i = 0; i < parameters.size(); ++i) result.push_back(relaid(gradient(parameters[i], i, step), i + 2));
        return result;
    }
    const void* options() const { return std::as_const(optimizer.param_groups()[0]).options_data(); }
};

/// Lists for one adam of two parameters.
struct Lists {
    Tensors params = {tensor_of({1, 2}), tensor_of({3}, DType::f64)}, grads = {tensor_of({1, 1}), tensor_of({1}, DType::f64)};
    Tensors exp_avgs = zeros_like(params), exp_avg_sqs = zeros_like(params);
    Tensors state_steps = {scalar_tensor(0, DType::f32), scalar_tensor(0, DType::f32)};

    void adam(const optim::AdamOptions& options = {}) const { functional::adam(params, grads, exp_avgs, exp_avg_sqs, {}, state_steps, options); }
    Value snapshot() const {
        List all;
        for (const Tensors* list : {&params, &grads, &exp_avgs, &exp_avg_sqs, &state_steps}) {
            for (const Tensor& tensor : *list) all.items.emplace_back(tensor);
        }
        return Value(all).clone();
    }
};

/// What a call says that must change nothing.
template <class Change>
std::string refusal(const Change& change, const optim::AdamOptions& options = {}) {
    const Lists whole;
    Lists changed = whole;
    change(changed);
    const Value before = whole.snapshot();
    const std::string text = complaint([&] { changed.adam(options); });
    CHECK(whole.snapshot() == before);
    return text;
}

}  // namespace

TEST_CASE("every elementwise class has its function") {
    for (const std::string_view name : elementwise_names()) CHECK(functions.count(name) == 1);
}

TEST_CASE("a function has the bits of its class, for lists of any dtypes, layouts and steps") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const Implementation implementation : every_implementation) {
            CAPTURE(std::string(optim::name(implementation)));
            Start start(name, options, implementation);
            for (int step = 2; step <= 4; ++step) {
                backward(start.parameters, step);
                start.optimizer.step();
                functions.at(name)(start.params, start.grads(step), start.state, start.options());
                CHECK(difference(start.optimizer, start.parameters, start.params, start.state) == "");
            }
        }
    });
}

TEST_CASE("the number of threads changes no bit of a function") {
    ThreadExecutor two(2);
    SerialExecutor serial;
    std::vector<Value> results;
    for (Executor* executor : {static_cast<Executor*>(nullptr), static_cast<Executor*>(&two), static_cast<Executor*>(&serial)}) {
        Tensors params, grads, steps;
        for (const Shape& shape : large_shapes()) {
            params.push_back(random_tensor(shape, DType::f32, 1));
            grads.push_back(random_tensor(shape, DType::f32, 2));
            steps.push_back(scalar_tensor(0, DType::f32));
        }
        const Tensors exp_avgs = zeros_like(params), exp_avg_sqs = zeros_like(params);
        functional::adam(params, grads, exp_avgs, exp_avg_sqs, {}, steps, {}, {.executor = executor});
        List list;
        for (const Tensor& param : params) list.items.emplace_back(param);
        results.emplace_back(list);
    }
    CHECK(results[1] == results[0]);
    CHECK(results[2] == results[0]);
}

TEST_CASE("a function counts the steps in the caller's tensors") {
    const Lists lists;
    lists.adam();
    lists.adam();
    for (const Tensor& step : lists.state_steps) CHECK(step.item() == 2);
    CHECK(lists.params[0].span<float>()[0] == doctest::Approx(0.998));
}

TEST_CASE("lists that the options do not need may be empty, and so may all") {
    functional::adam({}, {}, {}, {}, {}, {}, {.amsgrad = true});
    functional::sgd({}, {}, {}, {.momentum = 0.9});
    const Tensors params = {tensor_of({1, 2})}, grads = {tensor_of({4, 4})};
    functional::sgd(params, grads, {}, {.lr = 0.25});
    CHECK(numbers_of(params[0]) == std::vector<double>{0, 1});
}

TEST_CASE("sgd fills in absent buffers, whose dampening starts with the next step") {
    const Tensors params = {tensor_of({1}), tensor_of({1})}, grads = {tensor_of({4}), tensor_of({4})};
    Tensors buffers = {Tensor(), tensor_of({2})};
    functional::sgd(params, grads, buffers, {.lr = 0.25, .momentum = 0.5, .dampening = 0.5});
    CHECK(numbers_of(buffers[0]) == std::vector<double>{4});
    CHECK(numbers_of(buffers[1]) == std::vector<double>{3});
    CHECK(numbers_of(params[0]) == std::vector<double>{0});
    CHECK(numbers_of(params[1]) == std::vector<double>{0.25});
}

TEST_CASE("an sgd that is refused fills in nothing") {
    const Tensors params = {tensor_of({1}), tensor_of({1})}, grads = {tensor_of({4}), tensor_of({4})};
    Tensors buffers = {Tensor(), tensor_of({2, 2})};
    CHECK(complaint([&] { functional::sgd(params, grads, buffers, {.momentum = 0.5}); }) ==
          "functional.sgd: momentum_buffer_list must have shape (1,), got (2,) (tensor 1)");
    CHECK(complaint([&] { functional::sgd(params, grads, std::span(buffers).first(1), {.momentum = 0.5}); }) ==
          "functional.sgd: momentum_buffer_list must have one item for each of 2 tensors, got 1");
    CHECK(complaint([&] { functional::sgd(params, grads, {}, {.momentum = 0.5}); }) ==
          "functional.sgd: momentum_buffer_list must have one item for each of 2 tensors, got 0");
    CHECK(!buffers[0].defined());
    CHECK(numbers_of(params[0]) == std::vector<double>{1});
}

TEST_CASE("options have no ranges, as in torch") {
    Lists lists;
    lists.adam({.lr = -1e-3});
    CHECK(lists.params[1].item() == doctest::Approx(3.001));
}

TEST_CASE("lists that do not fit are refused before the first write") {
    CHECK(refusal([](Lists& l) { l.grads.pop_back(); }) == "functional.adam: grads must have one item for each of 2 tensors, got 1");
    CHECK(refusal([](Lists& l) { l.exp_avgs.clear(); }) == "functional.adam: exp_avgs must have one item for each of 2 tensors, got 0");
    CHECK(refusal([](Lists& l) { l.state_steps.pop_back(); }) == "functional.adam: state_steps must have one item for each of 2 tensors, got 1");
    CHECK(refusal([](Lists& l) { l.params[1] = Tensor(); }) == "functional.adam: params must be defined, got an undefined tensor (tensor 1)");
    CHECK(refusal([](Lists& l) { l.grads[1] = Tensor(); }) == "functional.adam: grads must be defined, got an undefined tensor (tensor 1)");
    CHECK(refusal([](Lists& l) { l.exp_avg_sqs[1] = Tensor(); }) == "functional.adam: exp_avg_sqs must be defined, got an undefined tensor (tensor 1)");
    CHECK(refusal([](Lists& l) { l.params[0] = zeros({2}, DType::i64); }) ==
          "functional.adam: params must be float64, float32, bfloat16 or float16, got int64 (tensor 0)");
    CHECK(refusal([](Lists& l) { l.exp_avgs[1] = tensor_of({0}); }) == "functional.adam: exp_avgs must be float64, got float32 (tensor 1)");
    CHECK(refusal([](Lists& l) { l.exp_avg_sqs[0] = tensor_of({0}); }) == "functional.adam: exp_avg_sqs must have shape (2,), got (1,) (tensor 0)");
    CHECK(refusal([](Lists& l) { l.exp_avgs[0] = borrow(l.exp_avgs[0].data(), DType::f32, {2}); }) ==
          "functional.adam: exp_avgs must be writable, got a read-only tensor (tensor 0)");
    CHECK(refusal([](Lists&) {}, {.amsgrad = true}) == "functional.adam: max_exp_avg_sqs must have one item for each of 2 tensors, got 0");
}

TEST_CASE("numbers that are none are refused before the first write") {
    const auto step_complaint = [](const Tensor& step) { return refusal([&](Lists& l) { l.state_steps[1] = step; }); };
    const float memory = 0;
    CHECK(contains(step_complaint(scalar_tensor(0, DType::f64)), "functional.adam: state_steps must be float32 tensors of one element on cpu, got "));
    CHECK(contains(step_complaint(tensor_of({0, 0})), "(tensor 1)"));
    CHECK(step_complaint(Tensor()) == "functional.adam: state_steps must be defined, got an undefined tensor (tensor 1)");
    CHECK(step_complaint(borrow(&memory, {})) == "functional.adam: state_steps must be writable, got a read-only tensor (tensor 1)");
    for (const double number : {-1.0, 0.5, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        CHECK(contains(step_complaint(scalar_tensor(number, DType::f32)), "functional.adam: state_steps must be counts of steps, got "));
    }
}

TEST_CASE("a step may have any shape of one element") {
    Lists lists;
    lists.state_steps[1] = zeros({1, 1}, DType::f32);
    lists.adam();
    CHECK(lists.state_steps[1].item() == 1);
}

TEST_CASE("options that torch refuses at a step are refused before the first write") {
    CHECK(refusal([](Lists&) {}, {.lr = 1e39}) == "functional.adam: lr must give scalars that are convertible to float32 without overflow, got 1e+39 (tensor 0)");
    CHECK(refusal([](Lists&) {}, {.capturable = true}) == "functional.adam: capturable must be False where the host counts steps, got True");
}

TEST_CASE("a step of float32 stays where float32 ends") {
    Lists lists;
    lists.state_steps[0] = scalar_tensor(0x1p24, DType::f32);
    lists.adam();
    CHECK(lists.state_steps[0].item() == 0x1p24);
}

}  // namespace ravine::testing
