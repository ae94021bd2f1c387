#include "harness.h"

#include <ravine/optim/clip_grad.h>
#include <ravine/optim/sparse_adam.h>
#include <ravine/runtime/file.h>

#include <cmath>
#include <cstdio>

namespace ravine::testing {
namespace {

/// Rows of a table of three rows of two.
SparseTensor rows(const std::vector<std::int64_t>& which, const std::vector<double>& values, DType dtype = DType::f32) {
    const auto count = static_cast<std::int64_t>(which.size());
    const Tensor indices = zeros({1, count}, DType::i64);
    std::copy(which.begin(), which.end(), indices.span<std::int64_t>().begin());
    return {indices, tensor_of(values, dtype).view({count, 2}), {3, 2}};
}

/// Row 1 of a table of three rows of two.
SparseTensor row_gradient(DType dtype = DType::f32) {
    return rows({1}, {3, 4}, dtype);
}

}  // namespace

TEST_CASE("a gradient is dense or sparse: what is set takes the place of what was there") {
    const Parameter parameter(zeros({3, 2}, DType::f32), zeros({3, 2}, DType::f32));
    parameter.set_sparse_grad(row_gradient());
    CHECK_FALSE(parameter.grad().defined());
    CHECK(parameter.sparse_grad().nnz() == 1);
    parameter.set_grad(zeros({3, 2}, DType::f32));
    CHECK_FALSE(parameter.sparse_grad().defined());
    CHECK(parameter.grad().defined());
    parameter.set_sparse_grad(row_gradient());
    parameter.set_grad(nullptr);
    CHECK_FALSE(parameter.sparse_grad().defined());
    parameter.set_sparse_grad(row_gradient());
    parameter.set_sparse_grad({});
    CHECK_FALSE(parameter.sparse_grad().defined());
    parameter.set_sparse_grad(row_gradient());
    parameter.rebind(zeros({3, 2}, DType::f32));
    CHECK_FALSE(parameter.sparse_grad().defined());
}

TEST_CASE("a sparse gradient that does not fit its parameter is refused with the reason") {
    const Parameter parameter(zeros({3, 2}, DType::f32)), other(zeros({4, 2}, DType::f32));
    CHECK(contains(message_of<std::invalid_argument>([&] { other.set_sparse_grad(row_gradient()); }), "grad must have the parameter's shape (4, 2), got (3, 2)"));
    CHECK(contains(message_of<std::invalid_argument>([&] { parameter.set_sparse_grad(row_gradient(DType::f64)); }), "dtype float32, got float64"));
    CHECK_FALSE(parameter.sparse_grad().defined());
}

TEST_CASE("a class that takes no sparse gradients says so by name before any write") {
    for (const std::string_view name : optim::names()) {
        const Parameter table("table", random_tensor({3, 2}, DType::f32, 1)), dense("dense", random_tensor({3, 2}, DType::f32, 2), random_tensor({3, 2}, DType::f32, 3));
        Optimizer optimizer = optim::make(name, {dense, table});
        if (optimizer.traits().gradients != optim::Gradients::dense || optimizer.traits().needs_closure) continue;
        table.set_sparse_grad(row_gradient());
        const Value before = snapshot(optimizer, {dense, table});
        const std::string text = message_of<std::invalid_argument>([&] { optimizer.step(); });
        CHECK(contains(text, std::string(name) + ": gradients must be dense, got a sparse one ('table', group 0)"));
        CHECK(snapshot(optimizer, {dense, table}) == before);
        table.set_grad(random_tensor({3, 2}, DType::f32, 4));
        optimizer.step();
        table.set_sparse_grad(row_gradient());  // a gradient of another kind after the first step too
        CHECK_THROWS_AS(optimizer.step(), std::invalid_argument);
    }
    const Parameter table(zeros({3, 2}, DType::f32));
    table.set_sparse_grad(row_gradient());
    for (const char* name : {"Adam", "AdamW"}) {
        Optimizer optimizer = optim::make(name, {table});
        CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step(); }), "see SparseAdam"));
    }
}

