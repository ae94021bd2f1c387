#include "harness.h"

#include <ravine/runtime/dlpack.h>

namespace ravine::testing {

TEST_CASE("copies of a parameter name the same one") {
    const Parameter parameter("w", zeros({2}, DType::f32)), copy = parameter, other("w", parameter.data());
    CHECK(copy == parameter);
    CHECK_FALSE(other == parameter);
    copy.set_grad(tensor_of({1, 2}));
    CHECK(numbers_of(parameter.grad()) == std::vector{1.0, 2.0});
    CHECK(copy.name() == "w");
    CHECK(copy.has_name());
    CHECK_FALSE(Parameter(zeros({2}, DType::f32)).has_name());
    CHECK(Parameter("", zeros({2}, DType::f32)).has_name());
}

TEST_CASE("a parameter borrows memory and writes to it") {
    float data[6] = {1, 2, 3, 4, 5, 6};
    const float grad[6] = {1, 1, 1, 2, 2, 2};
    const Parameter parameter("w", data, grad, {2, 3});
    optim::SGD optimizer({parameter}, {.lr = 1});
    optimizer.step();
    CHECK(std::vector(data, data + 6) == std::vector<float>{0, 1, 2, 2, 3, 4});
    CHECK(parameter.grad().read_only());
    const Parameter without("b", data, static_cast<float*>(nullptr), {6});
    CHECK_FALSE(without.grad().defined());
}

TEST_CASE("data and gradients that do not fit are refused with the reason") {
    const auto complaint = [](const std::function<void()>& call) { return message_of<std::invalid_argument>(call); };
    const Tensor data = zeros({2, 3}, DType::f32);
    CHECK(contains(complaint([&] { Parameter{Tensor()}; }), "Parameter: data must be a tensor"));
    CHECK(contains(complaint([&] { Parameter{zeros({2}, DType::i64)}; }), "data must be float64, float32, bfloat16, float16 or complex, got int64"));
    CHECK(contains(complaint([&] { Parameter{borrow(data.data(), DType::f32, {6})}; }), "data must be writable"));
    CHECK(contains(complaint([&] { Parameter(data, zeros({3, 2}, DType::f32)); }), "grad must have the parameter's shape (2, 3), got (3, 2)"));
    CHECK(contains(complaint([&] { Parameter(data, zeros({2, 3}, DType::f64)); }), "grad must have the parameter's dtype float32, got float64"));
    const Parameter parameter(data);
    CHECK(contains(complaint([&] { parameter.set_grad(zeros({6}, DType::f32)); }), "shape"));
    CHECK(contains(complaint([&] { parameter.rebind(zeros({2, 3}, DType::f64)); }), "dtype must stay float32, got float64"));
    CHECK(contains(complaint([&] { parameter.rebind(zeros({2}, DType::f32), zeros({3}, DType::f32)); }), "shape"));
    CHECK(parameter.data().is_same_view(data));
    CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("set_grad and rebind reach the optimizer at any step") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const Implementation implementation : every_implementation) {
            const Parameters moving = make_parameters(small_shapes(), DType::f32), still = make_parameters(small_shapes(), DType::f32);
            Optimizer optimizer = optim::make(name, moving, options), expected = optim::make(name, still, options);
            optimizer.set_implementation(implementation);
            const std::vector<Tensor> homes = [&] {
                std::vector<Tensor> grads;
                for (const Parameter& parameter : still) grads.push_back(zeros_like(parameter.data()));
                return grads;
            }();
            for (std::size_t i = 0; i < still.size(); ++i) still[i].set_grad(homes[i]);
            for (int step = 1; step <= 5; ++step) {
                for (std::size_t i = 0; i < still.size(); ++i) {
                    homes[i].copy_(gradient(still[i], i, step));
                    if (step % 2 == 0) moving[i].rebind(moving[i].data().clone(), gradient(still[i], i, step));
                    else moving[i].set_grad(gradient(still[i], i, step));
                }
                optimizer.step();
                expected.step();
            }
            CHECK(snapshot(optimizer, moving) == snapshot(expected, still));
        }
    });
}

