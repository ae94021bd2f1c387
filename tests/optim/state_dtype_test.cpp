#include "any_run.h"

#include <ravine/optim/adam.h>
#include <ravine/optim/sgd.h>

#include <map>
#include <optional>

namespace ravine::testing {
namespace {

const optim::LoadOptions wide_state = {.state_dtype = DType::f32};

/// The same optimizer for parameters that are widened before a step and rounded after it.
class Widened {
  public:
    Widened(std::string_view name, const Dict& options, const Parameters& narrow) : narrow_(narrow) {
        for (const Parameter& parameter : narrow) wide_.emplace_back(parameter.data().to(DType::f32));
        optimizer_.emplace(optim::make(name, wide_, options));
    }
    void step() {
        for (std::size_t i = 0; i < wide_.size(); ++i) wide_[i].set_grad(narrow_[i].grad().to(DType::f32));
        optimizer_->step();
        for (std::size_t i = 0; i < wide_.size(); ++i) {
            rounded_[i] = wide_[i].data().to(narrow_[i].data().dtype());
            wide_[i].data().copy_(rounded_[i].to(DType::f32));
        }
    }
    Value state() const { return optimizer_->state_dict().at("state"); }
    const std::map<std::size_t, Tensor>& rounded() const { return rounded_; }

  private:
    Parameters narrow_, wide_;
    std::optional<Optimizer> optimizer_;
    std::map<std::size_t, Tensor> rounded_;
};

/// Every second one not contiguous.
Parameters half_parameters(DType dtype) {
    Parameters result;
    for (const Shape& shape : small_shapes()) {
        Tensor data = random_tensor(shape, dtype, result.size() + 1);
        if (shape.size() == 2 && result.size() % 2 == 0) {
            const Tensor turned = empty({shape[1], shape[0]}, dtype);
            const Tensor view = borrow(turned.mutable_data(), dtype, shape, {.strides = {1, shape[0]}, .owner = std::make_shared<Tensor>(turned)});
            view.copy_(data);
            data = view;
        }
        result.emplace_back(data);
    }
    return result;
}

}  // namespace

TEST_CASE("float32 state of 16-bit parameters is stepped as if they were widened and rounded once, for every class and implementation") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const DType dtype : {DType::bf16, DType::f16}) {
            for (const Implementation implementation : every_implementation) {
                CAPTURE(std::string(optim::name(implementation)));
                const Parameters parameters = half_parameters(dtype);
                Optimizer optimizer = optim::make(name, parameters, options);
                optimizer.set_implementation(implementation);
                optimizer.load_state_dict(optimizer.state_dict(), wide_state);
                Widened reference(name, options, parameters);
                for (int step = 1; step <= 3; ++step) {
                    backward(parameters, step);
                    reference.step();
                    optimizer.step();
                    for (const auto& [i, rounded] : reference.rounded()) REQUIRE(Value(parameters[i].data()) == Value(rounded));
                }
                REQUIRE(optimizer.state_dict().at("state") == reference.state());
            }
        }
    });
}

TEST_CASE("a loaded state is widened or kept in float32, and goes back to the parameters' dtype without the option") {
    for_each_class([](std::string_view name, const Dict& options) {
        AnyRun half(name, options, {}, name == "LBFGS" ? DType::f32 : DType::bf16);
        half.step(1);
        const Value narrow = half.optimizer.state_dict().clone();
        if (!half.optimizer.traits().elementwise) {
            CHECK(contains(complaint([&] { half.optimizer.load_state_dict(narrow, wide_state); }), "state_dtype must be float32, and the class elementwise, got float32"));
            return;
        }
        half.optimizer.load_state_dict(narrow, wide_state);
        const Value wide = half.optimizer.state_dict().clone();
        for (const auto& [slot, value] : half.optimizer.state(half.parameters[0])) {
            if (value.is(Value::Kind::tensor) && value.as<Tensor>().numel() > 1) CHECK(value.as<Tensor>().dtype() == DType::f32);
        }
        half.step(2);
        const Value stepped = half.optimizer.state_dict().clone();
        AnyRun other(name, options, {}, DType::bf16);
        CHECK(contains(complaint([&] { other.optimizer.load_state_dict(stepped); }), "must be a bfloat16 tensor"));
        other.optimizer.load_state_dict(stepped, wide_state);
        CHECK(other.optimizer.state_dict() == stepped);
        half.optimizer.load_state_dict(narrow);
        CHECK(half.optimizer.state_dict() == narrow);
    });
}

TEST_CASE("parameters that come later have float32 state too, and rows that are selected keep it") {
    Parameter first("first", random_tensor({4, 3}, DType::bf16, 1)), later("later", random_tensor({5}, DType::bf16, 2));
    optim::Adam optimizer({first});
    optimizer.load_state_dict(optimizer.state_dict(), wide_state);
    optimizer.add_param_group({later});
    const auto step = [&] {
        for (const Parameter& parameter : {first, later}) parameter.set_grad(random_tensor(parameter.data().shape(), DType::bf16, 3));
        optimizer.step();
    };
    step();
    CHECK(optimizer.state(later, "exp_avg").dtype() == DType::f32);
    const Tensor moments = optimizer.state(first, "exp_avg").clone();
    first.rebind(random_tensor({2, 3}, DType::bf16, 4), Tensor());
    const std::int64_t rows[] = {3, -1};
    optimizer.select_rows({first}, rows);
    const Tensor kept = optimizer.state(first, "exp_avg");
    CHECK(kept.dtype() == DType::f32);
    CHECK(std::equal(kept.span<const float>().begin(), kept.span<const float>().begin() + 3, moments.span<const float>().begin() + 9));
    CHECK(kept.span<const float>()[3] == 0);
    step();
}

TEST_CASE("other dtypes of state, and sparse gradients beside float32 state, are refused and nothing changes") {
    Parameter parameter("w", random_tensor({4, 3}, DType::bf16, 1));
    optim::SGD optimizer({parameter}, {.lr = 0.1, .momentum = 0.9});
    for (const DType dtype : {DType::f64, DType::bf16, DType::f16, DType::i64, DType::f8_e5m2}) {
        CHECK(contains(complaint([&] { optimizer.load_state_dict(optimizer.state_dict(), {.state_dtype = dtype}); }), "state_dtype must be float32"));
    }
    optimizer.load_state_dict(optimizer.state_dict(), wide_state);
    parameter.set_grad(random_tensor({4, 3}, DType::bf16, 2));
    optimizer.step();
    parameter.set_sparse_grad({zeros({1, 1}, DType::i64), random_tensor({1, 3}, DType::bf16, 3), {4, 3}});
    const Value before = snapshot(optimizer, {parameter});
    CHECK(contains(complaint([&] { optimizer.step(); }), "the state must have the parameter's dtype with sparse gradients"));
    CHECK(snapshot(optimizer, {parameter}) == before);
}

TEST_CASE("parameters of wider dtypes keep their own") {
    AnyRun wide("Adam", {}, {}, DType::f64);
    wide.optimizer.load_state_dict(wide.optimizer.state_dict(), wide_state);
    wide.step(1);
    CHECK(wide.optimizer.state(wide.parameters[0], "exp_avg").dtype() == DType::f64);
}

}  // namespace ravine::testing
