#include "harness.h"

#include <ravine/optim/clip_grad.h>
#include <ravine/optim/sparse_adam.h>

namespace ravine::testing {
namespace {

/// Row 1 of a table of three rows of two.
SparseTensor row_gradient(DType dtype = DType::f32) {
    const Tensor indices = zeros({1, 1}, DType::i64);
    indices.span<std::int64_t>()[0] = 1;
    return {indices, tensor_of({3, 4}, dtype).view({1, 2}), {3, 2}};
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
    const Parameter table(zeros({3, 2}, DType::f32));
    table.set_sparse_grad(row_gradient());
    Optimizer heavy = optim::make("SGD", {table}, {{"momentum", 0.9}});
    CHECK(contains(message_of<std::invalid_argument>([&] { heavy.step(); }), "momentum must be 0 with sparse gradients"));
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
