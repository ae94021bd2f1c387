// What holds for every class that is not elementwise.
#include "harness.h"

#include <ravine/runtime/sparse.h>

namespace ravine::testing {
namespace {

using optim::Gradients;

std::vector<std::string_view> tensor_names() {
    std::vector<std::string_view> result = optim::names();
    std::erase_if(result, [](std::string_view name) {
        const optim::Traits traits = optim::make(name, {some_parameter()}).traits();
        return traits.elementwise || traits.needs_closure;
    });
    return result;
}

/// Nonempty shapes that the class takes.
std::vector<Shape> shapes_of(const optim::Traits& traits) {
    std::vector<Shape> shapes = {{3, 5}, {7, 2}, {1, 1}, {33, 70}, {5, 3}};
    if (traits.matrices_only) return shapes;
    for (const Shape& more : {Shape{6}, Shape{1}, Shape{2, 3, 4}, Shape{1000}}) shapes.push_back(more);
    if (traits.gradients == Gradients::dense) shapes.push_back({});
    return shapes;
}

/// Some rows of the gradient of a step, one of them twice.
SparseTensor sparse_gradient(const Parameter& parameter, std::size_t index, int step) {
    const Tensor& data = parameter.data();
    const std::int64_t rows = data.shape()[0], count = std::min<std::int64_t>(rows, 3) + 1;
    const Tensor indices = zeros({1, count}, DType::i64);
    for (std::int64_t i = 0; i < count; ++i) indices.span<std::int64_t>()[static_cast<std::size_t>(i)] = (i * 2 + step) % rows;
    Shape shape = data.shape();
    shape[0] = count;
    return {indices, random_tensor(shape, data.dtype(), 100 * index + static_cast<std::uint64_t>(step)), data.shape()};
}

void give(const Parameter& parameter, std::size_t index, int step, const optim::Traits& traits) {
    if (traits.gradients == Gradients::sparse) parameter.set_sparse_grad(sparse_gradient(parameter, index, step));
    else parameter.set_grad(gradient(parameter, index, step));
}

/// An optimizer over parameters of its own.
struct TensorRun {
    Optimizer optimizer;
    Parameters parameters;

