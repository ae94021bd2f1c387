#include "allocations.h"
#include "complaints.h"
#include "tensors.h"

#include <ravine/runtime/foreach.h>
#include <ravine/swa/averaged_model.h>

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
    CHECK_THROWS_AS(swa::AveragedModel({}), std::invalid_argument);
    CHECK_THROWS_AS(swa::AveragedModel({model[0], Parameter("w", zeros({1}, DType::f32))}), std::invalid_argument);
    CHECK_THROWS_AS(swa::AveragedModel({model[0], Parameter(zeros({1}, DType::f32))}), std::invalid_argument);
    CHECK(complaint([&] { swa::AveragedModel(model, {.avg_fn = swa::get_swa_avg_fn(), .multi_avg_fn = swa::get_swa_multi_avg_fn()}); }) ==
          "AveragedModel: at most one of avg_fn and multi_avg_fn must be given, got both");
    CHECK(contains(complaint([&] { swa::AveragedModel(model, {.dtype = DType::i64}); }), "dtype must be float64, float32, bfloat16 or float16, got int64"));
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

TEST_CASE("buffers are the latest model's, or averages") {
    const Tensor weight = tensor_of({1}), mean = tensor_of({2, 4}, DType::f64);
    std::int64_t count = 3;
    const Parameters model = {Parameter("w", weight)};
    const swa::Buffers buffers = {{"bn.running_mean", mean}, {"bn.num_batches_tracked", borrow(&count, {})}};
    swa::AveragedModel latest(model, {.buffers = buffers}), averaged(model, {.use_buffers = true, .buffers = buffers});
    CHECK(numbers_of(latest.buffers()[0].data) == std::vector<double>{2, 4});
    CHECK(averaged.buffers()[1].data.item() == 3);
    for (int i = 1; i <= 3; ++i) {
        mean.copy_(tensor_of({3.0 * i, 9.0 - i}, DType::f64));
        count = 4 * i * i;
        for (swa::AveragedModel* average : {&latest, &averaged}) average->update_parameters(model, buffers);
    }
    CHECK(numbers_of(latest.buffers()[0].data) == std::vector<double>{9, 6});
    CHECK(latest.buffers()[1].data.item() == 36);
    CHECK(latest.buffers()[1].data.dtype() == DType::i64);
    CHECK(numbers_of(averaged.buffers()[0].data) == std::vector<double>{6, 7});
    CHECK(averaged.buffers()[1].data.item() == 18);  // 4, then 10, then 10 + 26 / 3 without its fraction
    CHECK(averaged.buffers()[1].name == "bn.num_batches_tracked");
}

TEST_CASE("a state dict has parameters, then buffers, and brings both back") {
    const Parameters model = {Parameter("w", tensor_of({1, 2})), Parameter("b", tensor_of({3}))};
    std::int64_t count = 7;
    const bool mask[2] = {true, false};
    const swa::Buffers buffers = {{"count", borrow(&count, {})}, {"mask", borrow(mask, {2})}};
    swa::AveragedModel average(model, {.buffers = buffers});
    average.update_parameters(model, buffers);
    const Value state = average.state_dict().clone();
    std::vector<std::string> keys;
    for (const auto& [key, value] : state.as<Dict>()) keys.push_back(key.as<std::string>());
    CHECK(keys == std::vector<std::string>{"n_averaged", "module.w", "module.b", "module.count", "module.mask"});
    CHECK(state.at("n_averaged").as<Tensor>().dtype() == DType::i64);
    CHECK(state.at("n_averaged").as<Tensor>().dim() == 0);
    CHECK(state.at("module.mask").as<Tensor>().dtype() == DType::boolean);

    const Parameters zero = {Parameter("w", zeros({2}, DType::f32)), Parameter("b", zeros({1}, DType::f32))};
    const swa::Buffers none = {{"count", zeros({}, DType::i64)}, {"mask", zeros({2}, DType::boolean)}};
    swa::AveragedModel other(zero, {.buffers = none});
    other.load_state_dict(state);
    CHECK(other.state_dict() == state);
    Value without = state;
    Dict& dict = without.as<Dict>();
    dict.set("module.count", zeros({}, DType::i32));
    dict.set("n_averaged", borrow(&count, {1}).clone());
    CHECK(complaint([&] { other.load_state_dict(without); }) ==
          "AveragedModel: load_state_dict: 'module.count' must be a int64 tensor of shape (), got tensor(int32, ())");
    CHECK(other.state_dict() == state);
    count = -1;
    dict.set("n_averaged", borrow(&count, {}).clone());
    CHECK(contains(complaint([&] { other.load_state_dict(without); }), "'n_averaged' must be an int64 of one element >= 0"));
}

