// The functions of averaging.h, alone and within an AveragedModel, against torch's numbers.
#include "complaints.h"
#include "tensors.h"
#include "torch_averages.h"

#include <ravine/swa/averaged_model.h>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>

namespace ravine::testing {

namespace {

/// The options for the names in torch_averages.h.
swa::AveragedModelOptions options_of(std::string_view form) {
    if (form == "get_swa_avg_fn") return {.avg_fn = swa::get_swa_avg_fn()};
    if (form == "get_swa_multi_avg_fn") return {.multi_avg_fn = swa::get_swa_multi_avg_fn(swa::EqualWeight::torch_foreach)};
    if (form == "get_swa_multi_avg_fn, exact") return {.multi_avg_fn = swa::get_swa_multi_avg_fn()};
    if (form == "get_ema_avg_fn(0.9)") return {.avg_fn = swa::get_ema_avg_fn(0.9)};
    if (form == "get_ema_avg_fn(0.3)") return {.avg_fn = swa::get_ema_avg_fn(0.3)};
    if (form == "get_ema_multi_avg_fn(0.9)") return {.multi_avg_fn = swa::get_ema_multi_avg_fn(0.9)};
    if (form == "get_ema_multi_avg_fn(0.3)") return {.multi_avg_fn = swa::get_ema_multi_avg_fn(0.3)};
    return {};
}

template <class T> void fill(const Tensor& tensor, const std::vector<double>& numbers) {
    const auto span = tensor.span<T>();
    for (std::size_t i = 0; i < numbers.size(); ++i) span[i] = static_cast<T>(numbers[i]);
}

Tensor integers_of(const std::vector<double>& numbers, DType dtype) {
    const Tensor result = zeros({numbers.size()}, dtype);
    switch (dtype) {
    case DType::i64: fill<std::int64_t>(result, numbers); break;
    case DType::i32: fill<std::int32_t>(result, numbers); break;
    case DType::i16: fill<std::int16_t>(result, numbers); break;
    case DType::i8: fill<std::int8_t>(result, numbers); break;
    case DType::u64: fill<std::uint64_t>(result, numbers); break;
    case DType::u32: fill<std::uint32_t>(result, numbers); break;
    case DType::u16: fill<std::uint16_t>(result, numbers); break;
    case DType::u8: fill<std::uint8_t>(result, numbers); break;
    default: fill<bool>(result, numbers);
    }
    return result;
}

/// The models of tests/goldens/averages.py.
Tensor model_values(int update, DType dtype) {
    std::vector<double> numbers;
    for (int i = 0; i < 12; ++i) {
        const int k = (i * 37 + update * 101 + i * i * 7) % 251;
        if (is_floating_point(dtype)) numbers.push_back((k - 125) * 0.1);
        else if (dtype == DType::boolean) numbers.push_back(k % 2);
        else numbers.push_back(dtype == DType::u8 ? k : k - 125);
    }
    return is_floating_point(dtype) ? tensor_of(numbers, dtype) : integers_of(numbers, dtype);
}

/// Calls a function of averaging.h as anybody may.
void average_by_hand(const swa::AveragedModelOptions& options, const Tensor& averaged, const Tensor& current, std::int64_t n) {
    if (options.avg_fn) averaged.copy_(options.avg_fn(averaged, current, n));
    else options.multi_avg_fn({&averaged, 1}, {&current, 1}, n);
}

const Parameters& any_parameter() {
    static const Parameters parameters = {Parameter("w", zeros({1}, DType::f32))};
    return parameters;
}

}  // namespace

TEST_CASE("averages have torch's bits: every function, every dtype of buffers, within a model and by hand") {
    for (const TorchAverage& expected : torch_averages) {
        CAPTURE(std::string(expected.form));
        CAPTURE(std::string(name(expected.dtype)));
        swa::AveragedModelOptions options = options_of(expected.form);
        options.use_buffers = true;
        const Tensor now = model_values(0, expected.dtype), by_hand = now.clone();
        options.buffers = {{"values", now}};
        swa::AveragedModel average(any_parameter(), options);
        for (int update = 0; update < 6; ++update) {
            now.copy_(model_values(update, expected.dtype));
            average.update_parameters(any_parameter(), {{"values", now}});
            const bool is_default = !options.avg_fn && !options.multi_avg_fn;
            if (update > 0) average_by_hand(is_default ? options_of("get_swa_avg_fn") : options, by_hand, now, update);
        }
        CHECK(numbers_of(average.buffers()[0].data) == expected.averages);
        CHECK(numbers_of(by_hand) == expected.averages);
    }
}

TEST_CASE("the goldens are of every function and dtype that torch averages") {
    std::map<std::string, int> dtypes;
    for (const TorchAverage& golden : torch_averages) ++dtypes[golden.form];
    CHECK(dtypes.size() == 8);
    CHECK(dtypes["default"] == 9);  // not bool
    CHECK(dtypes["get_swa_multi_avg_fn"] == 4);
    CHECK(dtypes["get_ema_avg_fn(0.9)"] == 10);
}

TEST_CASE("parameters are averaged like buffers") {
    for (const TorchAverage& expected : torch_averages) {
        if (!is_floating_point(expected.dtype)) continue;
        const Tensor weight = model_values(0, expected.dtype);
        const Parameters model = {Parameter(weight)};
        swa::AveragedModel average(model, options_of(expected.form));
        for (int update = 0; update < 6; ++update) {
            weight.copy_(model_values(update, expected.dtype));
            average.update_parameters(model);
        }
        CHECK(numbers_of(average.parameters()[0].data()) == expected.averages);
    }
}

TEST_CASE("the lerp weight of an equal average is exact, or torch's float32") {
    const Tensor p = tensor_of({1}, DType::f64), q = tensor_of({2}, DType::f64), torch = p.clone();
    swa::get_swa_multi_avg_fn()({&p, 1}, {&q, 1}, 2);
    swa::get_swa_multi_avg_fn(swa::EqualWeight::torch_foreach)({&torch, 1}, {&q, 1}, 2);
    CHECK(p.item() == 1.3333333333333333);
    CHECK(torch.item() == 1.3333333432674408);
    CHECK(swa::get_swa_avg_fn()(tensor_of({1}, DType::f64), q, 2).item() == 1.3333333333333333);
}

TEST_CASE("the two forms of the exponential average differ in last bits") {
    const Tensor p = random_tensor({10'000}, DType::f32, 1), q = random_tensor({10'000}, DType::f32, 2);
    const Tensor products = swa::get_ema_avg_fn(0.999)(p, q, 1), lerp = p.clone();
    swa::get_ema_multi_avg_fn(0.999)({&lerp, 1}, {&q, 1}, 1);
    const auto a = products.span<const float>(), b = lerp.span<const float>();
    int different = 0;
    for (std::size_t i = 0; i < a.size(); ++i) different += a[i] != b[i];
    CHECK(different > 1000);
}

TEST_CASE("a counter in an average stays behind, or where it is") {
    const auto counts = [](swa::AveragedModelOptions options) {
        std::int64_t count = 0;
        options.use_buffers = true;
        options.buffers = {{"n", borrow(&count, {})}};
        swa::AveragedModel average(any_parameter(), options);
        std::vector<double> result;
        for (count = 1; count <= 12; ++count) {
            average.update_parameters(any_parameter(), {{"n", borrow(&count, {})}});
            result.push_back(average.buffers()[0].data.item());
        }
        return result;
    };
    CHECK(counts(swa::ema(0.9)) == std::vector<double>{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3});
    CHECK(counts({.avg_fn = swa::get_ema_avg_fn(0.9)}) == std::vector<double>{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3});
    CHECK(counts({}) == std::vector<double>(12, 1));
    CHECK(complaint([&] { counts({.multi_avg_fn = swa::get_swa_multi_avg_fn()}); }) ==
          "AveragedModel: buffer 'n' must be floating-point or complex for get_swa_multi_avg_fn, got int64");
}

TEST_CASE("integers end at their range, and unsigned ones have no equal average but bytes") {
    const Tensor most = integers_of({0}, DType::i32);
    fill<std::int32_t>(most, {std::numeric_limits<std::int32_t>::max()});
    CHECK(swa::get_ema_avg_fn(0.5)(most, most, 1).item() == std::numeric_limits<std::int32_t>::max());
    for (const DType dtype : {DType::u16, DType::u32, DType::u64}) {
        const Tensor p = integers_of({10, 7}, dtype), q = integers_of({20, 5}, dtype);
        CHECK(numbers_of(swa::get_ema_avg_fn(0.5)(p, q, 1)) == std::vector<double>{15, 6});
        CHECK(contains(complaint([&] { swa::get_swa_avg_fn()(p, q, 1); }), "averaged[0] must be floating-point, complex, int64"));
    }
}

TEST_CASE("an average in another dtype is that of the rounded model, in any layout and number of threads") {
    for (const auto& [own, other] : {std::pair(DType::bf16, DType::f32), std::pair(DType::f16, DType::f64), std::pair(DType::f32, DType::bf16)}) {
        for (const std::string_view form : {"default", "get_ema_avg_fn(0.9)", "get_ema_multi_avg_fn(0.9)"}) {
            const Tensor memory = empty({2, 70'001}, own), rounded = empty({2, 70'001}, other);
            const Tensor transposed = borrow(memory.mutable_data(), own, {70'001, 2}, {.strides = {1, 70'001}});
            const Tensor gaps = borrow(memory.mutable_data(), own, {35'000}, {.strides = {4}});
            const Parameters model = {Parameter(memory), Parameter(transposed), Parameter(gaps)};
            const Parameters in_other = {Parameter(rounded)};
            SerialExecutor serial;
            ThreadExecutor threads(4);
            swa::AveragedModelOptions options = options_of(form);
            swa::AveragedModel expected(in_other, options);
            options.dtype = other;
            swa::AveragedModel one(model, options, {.executor = &serial}), several(model, options, {.executor = &threads});
            for (std::uint64_t update = 1; update <= 3; ++update) {
                memory.copy_(random_tensor({2, 70'001}, own, update));
                rounded.copy_(memory.to(other));
                for (swa::AveragedModel* average : {&one, &several}) average->update_parameters(model);
                expected.update_parameters(in_other);
            }
            const Tensor reference = expected.parameters()[0].data();
            CHECK(one.parameters()[0].data().dtype() == other);
            CHECK(Value(one.parameters()[0].data()) == Value(reference));
            CHECK(Value(one.parameters()[1].data()) == Value(borrow(reference.data(), other, {70'001, 2}, {.strides = {1, 70'001}})));
            CHECK(Value(one.parameters()[2].data()) == Value(borrow(reference.data(), other, {35'000}, {.strides = {4}})));
            CHECK(several.state_dict() == one.state_dict());
        }
    }
}

TEST_CASE("the functions check what they are called with") {
    const Tensor two = zeros({2}, DType::f32), three = zeros({3}, DType::f32), whole = zeros({2}, DType::i32), complex = zeros({2}, DType::c64);
    const auto ema = swa::get_ema_avg_fn(0.5), swa = swa::get_swa_avg_fn();
    const auto multi = swa::get_ema_multi_avg_fn(0.5), equal = swa::get_swa_multi_avg_fn();
    CHECK(contains(complaint([&] { ema(two, three, 1); }), "get_ema_avg_fn: current must have shape (2,)"));
    CHECK(complaint([&] { swa(two, whole, 1); }) == "get_swa_avg_fn: averaged[0] must have current's dtype int32, got float32");
    CHECK(contains(complaint([&] { swa(complex, two, 1); }), "must have current's dtype float32, got complex64"));
    CHECK(contains(complaint([&] { multi({&two, 1}, {}, 1); }), "get_ema_multi_avg_fn"));
    CHECK(contains(complaint([&] { equal({&whole, 1}, {&whole, 1}, 1); }), "must be floating-point or complex for get_swa_multi_avg_fn, got int32"));
    CHECK(contains(complaint([&] { ema(Tensor(), two, 1); }), "get_ema_avg_fn: averaged"));
    const float constant[2] = {};
    const Tensor fixed = borrow(constant, {2});
    CHECK(contains(complaint([&] { multi({&fixed, 1}, {&two, 1}, 1); }), "get_ema_multi_avg_fn: averaged"));
    CHECK(numbers_of(ema(fixed, two, 1)) == std::vector<double>{0, 0});
    CHECK(complaint([] { swa::get_ema_avg_fn(1.5); }) == "get_ema_avg_fn: decay must be in [0, 1], got 1.5");
    CHECK(complaint([] { swa::get_ema_multi_avg_fn(-0.1); }) == "get_ema_multi_avg_fn: decay must be in [0, 1], got -0.1");
    CHECK_THROWS_AS(swa::ema(NAN), std::invalid_argument);
    CHECK_NOTHROW(swa::get_ema_avg_fn(0));
    CHECK_NOTHROW(swa::get_ema_multi_avg_fn(1));
}

}  // namespace ravine::testing
