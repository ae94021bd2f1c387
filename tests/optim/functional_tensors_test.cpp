// The functions for optimizers that are no rules, against their classes.
#include "harness.h"

#include <ravine/optim/functional.h>

namespace ravine::testing {
namespace {

namespace functional = optim::functional;
using Tensors = std::vector<Tensor>;

/// Copies of one part of the state of all parameters; undefined where a parameter does not have it.
Tensors state_of(const Optimizer& optimizer, const Parameters& parameters, std::string_view slot) {
    Tensors result;
    for (const Parameter& parameter : parameters) {
        const Dict state = optimizer.state(parameter);
        result.push_back(state.contains(slot) ? state.at(slot).as<Tensor>().clone() : Tensor());
    }
    return result;
}

Tensors data_of(const Parameters& parameters) {
    Tensors result;
    for (const Parameter& parameter : parameters) result.push_back(parameter.data().clone());
    return result;
}

Tensors gradients_of(const Parameters& parameters) {
    Tensors result;
    for (const Parameter& parameter : parameters) result.push_back(parameter.grad());
    return result;
}

bool equal(const Tensors& a, const Tensors& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Tensor& x, const Tensor& y) {
        return x.defined() == y.defined() && (!x.defined() || Value(x.clone()) == Value(y.clone()));
    });
}

Parameters mixed_parameters(const std::vector<Shape>& shapes) {
    Parameters result;
    for (const DType dtype : every_dtype) {
        for (const Parameter& parameter : make_parameters(shapes, dtype)) result.push_back(parameter);
    }
    return result;
}

/// A step of all parameters, then one of every other, so that they are at different steps.
void warm_up(Optimizer& optimizer, const Parameters& parameters) {
    backward(parameters, 1);
    optimizer.step();
    for (std::size_t i = 0; i < parameters.size(); i += 2) parameters[i].set_grad(Tensor());
    optimizer.step();
}

SparseTensor stored(const std::vector<std::int64_t>& places, const std::vector<double>& values, std::int64_t size) {
    const Tensor indices = zeros({1, places.size()}, DType::i64);
    std::copy(places.begin(), places.end(), indices.span<std::int64_t>().begin());
    return {indices, tensor_of(values), {size}};
}

}  // namespace

TEST_CASE("adafactor has the bits of its class, for matrices and others at different steps") {
    for (const Implementation implementation : {Implementation::automatic, Implementation::for_loop, Implementation::foreach}) {
        for (const bool maximize : {false, true}) {
            const optim::AdafactorOptions options{.lr = 0.03, .weight_decay = 0.1, .implementation = implementation, .maximize = maximize};
            const Parameters parameters = mixed_parameters({{}, {7}, {3, 5}, {2, 3, 4}});
            optim::Adafactor optimizer(parameters, options);
            warm_up(optimizer, parameters);
            const Tensors params = data_of(parameters), steps = state_of(optimizer, parameters, "step");
            const Tensors rows = state_of(optimizer, parameters, "row_var"), columns = state_of(optimizer, parameters, "col_var");
            const Tensors variances = state_of(optimizer, parameters, "variance");
            for (int step = 3; step <= 5; ++step) {
                backward(parameters, step);
                optimizer.step();
                functional::adafactor(params, gradients_of(parameters), rows, columns, variances, steps, options);
                CHECK(equal(params, data_of(parameters)));
                CHECK(equal(rows, state_of(optimizer, parameters, "row_var")));
                CHECK(equal(columns, state_of(optimizer, parameters, "col_var")));
                CHECK(equal(variances, state_of(optimizer, parameters, "variance")));
                CHECK(equal(steps, state_of(optimizer, parameters, "step")));
            }
        }
    }
}

TEST_CASE("muon has the bits of its class") {
    for (const bool nesterov : {true, false}) {
        const optim::MuonOptions options{.lr = 0.02, .nesterov = nesterov, .adjust_lr_fn = optim::AdjustLr::match_rms_adamw};
        const Parameters parameters = mixed_parameters({{3, 5}, {5, 3}, {4, 4}});
        optim::Muon optimizer(parameters, options);
        const Tensors params = data_of(parameters), buffers = zeros_like(params);
        for (int step = 1; step <= 3; ++step) {
            backward(parameters, step);
            optimizer.step();
            functional::muon(params, gradients_of(parameters), buffers, options);
            CHECK(equal(params, data_of(parameters)));
            CHECK(equal(buffers, state_of(optimizer, parameters, "momentum_buffer")));
        }
    }
}

TEST_CASE("sparse_adam has the bits of its class, with steps that the caller counts") {
    const optim::SparseAdamOptions options{.lr = 0.1, .betas = {0.5, 0.75}};
    const Parameters parameters = make_parameters({{4}, {6}}, DType::f32);
    optim::SparseAdam optimizer(parameters, options);
    const Tensors params = data_of(parameters), exp_avgs = zeros_like(params), exp_avg_sqs = zeros_like(params);
    for (std::int64_t step = 1; step <= 3; ++step) {
        const std::vector<SparseTensor> grads = {stored({2, 0, 2}, {1, -2, 3}, 4), stored({step}, {0.5}, 6)};
        for (std::size_t i = 0; i < grads.size(); ++i) parameters[i].set_sparse_grad(grads[i]);
        optimizer.step();
        functional::sparse_adam(params, grads, exp_avgs, exp_avg_sqs, std::vector(2, step), options);
        CHECK(equal(params, data_of(parameters)));
        CHECK(equal(exp_avgs, state_of(optimizer, parameters, "exp_avg")));
        CHECK(equal(exp_avg_sqs, state_of(optimizer, parameters, "exp_avg_sq")));
    }
}

