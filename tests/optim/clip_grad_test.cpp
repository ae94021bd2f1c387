#include "harness.h"

#include <ravine/optim/clip_grad.h>

#include <cmath>

namespace ravine::testing {

TEST_CASE("clip_grad_norm_ scales all gradients of an optimizer together and returns the norm as it was") {
    const Parameter one(zeros({2}, DType::f32), tensor_of({3, 0})), other(zeros({1}, DType::f32), tensor_of({-4})), none(zeros({1}, DType::f32));
    optim::SGD optimizer({one, none});
    optimizer.add_param_group({other});
    CHECK(optimizer.clip_grad_norm_(10).item() == 5);
    CHECK(numbers_of(one.grad()) == std::vector{3.0, 0.0});
    const Tensor norm = optimizer.clip_grad_norm_(1);
    CHECK(norm.item() == 5);
    CHECK(norm.dim() == 0);
    CHECK(norm.dtype() == DType::f32);
    const auto scale = static_cast<float>(1 / (5 + 1e-6));
    CHECK(numbers_of(one.grad()) == std::vector{static_cast<double>(3 * scale), 0.0});
    CHECK(numbers_of(other.grad()) == std::vector{static_cast<double>(-4 * scale)});
}

TEST_CASE("clip_grad_norm_ knows the norms of order 1, 2 and infinity") {
    const auto norm = [](double order) {
        const Parameter one(zeros({2}, DType::f64), tensor_of({3, -1}, DType::f64)), other(zeros({}, DType::f64), scalar_tensor(-5, DType::f64));
        return optim::clip_grad_norm_(Parameters{one, other}, 1000, order).item();
    };
    CHECK(norm(1) == 9);
    CHECK(norm(2) == std::sqrt(35.0));
    CHECK(norm(INFINITY) == 5);
    CHECK_THROWS_AS(norm(3), std::invalid_argument);
}

TEST_CASE("clip_grad_norm_ refuses bad arguments before it writes, and passes over what is not there") {
    const Tensor grad = tensor_of({3, 4}), fixed = tensor_of({5});
    const Parameter writable(zeros({2}, DType::f32), grad), read_only(zeros({1}, DType::f32), borrow(fixed.data(), DType::f32, {1}));
    optim::SGD optimizer({writable, read_only});
    CHECK_THROWS_AS(optimizer.clip_grad_norm_(1), std::invalid_argument);
    CHECK_THROWS_AS(optimizer.clip_grad_norm_(-1), std::invalid_argument);
    CHECK_THROWS_AS(optimizer.clip_grad_norm_(NAN), std::invalid_argument);
    CHECK(numbers_of(grad) == std::vector{3.0, 4.0});
    read_only.set_grad(nullptr);
    optimizer.clip_grad_norm_(0);
    CHECK(numbers_of(grad) == std::vector{0.0, 0.0});
    optimizer.zero_grad(true);
    CHECK(optimizer.clip_grad_norm_(1).item() == 0);
}

TEST_CASE("clip_grad_value_ holds every element within the bounds, keeps NaN, and refuses before it writes") {
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::f16}) {
        const Parameter one(zeros({5}, dtype), tensor_of({-3, -0.5, 0, 2, NAN}, dtype)), none(zeros({1}, dtype));
        optim::clip_grad_value_(Parameters{one, none}, 1.5);
        const std::vector<double> clipped = numbers_of(one.grad());
        CHECK(std::vector(clipped.begin(), clipped.begin() + 4) == std::vector{-1.5, -0.5, 0.0, 1.5});
        CHECK(std::isnan(clipped[4]));
    }
    const Tensor grad = tensor_of({3, -4}), fixed = tensor_of({5});
    const Parameters parameters = {Parameter(zeros({2}, DType::f32), grad), Parameter(zeros({1}, DType::f32), borrow(fixed.data(), DType::f32, {1}))};
    CHECK(contains(complaint([&] { optim::clip_grad_value_(parameters, 1); }), "clip_grad_value_: gradients must be writable"));
    parameters[1].set_grad(nullptr);
    for (const double value : {-1.0, static_cast<double>(NAN)}) {
        CHECK(contains(complaint([&] { optim::clip_grad_value_(parameters, value); }), "clip_grad_value_: clip_value must be >= 0"));
    }
    const Parameter complex(zeros({1}, DType::c64), zeros({1}, DType::c64));
    CHECK(contains(complaint([&] { optim::clip_grad_value_(Parameters{complex}, 1); }), "gradients must be real, got complex64"));
    CHECK(numbers_of(grad) == std::vector{3.0, -4.0});
    optim::clip_grad_value_(parameters, 0);
    for (const double number : numbers_of(grad)) CHECK(number == 0);
}

}  // namespace ravine::testing