TEST_CASE("an avg_fn of a user is called for every tensor from the second update on") {
    const Tensor weight = tensor_of({1, 2}), count = zeros({}, DType::i64);
    const Parameters model = {Parameter("w", weight)};
    std::vector<std::int64_t> calls;
    std::vector<DType> dtypes;
    const auto midpoint = [&](const Tensor& averaged, const Tensor& current, std::int64_t n) {
        calls.push_back(n);
        dtypes.push_back(averaged.dtype());
        CHECK(averaged.read_only());
        CHECK(current.read_only());
        std::vector<double> numbers = numbers_of(averaged), now = numbers_of(current);
        for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = (numbers[i] + now[i]) / 2;
        const Tensor result = tensor_of(numbers, DType::f64);
        return averaged.dim() == 0 ? result.view({}) : result;
    };
    const swa::Buffers buffers = {{"count", count}};
    swa::AveragedModel average(model, {.avg_fn = midpoint, .use_buffers = true, .buffers = buffers});
    average.update_parameters(model, buffers);
    CHECK(calls.empty());
    weight.copy_(tensor_of({2, 4}));
    *count.span<std::int64_t>().data() = 9;
    average.update_parameters(model, buffers);
    average.update_parameters(model, buffers);
    CHECK(calls == std::vector<std::int64_t>{1, 1, 2, 2});
    CHECK(dtypes == std::vector<DType>{DType::f32, DType::i64, DType::f32, DType::i64});
    CHECK(numbers_of(average.parameters()[0].data()) == std::vector<double>{1.75, 3.5});
    CHECK(average.buffers()[0].data.item() == 6);  // 4.5 without its fraction, then 6.5
}

TEST_CASE("a multi_avg_fn of a user is called for each dtype, with lists") {
    const Parameters model = {Parameter("a", tensor_of({1, 2})), Parameter("b", tensor_of({3}, DType::f64)), Parameter("c", tensor_of({4}))};
    std::vector<std::vector<std::size_t>> sizes;
    const auto sum = [&](std::span<const Tensor> averaged, std::span<const Tensor> current, std::int64_t n) {
        std::vector<std::size_t> group = {static_cast<std::size_t>(n)};
        for (const Tensor& tensor : averaged) group.push_back(static_cast<std::size_t>(tensor.numel()));
        sizes.push_back(group);
        foreach::add_(averaged, current);
    };
    swa::AveragedModel average(model, {.multi_avg_fn = sum}), widened(model, {.multi_avg_fn = sum, .dtype = DType::f64});
    for (int i = 0; i < 3; ++i) average.update_parameters(model);
    CHECK(sizes == std::vector<std::vector<std::size_t>>{{1, 2, 1}, {1, 1}, {2, 2, 1}, {2, 1}});
    CHECK(numbers_of(average.parameters()[0].data()) == std::vector<double>{3, 6});
    CHECK(numbers_of(average.parameters()[1].data()) == std::vector<double>{9});
    sizes.clear();
    for (int i = 0; i < 2; ++i) widened.update_parameters(model);
    CHECK(sizes == std::vector<std::vector<std::size_t>>{{1, 2, 1, 1}});
    CHECK(numbers_of(widened.parameters()[2].data()) == std::vector<double>{8});
}

TEST_CASE("a user's function that fails, or returns what does not fit, changes nothing") {
    const Parameters model = {Parameter("a", tensor_of({1, 2})), Parameter("b", tensor_of({3}, DType::f64))};
    int calls = 0;
    Tensor result;
    const auto fails = [&](const Tensor& averaged, const Tensor&, std::int64_t) {
        if (++calls % 2 == 1) return zeros_like(averaged);
        if (!result.defined()) throw std::runtime_error("no result");
        return result;
    };
    const auto fails_late = [&](std::span<const Tensor> averaged, std::span<const Tensor>, std::int64_t) {
        averaged[0].zero_();
        if (averaged[0].dtype() == DType::f64) throw std::runtime_error("no results");
    };
    swa::AveragedModel one(model, {.avg_fn = fails}), several(model, {.multi_avg_fn = fails_late});
    one.update_parameters(model);
    several.update_parameters(model);
    const Value before = one.state_dict().clone();
    CHECK(message_of<std::runtime_error>([&] { one.update_parameters(model); }) == "no result");
    CHECK(message_of<std::runtime_error>([&] { several.update_parameters(model); }) == "no results");
    result = zeros({2}, DType::f64);
    CHECK(complaint([&] { one.update_parameters(model); }) ==
          "AveragedModel: avg_fn must return a real tensor of shape (1,) for 'module.b', got tensor(float64, (2,))");
    result = zeros({1}, DType::c128);
    CHECK(contains(complaint([&] { one.update_parameters(model); }), "got tensor(complex128, (1,))"));
    CHECK(one.state_dict() == before);
    CHECK(several.state_dict() == before);
    CHECK(numbers_of(model[1].data()) == std::vector<double>{3});
}