TEST_CASE("SGD and Adagrad move only what a sparse gradient stores, and refuse what does not go with one before any write") {
    for (const std::string_view name : {"SGD", "Adagrad"}) {
        const Parameter table("table", random_tensor({3, 2}, DType::f32, 1)), dense("dense", random_tensor({3, 2}, DType::f32, 2), random_tensor({3, 2}, DType::f32, 3));
        Optimizer optimizer = optim::make(name, {dense, table});
        table.set_sparse_grad(row_gradient());
        const Tensor before = table.data().clone();
        optimizer.step();
        const std::vector<double> old = numbers_of(before), now = numbers_of(table.data());
        std::size_t moved = 0;
        for (std::size_t i = 0; i < old.size(); ++i) moved += old[i] != now[i] ? 1 : 0;
        CHECK(moved == static_cast<std::size_t>(row_gradient().values().numel()));
        const Value state = snapshot(optimizer, {dense, table});
        optimizer.param_groups()[0].set("weight_decay", 0.5);
        CHECK(message_of<std::invalid_argument>([&] { optimizer.step(); }) ==
              std::string(name) + ": weight_decay must be 0 with sparse gradients, got one ('table', group 0)");
        CHECK(snapshot(optimizer, {dense, table}) == state);
        optimizer.param_groups()[0].set("weight_decay", 0.0);
        optimizer.set_implementation(Implementation::fused);
        CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step(); }), "implementation must not be fused with sparse gradients"));
        CHECK(snapshot(optimizer, {dense, table}) == state);
        optimizer.set_implementation(Implementation::automatic);
        table.set_grad(random_tensor({3, 2}, DType::f32, 4));
        optimizer.step();
        if (name == "Adagrad") CHECK(optimizer.state(table, "step").item() == 2);
    }
    for (const std::string_view name : {"SGD", "Adagrad"}) {
        const Parameter first(random_tensor({3, 2}, DType::f64, 1)), second(random_tensor({3, 2}, DType::f32, 2));
        Optimizer optimizer = optim::make(name, {first, second}, {{"lr", 1e39}});
        first.set_sparse_grad(row_gradient(DType::f64));
        second.set_sparse_grad(row_gradient());
        const Value before = snapshot(optimizer, {first, second});
        CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step(); }), "float32 without overflow"));
        CHECK(snapshot(optimizer, {first, second}) == before);
    }
}

TEST_CASE("SGD's momentum is as sparse as the gradients, and moves every row that it has") {
    const Parameter table("table", zeros({3, 2}, DType::f32));
    optim::SGD optimizer({table}, {.lr = 1, .momentum = 0.5});
    table.set_sparse_grad(rows({1}, {3, 4}));
    optimizer.step();
    CHECK(numbers_of(table.data()) == std::vector<double>{0, 0, -3, -4, 0, 0});
    table.set_sparse_grad(rows({0, 1}, {1, 1, 1, 1}));
    optimizer.step();
    CHECK(numbers_of(table.data()) == std::vector<double>{-1, -1, -5.5, -7, 0, 0});
    const Dict buffer = optimizer.state(table).at("momentum_buffer").as<Dict>();
    CHECK(numbers_of(buffer.at("values").as<Tensor>()) == std::vector<double>{1, 1, 2.5, 3});
    CHECK(buffer.at("size") == Value(Tuple{3, 2}));
    // Nothing in a gradient leaves the momentum to act.
    table.set_sparse_grad(table.sparse_grad().emptied());
    optimizer.step();
    CHECK(numbers_of(table.data()) == std::vector<double>{-1.5, -1.5, -6.75, -8.5, 0, 0});
}

TEST_CASE("a sparse momentum buffer is its own, is saved and loaded, and goes on with the same bits") {
    for (const DType dtype : every_dtype) {
        const Parameter one("table", random_tensor({3, 2}, dtype, 1)), other("table", one.data().clone());
        optim::SGD first({one}, {.lr = 0.1, .momentum = 0.9, .nesterov = true}), second({other}, {.lr = 0.1, .momentum = 0.9, .nesterov = true});
        const SparseTensor gradient = rows({2, 0, 2}, {1, 2, 3, 4, 5, 6}, dtype);
        one.set_sparse_grad(gradient);
        other.set_sparse_grad(gradient.clone());
        first.step();
        second.step();
        gradient.indices().span<std::int64_t>()[0] = 1;
        save(second.state_dict(), "sparse-momentum.safetensors");
        optim::SGD third({other}, {.lr = 0.1});
        third.load_state_dict(load("sparse-momentum.safetensors"));
        std::remove("sparse-momentum.safetensors");
        one.set_sparse_grad(rows({1}, {1, 2}, dtype));
        other.set_sparse_grad(rows({1}, {1, 2}, dtype));
        first.step();
        third.step();
        CHECK(Value(one.data()) == Value(other.data()));
        CHECK(first.state_dict() == third.state_dict());
    }
}