TEST_CASE("empty lists are no error here either") {
    functional::adafactor({}, {}, {}, {}, {}, {}, {});
    functional::muon({}, {}, {}, {});
    functional::sparse_adam({}, {}, {}, {}, {}, {});
}

TEST_CASE("an adafactor that does not fit is refused before the first write") {
    const Tensors params = {tensor_of({1, 2}), zeros({2, 3}, DType::f32)}, grads = {tensor_of({1, 1}), zeros({2, 3}, DType::f32)};
    const Tensors rows = {Tensor(), zeros({2, 1}, DType::f32)}, columns = {Tensor(), zeros({1, 3}, DType::f32)};
    const Tensors variances = {tensor_of({0, 0}), Tensor()}, steps = {scalar_tensor(0, DType::f32), scalar_tensor(4, DType::f32)};
    const auto text = [&](const Tensors& g, const Tensors& r, const Tensors& v, const Tensors& s, const optim::AdafactorOptions& options = {}) {
        return complaint([&] { functional::adafactor(params, g, r, columns, v, s, options); });
    };
    CHECK(text({grads[0]}, rows, variances, steps) == "functional.adafactor: grads must have one item for each of 2 tensors, got 1");
    CHECK(text({grads[0], tensor_of({1})}, rows, variances, steps) == "functional.adafactor: grads must have shape (2, 3), got (1,) (tensor 1)");
    CHECK(text(grads, columns, variances, steps).starts_with("Adafactor: row_vars must be a float32 tensor of shape (2, 1) on cpu that can be written, got "));
    CHECK(text(grads, rows, {}, steps) == "Adafactor: variances must be a float32 tensor of shape (2,) on cpu that can be written, got none (tensor 0)");
    CHECK(text(grads, rows, {borrow(variances[0].data(), DType::f32, {2})}, steps) ==
          "Adafactor: variances must be a float32 tensor of shape (2,) on cpu that can be written, got a read-only one (tensor 0)");
    CHECK(text(grads, rows, variances, {steps[0]}) == "functional.adafactor: state_steps must have one item for each of 2 tensors, got 1");
    CHECK(text(grads, rows, variances, {steps[0], scalar_tensor(0.5, DType::f32)}) == "functional.adafactor: state_steps must be counts of steps, got 0.5 (tensor 1)");
    CHECK(contains(text(grads, rows, variances, steps, {.eps = {1e39, 1e-3}}), "eps[0] must be convertible to float32 without overflow, got 1e+39 ('params[0]', group 0)"));
    CHECK(text(grads, rows, variances, steps, {.implementation = Implementation::fused}) ==
          "functional.adafactor: implementation must be automatic, for_loop or foreach, got fused");
    CHECK(numbers_of(params[0]) == std::vector<double>{1, 2});
    CHECK(numbers_of(variances[0]) == std::vector<double>{0, 0});
    CHECK(steps[0].item() == 0);
    CHECK(text(grads, rows, variances, steps, {.lr = -1e-3}) == "");
    CHECK(steps[1].item() == 5);
}

TEST_CASE("what muon and sparse_adam do not take is refused") {
    const Tensors vectors = {tensor_of({1, 2})}, matrices = {zeros({2, 2}, DType::f32)};
    CHECK(contains(complaint([&] { functional::muon(vectors, vectors, vectors, {}); }), "parameters must be matrices with columns, got shape (2,)"));
    CHECK(contains(complaint([&] { functional::muon(matrices, matrices, {}, {}); }), "muon_momentum_bufs must be a float32 tensor of shape (2, 2)"));

    const std::vector<SparseTensor> grads = {stored({1}, {1}, 2)}, longer = {stored({1}, {1}, 3)}, undefined(1);
    const Tensors state = zeros_like(vectors);
    const auto text = [&](std::span<const SparseTensor> some, const std::vector<std::int64_t>& steps) {
        return complaint([&] { functional::sparse_adam(vectors, some, state, state, steps, {}); });
    };
    CHECK(text({}, {1}) == "functional.sparse_adam: grads must have one item for each of 1 tensors, got 0");
    CHECK(text(undefined, {1}) == "functional.sparse_adam: grads must be defined, got an undefined tensor (tensor 0)");
    CHECK(contains(text(longer, {1}), "must have the parameter's shape (2,), got (3,)"));
    CHECK(text(grads, {}) == "functional.sparse_adam: state_steps must have one item for each of 1 tensors, got 0");
    CHECK(text(grads, {0}) == "functional.sparse_adam: state_steps must be numbers of steps from 1 on, got 0 (tensor 0)");
    CHECK(numbers_of(vectors[0]) == std::vector<double>{1, 2});
}

}  // namespace ravine::testing