TEST_CASE("an avg_fn may return the same memory for every tensor") {
    const Parameters model = {Parameter("a", tensor_of({1})), Parameter("b", tensor_of({3}))};
    const Tensor scratch = zeros({1}, DType::f32);
    swa::AveragedModel average(model, {.avg_fn = [&](const Tensor& averaged, const Tensor&, std::int64_t) {
        foreach::copy_({&scratch, 1}, {&averaged, 1});
        foreach::mul_({&scratch, 1}, 2);
        return scratch;
    }});
    for (int i = 0; i < 2; ++i) average.update_parameters(model);
    CHECK(average.parameters()[0].data().item() == 2);
    CHECK(average.parameters()[1].data().item() == 6);
}

TEST_CASE("buffers that do not fit are refused, and nothing is changed") {
    const Parameters model = {Parameter("w", tensor_of({1}))};
    const Tensor mean = tensor_of({2});
    swa::AveragedModel average(model, {.buffers = {{"mean", mean}}});
    average.update_parameters(model, {{"mean", mean}});
    const Value before = average.state_dict().clone();
    model[0].data().copy_(tensor_of({5}));
    CHECK(complaint([&] { average.update_parameters(model); }) == "AveragedModel: the model must have 1 buffers, got 0");
    CHECK(complaint([&] { average.update_parameters(model, {{"variance", mean}}); }) == "AveragedModel: buffer 0 must be 'mean', got 'variance'");
    CHECK(complaint([&] { average.update_parameters(model, {{"mean", zeros({2}, DType::f32)}}); }) ==
          "AveragedModel: buffer 0 must be a float32 tensor of shape (1,), got tensor(float32, (2,))");
    CHECK(contains(complaint([&] { average.update_parameters(model, {{"mean", zeros({1}, DType::i64)}}); }), "buffer 0 must be a float32 tensor"));
    CHECK(contains(complaint([&] { average.update_parameters(model, {{"mean", Tensor()}}); }), "got none"));
    CHECK(average.state_dict() == before);
    CHECK(complaint([&] { swa::AveragedModel(model, {.buffers = {{"w", mean}}}); }) ==
          "AveragedModel: parameters and buffers must have different names, got 'module.w' twice");
    CHECK(complaint([&] { swa::AveragedModel(model, {.buffers = {{"", mean}}}); }) == "AveragedModel: buffer 0 must have a name and a tensor, got no name");
    CHECK(complaint([&] { swa::AveragedModel(model, {.buffers = {{"mean", Tensor()}}}); }) ==
          "AveragedModel: buffer 0 must have a name and a tensor, got no tensor");
    const swa::Buffers mask = {{"mask", zeros({1}, DType::boolean)}};
    CHECK(contains(complaint([&] { swa::AveragedModel(model, {.use_buffers = true, .buffers = mask}); }), "buffer 'mask' must be"));
    CHECK_NOTHROW(swa::AveragedModel(model, {.buffers = mask}));
}

TEST_CASE("a float32 average of a bfloat16 model keeps what bfloat16 would round away") {
    const Tensor weight = tensor_of({1}, DType::bf16), mean = tensor_of({1}, DType::bf16);
    const Parameters model = {Parameter("w", weight)};
    swa::AveragedModelOptions options = swa::ema(0.999);
    options.dtype = DType::f32;
    options.buffers = {{"mean", mean}};
    swa::AveragedModel wide(model, options), narrow(model, swa::ema(0.999));
    for (int i = 0; i < 100; ++i) {
        wide.update_parameters(model, {{"mean", mean}});
        narrow.update_parameters(model);
        weight.copy_(tensor_of({1.0078125}, DType::bf16));
    }
    CHECK(narrow.parameters()[0].data().item() == 1);
    CHECK(wide.parameters()[0].data().item() > 1.0007);
    CHECK(wide.parameters()[0].data().dtype() == DType::f32);
    CHECK(wide.buffers()[0].data.dtype() == DType::bf16);  // a copy, not an average
}

TEST_CASE("a steady update allocates nothing") {
    const Tensor big = random_tensor({20'001}, DType::bf16, 1), mean = random_tensor({7}, DType::f32, 2), count = zeros({}, DType::i64);
    const Parameters model = {Parameter("w", big), Parameter("v", random_tensor({9, 8}, DType::f32, 3))};
    const swa::Buffers buffers = {{"mean", mean}, {"count", count}};
    ThreadExecutor two(2);
    for (const bool use_buffers : {false, true}) {
        for (const swa::AveragedModelOptions& form : {swa::AveragedModelOptions(), swa::ema(0.9), swa::AveragedModelOptions{.avg_fn = swa::get_ema_avg_fn(0.9)}}) {
            swa::AveragedModelOptions options = form;
            options.use_buffers = use_buffers;
            options.buffers = buffers;
            options.dtype = DType::f32;
            swa::AveragedModel average(model, options, {.executor = &two});
            for (int update = 1; update < 100; ++update) average.update_parameters(model, buffers);
            CHECK(allocations_of([&] { average.update_parameters(model, buffers); }) == 0);
        }
    }
}

}  // namespace ravine::testing
