// Complex parameters are stepped like their parts.
#include "harness.h"

#include <ravine/optim/clip_grad.h>
#include <ravine/optim/lbfgs.h>
#include <ravine/runtime/file.h>

namespace ravine::testing {
namespace {

constexpr DType complex_dtypes[] = {DType::c64, DType::c128};

/// Complex tensors and the same memory as numbers.
struct Complex {
    Tensor whole, parts;
};

/// `columns_first`: of a matrix, the elements of a column lie together.
Complex make_complex(const Shape& shape, DType dtype, std::uint64_t seed, bool columns_first = false) {
    const Shape strides = columns_first ? Shape{1, shape[0]} : contiguous_strides(shape);
    const Tensor whole = empty_strided(shape, strides, dtype), parts = whole.view_as_real();
    parts.copy_(random_tensor(parts.shape(), parts.dtype(), seed));
    return {whole, parts};
}

/// Complex parameters of several shapes, and one that is real, beside parameters of their parts.
struct Twins {
    Parameters whole, parts;

    explicit Twins(DType dtype) {
        std::uint64_t seed = 1;
        for (const Shape& shape : {Shape{}, Shape{0}, Shape{5}, Shape{33}, Shape{7, 6}}) {
            const Complex value = make_complex(shape, dtype, seed++, shape.size() == 2);
            whole.emplace_back(value.whole);
            parts.emplace_back(value.parts.clone());
        }
        whole.emplace_back(random_tensor({9}, DType::f32, seed));
        parts.emplace_back(random_tensor({9}, DType::f32, seed));
    }
    void backward(int step) const {
        for (std::size_t i = 0; i < whole.size(); ++i) {
            const std::uint64_t seed = 100 * (i + 1) + static_cast<std::uint64_t>(step);
            const bool is_real = i + 1 == whole.size();
            const Complex grad = is_real ? Complex{random_tensor({9}, DType::f32, seed), random_tensor({9}, DType::f32, seed)}
                                         : make_complex(whole[i].data().shape(), whole[i].data().dtype(), seed, whole[i].data().dim() == 2);
            whole[i].set_grad(grad.whole);
            parts[i].set_grad(grad.parts.clone());
        }
    }
};

Value as_parts(const Value& value) {
    const Tensor* tensor = value.get_if<Tensor>();
    return tensor != nullptr && is_complex(tensor->dtype()) ? Value(tensor->view_as_real()) : value;
}

/// Parameters and state, complex ones as their parts.
Value parts_snapshot(const Optimizer& optimizer, const Parameters& parameters) {
    List result;
    for (const Parameter& parameter : parameters) {
        Dict state;
        for (const auto& [key, value] : optimizer.state(parameter)) state.set(key, as_parts(value));
        result.items.emplace_back(List{as_parts(parameter.data()), state});
    }
    return Value(result).clone();
}

}  // namespace

TEST_CASE("view_as_real sees a complex tensor's memory as its parts") {
    const Tensor whole = zeros({2, 3}, DType::c64);
    const Tensor parts = whole.view_as_real();
    CHECK(parts.shape() == Shape{2, 3, 2});
    CHECK(parts.dtype() == DType::f32);
    CHECK(parts.data() == whole.data());
    const std::span<float> numbers = parts.span<float>();
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i);
    const Tensor column = borrow(whole.mutable_data(), DType::c64, {2}, {.strides = {3}});
    CHECK(column.view_as_real().strides() == Shape{6, 1});
    CHECK(Value(column.view_as_real().clone()) == Value(tensor_of({0, 1, 6, 7}).to(DType::f32).view({2, 2})));
    CHECK(complaint([] { (void)zeros({2}, DType::f32).view_as_real(); }) == "view_as_real: the tensor must be complex, got float32");
    CHECK(complaint([] { (void)Tensor().view_as_real(); }) == "view_as_real: the tensor must be complex, got an undefined one");
}

TEST_CASE("a complex parameter is stepped like its parts, and so is its state") {
    for_each_configuration([](std::string_view name, const Dict& options) {
        for (const DType dtype : complex_dtypes) {
            for (const Implementation implementation : {Implementation::automatic, Implementation::for_loop, Implementation::foreach}) {
                const Twins twins(dtype);
                Optimizer optimizer = optim::make(name, twins.whole, options), expected = optim::make(name, twins.parts, options);
                optimizer.set_implementation(implementation);
                for (int step = 1; step <= 4; ++step) {
                    twins.backward(step);
                    optimizer.step();
                    expected.step();
                }
                CHECK(parts_snapshot(optimizer, twins.whole) == parts_snapshot(expected, twins.parts));
                for (const auto& [key, value] : optimizer.state(twins.whole[2])) {
                    const Tensor& tensor = value.as<Tensor>();
                    if (tensor.dim() != 0) CHECK(tensor.dtype() == dtype);
                }
            }
        }
    });
}