TEST_CASE("what does not go with a sparse momentum buffer is refused before any write") {
    const Parameter table("table", zeros({3, 2}, DType::f32));
    optim::SGD optimizer({table}, {.lr = 1, .momentum = 0.5});
    table.set_sparse_grad(row_gradient());
    optimizer.step();
    const Value before = snapshot(optimizer, {table});
    table.set_grad(random_tensor({3, 2}, DType::f32, 1));
    CHECK(complaint([&] { optimizer.step(); }) == "SGD: gradients must be sparse where momentum_buffer is, got a dense one ('table', group 0)");
    CHECK(complaint([&] { optimizer.select_rows({table}, std::vector<std::int64_t>{0, 1, 2}); }) ==
          "SGD: select_rows: momentum_buffer must not be sparse, got one ('table')");
    table.set_sparse_grad({zeros({2, 1}, DType::i64), tensor_of({1}), {3, 2}});
    CHECK(complaint([&] { optimizer.step(); }) ==
          "SGD: the gradient must have 1 sparse dimensions on cpu as momentum_buffer has, got 2 sparse dimensions on cpu ('table', group 0)");
    Value state = optimizer.state_dict();
    const Tensor outside = zeros({1, 1}, DType::i64);
    outside.span<std::int64_t>()[0] = 3;
    state.at("state").as<Dict>().at(0).as<Dict>().at("momentum_buffer").as<Dict>().set("indices", outside);
    CHECK(contains(complaint([&] { optimizer.load_state_dict(state); }), "indices of dimension 0 must be from 0 to 2, got 3"));
    CHECK(snapshot(optimizer, {table}) == before);
}

TEST_CASE("a dense momentum buffer takes sparse gradients") {
    for (const bool nesterov : {false, true}) {
        const Parameter sparse(random_tensor({3, 2}, DType::f64, 1)), dense(sparse.data().clone());
        optim::SGD one({sparse}, {.lr = 1, .momentum = 0.5, .nesterov = nesterov}), other({dense}, {.lr = 1, .momentum = 0.5, .nesterov = nesterov});
        for (int step = 0; step < 3; ++step) {
            sparse.set_grad(random_tensor({3, 2}, DType::f64, 2));
            if (step > 0) sparse.set_sparse_grad(row_gradient(DType::f64));
            dense.set_grad(step > 0 ? row_gradient(DType::f64).to_dense() : sparse.grad());
            one.step();
            other.step();
        }
        const std::vector<double> values = numbers_of(sparse.data()), expected = numbers_of(dense.data());
        for (std::size_t i = 0; i < values.size(); ++i) CHECK(std::fabs(values[i] - expected[i]) <= 1e-15);
    }
}

TEST_CASE("LBFGS makes sparse gradients dense") {
    const Parameter sparse(random_tensor({3, 2}, DType::f32, 1)), dense(random_tensor({3, 2}, DType::f32, 1));
    Optimizer one = optim::make("LBFGS", {sparse}), other = optim::make("LBFGS", {dense});
    sparse.set_sparse_grad(row_gradient());
    dense.set_grad(row_gradient().to_dense());
    one.step([] { return 1.0; });
    other.step([] { return 1.0; });
    CHECK(numbers_of(sparse.data()) == numbers_of(dense.data()));
    CHECK(numbers_of(sparse.data()) != numbers_of(random_tensor({3, 2}, DType::f32, 1)));
}

TEST_CASE("zero_grad replaces a sparse gradient by one that stores nothing, or forgets it") {
    const Parameter table(zeros({3, 2}, DType::f32));
    const SparseTensor gradient = row_gradient();
    table.set_sparse_grad(gradient);
    optim::SparseAdam optimizer({table});
    optimizer.zero_grad();
    CHECK(table.sparse_grad().defined());
    CHECK(table.sparse_grad().nnz() == 0);
    CHECK(numbers_of(gradient.values()) == std::vector<double>{3, 4});
    optimizer.zero_grad(true);
    CHECK_FALSE(table.sparse_grad().defined());
}

TEST_CASE("clipping refuses sparse gradients") {
    const Parameter table("table", zeros({3, 2}, DType::f32));
    table.set_sparse_grad(row_gradient());
    optim::SparseAdam optimizer({table});
    CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.clip_grad_norm_(1); }), "clip_grad_norm_: gradients must be dense, got a sparse one ('table')"));
    CHECK_THROWS_AS(optim::clip_grad_norm_(Parameters{table}, 1), std::invalid_argument);
}

}  // namespace ravine::testing