TEST_CASE("a gradient that comes and goes between two layouts is followed") {
    for (const std::string_view name : elementwise_names()) {
        const Parameter parameter(random_tensor({3, 4}, DType::f32, 1)), expected(random_tensor({3, 4}, DType::f32, 1));
        Optimizer optimizer = optim::make(name, {parameter}), plain = optim::make(name, {expected});
        const Tensor transposed = empty_strided({3, 4}, {1, 3}, DType::f32);
        for (int step = 1; step <= 4; ++step) {
            const Tensor grad = gradient(expected, 0, step);
            transposed.copy_(grad);
            parameter.set_grad(step % 2 == 0 ? transposed : grad);
            expected.set_grad(grad);
            optimizer.step();
            plain.step();
        }
        CHECK(snapshot(optimizer, {parameter}) == snapshot(plain, {expected}));
    }
}

TEST_CASE("state of another shape than its parameter is an error that names select_rows, before any write") {
    const Parameter first(random_tensor({2}, DType::f32, 1)), second("table", random_tensor({3, 2}, DType::f32, 2));
    const Parameter named("first", first.data());
    optim::Adam optimizer({named, second});
    backward({named, second}, 1);
    optimizer.step();
    const Value before = snapshot(optimizer, {named});
    second.rebind(random_tensor({4, 2}, DType::f32, 3), random_tensor({4, 2}, DType::f32, 4));
    const std::string text = message_of<std::invalid_argument>([&] { optimizer.step(); });
    CHECK(contains(text, "Adam: exp_avg of 'table' must have the parameter's shape (4, 2), got (3, 2)"));
    CHECK(contains(text, "select_rows"));
    CHECK(snapshot(optimizer, {named}) == before);
}

TEST_CASE("select_rows gives new rows the state of old ones") {
    const std::vector<std::int64_t> sources = {2, -1, 0, 2, 1};
    for (const std::string_view name : elementwise_names()) {
        CAPTURE(std::string(name));
        // Every row is also an optimizer of its own.
        Parameters rows = make_parameters({{4}, {4}, {4}}, DType::f32);
        const Parameter table(zeros({3, 4}, DType::f32), zeros({3, 4}, DType::f32));
        const auto row_of = [](const Tensor& tensor, std::size_t row) {
            return borrow(static_cast<float*>(tensor.mutable_data()) + 4 * row, {4});
        };
        const Dict options = configurations(name)[2];
        std::vector<Optimizer> apart;
        for (std::size_t i = 0; i < 3; ++i) {
            row_of(table.data(), i).copy_(rows[i].data());
            apart.push_back(optim::make(name, {rows[i]}, options));
        }
        Optimizer optimizer = optim::make(name, {table}, options);
        for (int step = 1; step <= 2; ++step) {
            for (std::size_t i = 0; i < 3; ++i) {
                rows[i].set_grad(gradient(rows[i], i, step));
                row_of(table.grad(), i).copy_(rows[i].grad());
                apart[i].step();
            }
            optimizer.step();
        }
        const Dict before = Value(optimizer.state(table)).clone().as<Dict>();
        // What a state that was made but not updated yet holds.
        const Parameter untouched(zeros({4}, DType::f32), zeros({4}, DType::f32));
        Optimizer fresh = optim::make(name, {untouched}, options);
        fresh.set_found_inf(scalar_tensor(1, DType::f32));
        fresh.step();
        table.rebind(zeros({5, 4}, DType::f32), zeros({5, 4}, DType::f32));
        optimizer.select_rows({table}, sources);
        for (const auto& [slot, value] : before) {
            const Tensor now = optimizer.state(table, slot.as<std::string>());
            if (value.as<Tensor>().dim() == 0) {
                CHECK(Value(now) == value);
                continue;
            }
            REQUIRE(now.shape() == Shape{5, 4});
            for (std::size_t i = 0; i < 5; ++i) {
                const bool is_made = fresh.state(untouched).contains(slot);
                const Tensor new_row = is_made ? fresh.state(untouched, slot.as<std::string>()) : zeros({4}, DType::f32);
                const Tensor expected = sources[i] < 0 ? new_row : row_of(value.as<Tensor>(), static_cast<std::size_t>(sources[i]));
                CHECK(Value(row_of(now, i)) == Value(expected));
            }
        }
        const auto second = static_cast<std::size_t>(sources[4]);
        row_of(table.data(), 4).copy_(rows[second].data());
        row_of(table.grad(), 4).copy_(rows[second].grad());
        optimizer.step();
        apart[second].step();
        CHECK(Value(row_of(table.data(), 4)) == Value(rows[second].data()));
    }
}

