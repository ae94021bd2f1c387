#include <ravine/swa/averaged_model.h>

#include "complaints.h"
#include "tensors.h"

#include <doctest/doctest.h>

#include <cmath>

namespace ravine::testing {

namespace {

Tensor many(std::uint64_t seed) { return random_tensor({70001}, DType::f32, seed); }

}  // namespace

TEST_CASE("the first update copies the model, later ones take the mean of all models") {
    const Tensor weight = tensor_of({1, -2}, DType::f64);
    const Parameters model = {Parameter("w", weight)};
    swa::AveragedModel average(model);
    weight.copy_(tensor_of({3, 4}, DType::f64));
    CHECK(numbers_of(average.parameters()[0].data()) == std::vector<double>{1, -2});
    average.update_parameters(model);
    CHECK(numbers_of(average.parameters()[0].data()) == std::vector<double>{3, 4});
    weight.copy_(tensor_of({4, 8}, DType::f64));
    average.update_parameters(model);
    weight.copy_(tensor_of({8, 0}, DType::f64));
    average.update_parameters(model);
    CHECK(numbers_of(average.parameters()[0].data()) == std::vector<double>{3.5 + (8 - 3.5) / 3, 6.0 + (0 - 6.0) / 3});
    CHECK(average.n_averaged() == 3);
    CHECK(numbers_of(weight) == std::vector<double>{8, 0});
}

TEST_CASE("the exponential average is torch's lerp in every bit, in one thread and in several") {
    for (const double decay : {0.0, 0.3, 0.9, 0.999, 1.0}) {
        const Tensor first = many(1), second = many(2), weight = first.clone();
        const Parameters model = {Parameter(weight)};
        SerialExecutor serial;
        ThreadExecutor threads(4);
        swa::AveragedModel one(model, swa::ema(decay), {.executor = &serial}), several(model, swa::ema(decay), {.executor = &threads});
        for (const Tensor& now : {first, second}) {
            weight.copy_(now);
            one.update_parameters(model);
            several.update_parameters(model);
        }
        const auto w = static_cast<float>(1 - decay);
        const auto p = first.span<const float>(), q = second.span<const float>(), actual = one.parameters()[0].data().span<const float>();
        int wrong = 0;
        for (std::size_t i = 0; i < p.size(); ++i) {
            const float expected = std::fabs(w) < 0.5F ? std::fma(w, q[i] - p[i], p[i]) : std::fma(w - 1, q[i] - p[i], q[i]);
            wrong += actual[i] != expected;
        }
        CHECK(wrong == 0);
        CHECK(Value(several.parameters()[0].data()) == Value(one.parameters()[0].data()));
    }
}

TEST_CASE("16-bit averages are rounded after every operation") {
    const Tensor weight = tensor_of({1, 3}, DType::bf16);
    const Parameters model = {Parameter(weight)};
    swa::AveragedModel average(model);
    average.update_parameters(model);
    average.update_parameters(model);
    weight.copy_(tensor_of({1.0078125, 4}, DType::bf16));
    average.update_parameters(model);
    // (q - p) / 3 rounded to bf16 (8 bits), then added and rounded again.
    CHECK(numbers_of(average.parameters()[0].data()) == std::vector<double>{1, 3.328125});
}

TEST_CASE("models of several dtypes, layouts, shapes and places are averaged alike") {
    const Tensor storage = tensor_of({1, 2, 3, 4, 5, 6}, DType::f32), moved = tensor_of({7, 8, 9, 10, 11, 12}, DType::f32);
    const Tensor transposed = borrow(storage.mutable_data(), DType::f32, {2, 3}, {.strides = {1, 2}});
    const Parameter matrix("matrix", transposed), scalar("scalar", scalar_tensor(5, DType::f64)), none("none", zeros({0, 4}, DType::f16));
    const Parameters model = {matrix, scalar, none};
    swa::AveragedModel average(model, swa::ema(0.5));
    average.update_parameters(model);
    matrix.rebind(borrow(moved.mutable_data(), DType::f32, {2, 3}, {.strides = {1, 2}}));
    average.update_parameters(model);
    matrix.rebind(borrow(moved.mutable_data(), DType::f32, {2, 3}));
    average.update_parameters(model);
    CHECK(numbers_of(average.parameters()[0].data()) == std::vector<double>{5.5, 7, 8.5, 7.5, 9, 10.5});
    CHECK(average.parameters()[0].name() == "matrix");
    CHECK(average.parameters()[1].data().item() == 5);
}

TEST_CASE("a state dict has torch's keys and brings an average back") {
    const Tensor weight = tensor_of({1, 2}, DType::f32);
    const Parameters model = {Parameter("fc.weight", weight)};
    swa::AveragedModel average(model), other(model, swa::ema(0.5));
    average.update_parameters(model);
    weight.copy_(tensor_of({3, 6}, DType::f32));
    average.update_parameters(model);
    const Value state = average.state_dict();
    CHECK(state.as<Dict>().begin()[0].first == Value("n_averaged"));
    CHECK(state.at("n_averaged").as<Tensor>().item() == 2);
    CHECK(state.at("module.fc.weight") == Value(tensor_of({2, 4}, DType::f32)));
    other.load_state_dict(state.clone());
    CHECK(other.state_dict() == state);
    CHECK(other.n_averaged() == 2);
}

TEST_CASE("what does not fit is refused, and nothing is changed") {
    const Parameters model = {Parameter("w", tensor_of({1, 2}, DType::f32)), Parameter("b", tensor_of({3}, DType::f32))};
    swa::AveragedModel average(model);
    average.update_parameters(model);
    const Value before = average.state_dict().clone();
    const auto complaint = [](const std::function<void()>& call) { return message_of<std::invalid_argument>(call); };
    CHECK(complaint([&] { average.update_parameters({model[0]}); }) == "AveragedModel: the model must have 2 parameters, got 1");
    CHECK(contains(complaint([&] { average.update_parameters({model[1], model[0]}); }), "parameter 0 must be 'w', got 'b'"));
    CHECK(contains(complaint([&] { average.update_parameters({model[0], Parameter("b", zeros({2}, DType::f32))}); }), "must be a float32 tensor of shape (1,)"));
    const std::string text = complaint([&] { average.load_state_dict(Dict{{"n_averaged", -1}, {"module.w", zeros({3}, DType::f32)}, {"x", 1}}); });
    CHECK(contains(text, "'n_averaged' must be a tensor"));
    CHECK(contains(text, "'module.w' must be a float32 tensor of shape (2,)"));
    CHECK(contains(text, "'module.b' must be a tensor, got none"));
    CHECK(contains(text, "'x'"));
    CHECK(contains(complaint([&] { average.load_state_dict(List{}); }), "must be given a dict"));
    CHECK(average.state_dict() == before);
    CHECK_THROWS_AS(swa::ema(1.5), std::invalid_argument);
    CHECK_THROWS_AS(swa::ema(NAN), std::invalid_argument);
    CHECK_THROWS_AS(swa::AveragedModel({}), std::invalid_argument);
    CHECK_THROWS_AS(swa::AveragedModel({model[0], Parameter("w", zeros({1}, DType::f32))}), std::invalid_argument);
    CHECK_THROWS_AS(swa::AveragedModel({model[0], Parameter(zeros({1}, DType::f32))}), std::invalid_argument);
}

TEST_CASE("complex models are averaged like their parts") {
    for (const swa::AveragedModelOptions& averaging : {swa::AveragedModelOptions(), swa::ema(0.75)}) {
        const Tensor whole = zeros({5}, DType::c64), parts = whole.view_as_real(), apart = zeros({5, 2}, DType::f32);
        const Parameters model = {Parameter(whole)}, other = {Parameter(apart)};
        swa::AveragedModel average(model, averaging), expected(other, averaging);
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            parts.copy_(random_tensor({5, 2}, DType::f32, seed));
            apart.copy_(parts);
            average.update_parameters(model);
            expected.update_parameters(other);
        }
        CHECK(Value(average.parameters()[0].data().view_as_real()) == Value(expected.parameters()[0].data()));
    }
}

}  // namespace ravine::testing