TEST_CASE("complex parameters do not go with explicit fused, which changes nothing") {
    for (const std::string_view name : elementwise_names()) {
        const Twins twins(DType::c64);
        Optimizer optimizer = optim::make(name, twins.whole);
        optimizer.set_implementation(Implementation::fused);
        twins.backward(1);
        const Value before = parts_snapshot(optimizer, twins.whole);
        const std::string text = message_of<std::invalid_argument>([&] { optimizer.step(); });
        CHECK(contains(text, "implementation must not be fused with complex parameters, got complex64"));
        CHECK(parts_snapshot(optimizer, twins.whole) == before);
    }
}

TEST_CASE("a state of complex tensors is saved, loaded and gone on with") {
    for (const std::string_view name : elementwise_names()) {
        const Twins twins(DType::c64), others(DType::c64);
        Optimizer optimizer = optim::make(name, twins.whole), resumed = optim::make(name, others.whole);
        twins.backward(1);
        optimizer.step();
        for (std::size_t i = 0; i < twins.whole.size(); ++i) others.whole[i].data().copy_(twins.whole[i].data());
        resumed.load_state_dict(safetensors::to_tree(safetensors::from_tree(optimizer.state_dict()), "memory"));
        twins.backward(2);
        others.backward(2);
        optimizer.step();
        resumed.step();
        CHECK(snapshot(resumed, others.whole) == snapshot(optimizer, twins.whole));
    }
}

TEST_CASE("a state of real numbers is not taken for a complex parameter") {
    const Twins twins(DType::c64);
    Optimizer real = optim::make("Adam", {twins.parts[2]}), complex = optim::make("Adam", {twins.whole[2]});
    twins.backward(1);
    real.step();
    for (const bool positional : {false, true}) {
        const std::string text = message_of<std::invalid_argument>([&] { complex.load_state_dict(real.state_dict(), {.positional = positional}); });
        CHECK(contains(text, "exp_avg must be a complex64 tensor of shape (5,)"));
    }
}

TEST_CASE("classes that work on matrices or rows refuse complex parameters") {
    for (const std::string_view name : {"Adafactor", "Muon", "SparseAdam"}) {
        const std::string text = complaint([&] { optim::make(name, {Parameter("w", zeros({2, 2}, DType::c64))}); });
        CHECK(text == std::string(name) + ": parameters must be real, got 'w' of dtype complex64 (group 0)");
    }
}

TEST_CASE("LBFGS minimises over the parts of complex parameters") {
    for (const DType dtype : complex_dtypes) {
        const Complex start = make_complex({3}, dtype, 5);
        const Parameter whole(start.whole), parts(start.parts.clone());
        // Half the squared distance from 1 + 2i, element by element; the parts' gradient is the difference.
        const auto loss_of = [](const Parameter& parameter, bool is_whole) {
            const Tensor numbers = is_whole ? parameter.data().view_as_real() : parameter.data();
            const Tensor wide = numbers.to(DType::f64);
            double loss = 0;
            for (std::size_t i = 0; i < wide.span<double>().size(); ++i) {
                double& number = wide.span<double>()[i];
                number -= i % 2 == 0 ? 1 : 2;
                loss += number * number * (1 + static_cast<double>(i)) / 2;
                number *= 1 + static_cast<double>(i);
            }
            const Tensor grad = zeros_like(parameter.data());
            (is_whole ? grad.view_as_real() : grad).copy_(wide.to(numbers.dtype()));
            parameter.set_grad(grad);
            return loss;
        };
        Optimizer optimizer = optim::make("LBFGS", {whole}, {{"line_search_fn", "strong_wolfe"}});
        Optimizer expected = optim::make("LBFGS", {parts}, {{"line_search_fn", "strong_wolfe"}});
        const auto close = [&] { return loss_of(whole, true); };
        const auto closure = [&] { return loss_of(parts, false); };
        CHECK(optimizer.step(close) == expected.step(closure));
        CHECK(Value(whole.data().view_as_real()) == Value(parts.data()));
        CHECK(loss_of(whole, true) < 1e-6);
    }
}

TEST_CASE("clip_grad_norm_ takes the absolute values of complex gradients") {
    const Complex grad = make_complex({4}, DType::c64, 3);
    const Tensor parts = grad.parts.clone();
    CHECK(Value(optim::clip_grad_norm_(std::span(&grad.whole, 1), 0.5)) == Value(optim::clip_grad_norm_(std::span(&parts, 1), 0.5)));
    CHECK(Value(grad.parts) == Value(parts));
    CHECK(complaint([&] { optim::clip_grad_norm_(std::span(&grad.whole, 1), 0.5, 1); }) ==
          "clip_grad_norm_: norm_type must be 2 with complex gradients, got 1");
}

}  // namespace ravine::testing