    explicit TensorRun(std::string_view name, const Dict& options = {}, DType dtype = DType::f32, const Context& context = {})
        : optimizer(optim::make(name, {}, options, context)), parameters(make_parameters(shapes_of(optimizer.traits()), dtype)) {
        optimizer.add_param_group(parameters);
    }
    void backward(int step) const {
        for (std::size_t i = 0; i < parameters.size(); ++i) give(parameters[i], i, step, optimizer.traits());
    }
    void steps(int first, int last) {
        for (int step = first; step <= last; ++step) {
            backward(step);
            optimizer.step();
        }
    }
    Value result() const { return snapshot(optimizer, parameters); }
};

template <class Check> void for_each_tensor_configuration(const Check& check) {
    for (const std::string_view name : tensor_names()) {
        for (const Dict& options : configurations(name)) {
            for (const DType dtype : every_dtype) {
                CAPTURE(std::string(name));
                CAPTURE(Value(options).to_string());
                CAPTURE(std::string(ravine::name(dtype)));
                check(name, options, dtype);
            }
        }
    }
}

}  // namespace

TEST_CASE("there are classes that are not elementwise") {
    CHECK(tensor_names().size() >= 3);
}

TEST_CASE("a tensor class moves what has a gradient, and any number of threads gives the same bits") {
    ThreadExecutor two(2), four(4);
    SerialExecutor serial;
    for_each_tensor_configuration([&](std::string_view name, const Dict& options, DType dtype) {
        TensorRun run(name, options, dtype, {.executor = &serial});
        const Value before = run.result();
        run.steps(1, 3);
        CHECK_FALSE(run.result() == before);
        for (Executor* executor : {static_cast<Executor*>(&two), static_cast<Executor*>(&four)}) {
            TensorRun threaded(name, options, dtype, {.executor = executor});
            threaded.steps(1, 3);
            CHECK(threaded.result() == run.result());
        }
    });
}

TEST_CASE("for_loop and automatic give the same bits, and an implementation that a tensor class lacks is refused") {
    for_each_tensor_configuration([](std::string_view name, const Dict& options, DType dtype) {
        TensorRun automatic(name, options, dtype), loop(name, options, dtype);
        loop.optimizer.set_implementation(Implementation::for_loop);
        automatic.steps(1, 3);
        loop.steps(1, 3);
        CHECK(loop.result() == automatic.result());
        const std::string text = message_of<std::invalid_argument>([&] { loop.optimizer.set_implementation(Implementation::fused); });
        CHECK(contains(text, std::string(name) + ": implementation must be automatic"));
        CHECK(contains(text, "got fused"));
    });
}

TEST_CASE("save, load, step equals step, for tensor classes") {
    for_each_tensor_configuration([](std::string_view name, const Dict& options, DType dtype) {
        for (const int stop : {0, 2}) {
            TensorRun old(name, options, dtype), fresh(name, {}, dtype);
            old.steps(1, stop);
            for (std::size_t i = 0; i < old.parameters.size(); ++i) fresh.parameters[i].data().copy_(old.parameters[i].data());
            fresh.optimizer.load_state_dict(old.optimizer.state_dict().clone());
            CHECK(fresh.optimizer.state_dict() == old.optimizer.state_dict());
            old.steps(stop + 1, stop + 2);
            fresh.steps(stop + 1, stop + 2);
            CHECK(fresh.result() == old.result());
        }
    });
}

TEST_CASE("order and groups do not matter to tensor classes, and one that is twice in a group steps twice") {
    for_each_tensor_configuration([](std::string_view name, const Dict& options, DType dtype) {
        TensorRun one(name, options, dtype), other(name, options, dtype);
        Optimizer backwards = optim::make(name, {}, options);
        const auto half = other.parameters.rbegin() + 2;
        backwards.add_param_group(Parameters(other.parameters.rbegin(), half));
        backwards.add_param_group(Parameters(half, other.parameters.rend()));
        one.steps(1, 3);
        for (int step = 1; step <= 3; ++step) {
            other.backward(step);
            backwards.step();
        }
        CHECK(snapshot(backwards, other.parameters) == one.result());

        TensorRun alone(name, options, dtype), doubled(name, options, dtype);
        Optimizer twice = optim::make(name, {doubled.parameters[0], doubled.parameters[0]}, options);
        alone.backward(1);
        doubled.backward(1);
        alone.optimizer.step();
        alone.optimizer.step();
        twice.step();
        CHECK(snapshot(twice, {doubled.parameters[0]}) == snapshot(alone.optimizer, {alone.parameters[0]}));
    });
}

TEST_CASE("parameters and gradients of a tensor class may have any layout") {
    for_each_tensor_configuration([](std::string_view name, const Dict& options, DType dtype) {
        const auto transposed = [](const Tensor& tensor) {
            const Tensor result = empty_strided(tensor.shape(), {1, tensor.shape()[0]}, tensor.dtype());
            result.copy_(tensor);
            return result;
        };
        const Parameter plain(random_tensor({13, 9}, dtype, 1)), strided(transposed(plain.data()));
        const Tensor buffer = zeros({13 * 9 * 2}, dtype);
        const Parameter gaps(borrow(buffer.mutable_data(), dtype, {13, 9}, {.strides = {18, 2}}));
        gaps.data().copy_(plain.data());
        Optimizer expected = optim::make(name, {plain}, options), optimizer = optim::make(name, {strided, gaps}, options);
        for (int step = 1; step <= 3; ++step) {
            for (const Parameter& parameter : {plain, strided, gaps}) give(parameter, 0, step, expected.traits());
            if (strided.grad().defined()) strided.set_grad(transposed(strided.grad()));
            expected.step();
            optimizer.step();
        }
        const Value result = snapshot(expected, {plain});
        CHECK(snapshot(optimizer, {strided}) == result);
        CHECK(snapshot(optimizer, {gaps}) == result);
        for (std::size_t i = 1; i < 13 * 9 * 2; i += 2) REQUIRE(borrow(static_cast<std::byte*>(buffer.mutable_data()) + i * item_size(dtype), dtype, {}).item() == 0);
    });
}

TEST_CASE("a parameter without a gradient is invisible to a tensor class, and gradients keep their bits") {
    for_each_tensor_configuration([](std::string_view name, const Dict& options, DType dtype) {
        TensorRun run(name, options, dtype);
        run.backward(1);
        run.parameters[1].set_grad(nullptr);
        const Value still = snapshot(run.optimizer, {run.parameters[1]}), first = Value(run.parameters[0].grad()).clone();
        run.optimizer.step();
        CHECK(snapshot(run.optimizer, {run.parameters[1]}) == still);
        CHECK(run.optimizer.state(run.parameters[1]).empty());
        if (run.parameters[0].grad().defined()) CHECK(Value(run.parameters[0].grad()) == first);
        CHECK_FALSE(run.optimizer.state(run.parameters[0]).empty());
    });
}

TEST_CASE("found_inf leaves a tensor class as it was, and grad_scale divides its gradients and writes them back") {
    for (const std::string_view name : tensor_names()) {
        TensorRun skipped(name), scaled(name), expected(name);
        const Value before = skipped.result();
        skipped.backward(1);
        skipped.optimizer.set_found_inf(scalar_tensor(2, DType::f32));
        skipped.optimizer.step();
        CHECK(skipped.result() == before);

        const auto values_of = [](const Parameter& parameter) { return parameter.grad().defined() ? parameter.grad() : parameter.sparse_grad().values(); };
        scaled.backward(1);
        expected.backward(1);
        for (const Parameter& parameter : expected.parameters) {
            for (float& value : values_of(parameter).span<float>()) value /= 4;
        }
        scaled.optimizer.set_grad_scale(scalar_tensor(4, DType::f32));
        scaled.optimizer.step();
        expected.optimizer.step();
        CHECK(scaled.result() == expected.result());
        CHECK(Value(values_of(scaled.parameters[0])) == Value(values_of(expected.parameters[0])));
    }
}

TEST_CASE("state of a tensor class that does not fit is refused whole, with every complaint") {
    for (const std::string_view name : tensor_names()) {
        CAPTURE(std::string(name));
        TensorRun run(name);
        run.steps(1, 1);
        const Value good = run.optimizer.state_dict().clone(), now = run.result();
        const auto refusal = [&](const std::function<void(Dict&)>& change) {
            Value bad = good.clone();
            change(bad.at("state").at(0).as<Dict>());
            const std::string text = message_of<std::invalid_argument>([&] { run.optimizer.load_state_dict(bad); });
            CHECK(run.result() == now);
            return text;
        };
        for (const auto& [key, value] : good.at("state").at(0).as<Dict>()) {
            const std::string slot = key.as<std::string>();
            CHECK(contains(refusal([&](Dict& slots) {
                               slots.erase(slot);
                               slots.set("other", 1);
                           }),
                           "must have"));
            CHECK(contains(refusal([&](Dict& slots) { slots.set(slot, zeros({9}, DType::f64)); }), slot + " must be a"));
        }
        CHECK(contains(refusal([](Dict& slots) { slots.set("sum", 3); }), "sum must be no part of it"));
        CHECK(contains(refusal([](Dict& slots) { slots.set(1, 3); }), "1 must be no part of it"));
        run.optimizer.load_state_dict(good);
        CHECK(run.result() == now);
    }
}

TEST_CASE("loading by position casts the state of a tensor class to the parameter's dtype") {
    for (const std::string_view name : tensor_names()) {
        TensorRun source(name), target(name, {}, DType::bf16);
        source.steps(1, 1);
        CHECK(contains(message_of<std::invalid_argument>([&] { target.optimizer.load_state_dict(source.optimizer.state_dict()); }), "must be a bfloat16 tensor"));
        target.optimizer.load_state_dict(source.optimizer.state_dict(), {.positional = true});
        const Dict saved = source.optimizer.state(source.parameters[0]), now = target.optimizer.state(target.parameters[0]);
        for (const auto& [slot, value] : saved) {
            const Value* loaded = now.find(slot);
            REQUIRE(loaded != nullptr);
            if (slot == Value("step")) CHECK(*loaded == value);
            else CHECK(*loaded == Value(value.as<Tensor>().to(DType::bf16)));
        }
    }
}

TEST_CASE("rows that come and go take their state along in a tensor class") {
    for (const std::string_view name : tensor_names()) {
        CAPTURE(std::string(name));
        TensorRun run(name);
        run.steps(1, 2);
        const Parameter& table = run.parameters[0];
        const Dict before = Value(run.optimizer.state(table)).clone().as<Dict>();
        table.rebind(random_tensor({4, 5}, DType::f32, 9));
        give(table, 0, 3, run.optimizer.traits());
        CHECK(contains(message_of<std::invalid_argument>([&] { run.optimizer.step(); }), "select_rows"));
        const std::vector<std::int64_t> sources = {2, -1, 0, 0};
        run.optimizer.select_rows({table}, sources);
        for (const auto& [slot, value] : before) {
            const Tensor now = run.optimizer.state(table, slot.as<std::string>());
            if (value.get_if<Tensor>() == nullptr || value.as<Tensor>().dim() == 0 || value.as<Tensor>().shape()[0] != 3) continue;
            const std::vector<double> old = numbers_of(value.as<Tensor>()), rows = numbers_of(now);
            const std::size_t width = old.size() / 3;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const std::int64_t source = sources[i / width];
                CHECK(rows[i] == (source < 0 ? 0 : old[static_cast<std::size_t>(source) * width + i % width]));
            }
        }
        run.optimizer.step();
        CHECK_THROWS_AS(run.optimizer.select_rows({table}, std::vector<std::int64_t>{0, 1, 2, 9}), std::out_of_range);
    }
}

TEST_CASE("remove_param takes the state of a tensor class away") {
    for (const std::string_view name : tensor_names()) {
        TensorRun run(name);
        run.steps(1, 1);
        const Parameter gone = run.parameters[0];
        run.optimizer.remove_param(gone);
        CHECK(run.optimizer.state(gone).empty());
        run.optimizer.add_param_group({gone});
        run.optimizer.step();
        const Dict state = run.optimizer.state(gone);
        if (const Value* step = state.find("step")) CHECK((step->is(Value::Kind::tensor) ? step->as<Tensor>().item() : step->number()) == 1);
    }
}

}  // namespace ravine::testing