TEST_CASE("select_rows refuses rows that are not there and changes nothing") {
    const Parameter table("table", random_tensor({3, 2}, DType::f32, 1), random_tensor({3, 2}, DType::f32, 2));
    optim::Adam optimizer({table});
    optimizer.step();
    const auto select = [&](const std::vector<std::int64_t>& rows) { optimizer.select_rows({table}, rows); };
    const Value before = optimizer.state_dict().clone();
    table.rebind(random_tensor({2, 2}, DType::f32, 3));
    CHECK_THROWS_AS(select({0, 3}), std::out_of_range);
    CHECK_THROWS_AS(select({0, -2}), std::out_of_range);
    CHECK(contains(message_of<std::invalid_argument>([&] { select({0, 1, 2}); }), "'table'"));
    table.rebind(random_tensor({2, 5}, DType::f32, 3));
    CHECK_THROWS_AS(select({0, 1}), std::invalid_argument);
    CHECK(optimizer.state_dict() == before);
    table.rebind(random_tensor({2, 2}, DType::f32, 3), random_tensor({2, 2}, DType::f32, 4));
    select({2, 0});
    optimizer.step();
    CHECK(optimizer.state(table, "step").item() == 2);
}

TEST_CASE("an optimizer keeps its parameters alive") {
    const Tensor data = zeros({2}, DType::f32);
    optim::SGD optimizer({Parameter(data, tensor_of({1, 2}))}, {.lr = 1});
    optimizer.step();
    CHECK(numbers_of(data) == std::vector{-1.0, -2.0});
}

TEST_CASE("a parameter must not see an element twice, by strides of any kind; any other layout will do") {
    const Tensor memory = zeros({60}, DType::f32);
    const auto view = [&](const Shape& shape, const Shape& strides) { return borrow(memory.mutable_data(), DType::f32, shape, {.strides = strides}); };
    for (const auto& [shape, strides] : {std::pair(Shape(3, 4), Shape(0, 1)), std::pair(Shape(5, 4), Shape(1, 1)), std::pair(Shape(5, 4), Shape(2, 1)),
                                         std::pair(Shape(2, 3, 4), Shape(12, 3, 1)), std::pair(Shape(4, 3), Shape(3, 4))}) {
        const Tensor data = view(shape, strides);
        CHECK(contains(complaint([&] { const Parameter overlapping(data); }), "Parameter: data must not see an element twice, got strides "));
    }
    for (const auto& [shape, strides] : {std::pair(Shape(3, 4), Shape(1, 3)), std::pair(Shape(1, 4), Shape(0, 1)), std::pair(Shape(3, 4), Shape(5, 1)),
                                         std::pair(Shape(0, 4), Shape(0, 0)), std::pair(Shape(2, 3, 4), Shape(4, 8, 1))}) {
        CHECK(Parameter(view(shape, strides)).data().shape() == shape);
    }
}

TEST_CASE("an optimizer steps tensors that came by DLPack, in place") {
    const Tensor weight = tensor_of({1, 2, 3}), slope = tensor_of({1, -1, 2});
    optim::SGD optimizer({Parameter("w", from_dlpack(to_dlpack(weight)), from_dlpack(to_dlpack_legacy(slope)))}, {.lr = 0.5});
    optimizer.step();
    CHECK(numbers_of(weight) == std::vector<double>{0.5, 2.5, 2});
}

}  // namespace ravine::testing
