#include "harness.h"

#include <ravine/optim/muon.h>

#include <cmath>

namespace ravine::testing {
namespace {

/// What a step without decay does to zeros, over -lr.
std::vector<double> direction(const Tensor& grad, optim::MuonOptions options = {}) {
    const Parameter parameter(zeros(grad.shape(), grad.dtype()), grad);
    options.weight_decay = 0;
    options.lr = 1;
    optim::Muon optimizer({parameter}, options);
    optimizer.step();
    std::vector<double> result = numbers_of(parameter.data());
    for (double& number : result) number = -number;
    return result;
}

}  // namespace

TEST_CASE("Muon's defaults, their order and their ranges are torch's") {
    const optim::Muon optimizer({some_parameter()});
    CHECK(optimizer.state_dict().at("param_groups").items()[0] ==
          Value(Dict{{"lr", 1e-3}, {"weight_decay", 0.1}, {"momentum", 0.95}, {"nesterov", true}, {"ns_coefficients", Tuple{3.4445, -4.7750, 2.0315}},
                     {"eps", 1e-7}, {"ns_steps", 5}, {"adjust_lr_fn", nullptr}, {"params", List{0}}}));
    CHECK(option_complaint("Muon", {{"lr", -1}}) == "Muon: lr must be >= 0, got -1");
    CHECK(option_complaint("Muon", {{"weight_decay", -1}}) == "Muon: weight_decay must be >= 0, got -1");
    CHECK(option_complaint("Muon", {{"momentum", -1}}) == "Muon: momentum must be >= 0, got -1");
    CHECK(option_complaint("Muon", {{"ns_steps", 100}}) == "Muon: ns_steps must be < 100, got 100");
    CHECK(contains(option_complaint("Muon", {{"ns_steps", 1.5}}), "ns_steps must be an integer"));
    CHECK(contains(option_complaint("Muon", {{"ns_coefficients", Tuple{1.0, 2.0}}}), "ns_coefficients must be three floats"));
    CHECK(contains(option_complaint("Muon", {{"adjust_lr_fn", "rms"}}), "adjust_lr_fn must be None, 'original', 'match_rms_adamw' or 'spectral_unclamped', got 'rms'"));
    for (const char* name : {"original", "match_rms_adamw", "spectral_unclamped"}) {
        CHECK(optim::make("Muon", {some_parameter()}, {{"adjust_lr_fn", name}}).param_groups()[0].get("adjust_lr_fn") == Value(name));
    }
    CHECK_THROWS_AS(optim::make("Muon", {some_parameter()}, {{"maximize", true}}), std::out_of_range);
}

TEST_CASE("Muon takes matrices only, at once and in groups added later") {
    const auto text = [](const std::function<void()>& call) { return message_of<std::invalid_argument>(call); };
    const Parameter vector("b", zeros({3}, DType::f32)), cube(zeros({2, 2, 2}, DType::f32)), matrix("w", zeros({2, 2}, DType::f32));
    CHECK(text([&] { optim::Muon({matrix, vector}); }) == "Muon: parameters must be matrices, of 2 dimensions, got 'b' of shape (3,) (group 0)");
    CHECK(contains(text([&] { optim::Muon({cube}); }), "got a parameter of shape (2, 2, 2) (group 0)"));
    optim::Muon optimizer({matrix});
    CHECK(contains(text([&] { optimizer.add_param_group({vector}); }), "'b' of shape (3,) (group 1)"));
    matrix.rebind(zeros({4}, DType::f32), zeros({4}, DType::f32));
    CHECK(contains(text([&] { optimizer.step(); }), "Muon: parameters must be matrices"));
}

TEST_CASE("a matrix without columns has no ratio and is refused before any write, one without rows does not move") {
    const Parameter good(random_tensor({2, 2}, DType::f32, 1), random_tensor({2, 2}, DType::f32, 2));
    const Parameter narrow(zeros({2, 0}, DType::f32), zeros({2, 0}, DType::f32)), flat(zeros({0, 2}, DType::f32), zeros({0, 2}, DType::f32));
    const Value before = Value(good.data()).clone();
    optim::Muon refused({good, narrow});
    CHECK(contains(message_of<std::invalid_argument>([&] { refused.step(); }), "Muon: parameters must be matrices with columns, got shape (2, 0)"));
    CHECK(Value(good.data()) == before);
    optim::Muon matched({good, narrow, flat}, {.adjust_lr_fn = optim::AdjustLr::match_rms_adamw});
    matched.step();
    CHECK_FALSE(Value(good.data()) == before);
    CHECK(matched.state(flat, "momentum_buffer").shape() == Shape{0, 2});
}

TEST_CASE("scalars that overflow a dtype are refused before any write") {
    const Parameter matrix(random_tensor({4, 1}, DType::f16, 1), random_tensor({4, 1}, DType::f16, 2));
    const Value before = Value(matrix.data()).clone();
    for (const optim::MuonOptions& options : {optim::MuonOptions{.lr = 4e4}, optim::MuonOptions{.momentum = 1e39}}) {
        optim::Muon optimizer({matrix}, options);
        CHECK(contains(message_of<std::invalid_argument>([&] { optimizer.step(); }), "must be convertible to float16 without overflow"));
        CHECK(Value(matrix.data()) == before);
    }
}

TEST_CASE("the buffer is an average of gradients") {
    const Parameter parameter(zeros({1, 2}, DType::f64), tensor_of({4, 8}, DType::f64).view({1, 2}));
    optim::Muon optimizer({parameter}, {.momentum = 0.75});
    optimizer.step();
    CHECK(numbers_of(optimizer.state(parameter, "momentum_buffer")) == std::vector<double>{1, 2});
    optimizer.step();
    CHECK(numbers_of(optimizer.state(parameter, "momentum_buffer")) == std::vector<double>{1.75, 3.5});
    CHECK(optimizer.state(parameter).size() == 1);
}

TEST_CASE("the direction of a step has singular values near 1, and is that of the transpose transposed") {
    const Tensor grad = random_tensor({6, 9}, DType::f32, 4), transposed = empty({9, 6}, DType::f32);
    for (std::size_t i = 0; i < 6; ++i) {
        for (std::size_t j = 0; j < 9; ++j) transposed.span<float>()[j * 6 + i] = grad.span<const float>()[i * 9 + j];
    }
    const std::vector<double> wide = direction(grad), tall = direction(transposed, {.adjust_lr_fn = optim::AdjustLr::spectral_unclamped});
    double squares = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        for (std::size_t j = 0; j < 9; ++j) {
            CHECK(wide[i * 9 + j] == doctest::Approx(tall[j * 6 + i] / std::sqrt(1.5)).epsilon(1e-6));
            squares += wide[i * 9 + j] * wide[i * 9 + j];
        }
    }
    CHECK(squares > 6 * 0.5);  // six singular values from about 0.7 to 1.2
    CHECK(squares < 6 * 1.5);
}

TEST_CASE("without iterations a direction is the gradient over its norm, and a tiny one is divided by eps") {
    const std::vector<double> unit = direction(tensor_of({3, 4}).view({1, 2}), {.momentum = 0, .ns_steps = 0});
    CHECK(unit[0] == doctest::Approx(0.6).epsilon(4e-3));
    CHECK(unit[1] == doctest::Approx(0.8).epsilon(4e-3));
    const std::vector<double> tiny = direction(tensor_of({1e-9, 0}).view({1, 2}), {.momentum = 0, .eps = 1e-6, .ns_steps = 0});
    CHECK(tiny[0] == doctest::Approx(1e-3).epsilon(8e-3));
    CHECK(direction(zeros({2, 2}, DType::f32)) == std::vector<double>{0, 0, 0, 0});
    CHECK(std::isnan(direction(tensor_of({INFINITY, 1}).view({1, 2}))[0]));
}

TEST_CASE("the lr is adjusted by shape as adjust_lr_fn says") {
    using optim::AdjustLr;
    const auto moved = [](const Shape& shape, AdjustLr how) {
        const Tensor grad = zeros(shape, DType::f64);
        grad.span<double>()[0] = 1;
        return direction(grad, {.ns_steps = 0, .adjust_lr_fn = how})[0];
    };
    CHECK(moved({4, 1}, AdjustLr::unset) == 2);
    CHECK(moved({4, 1}, AdjustLr::original) == 2);
    CHECK(moved({1, 4}, AdjustLr::original) == 1);
    CHECK(moved({1, 4}, AdjustLr::spectral_unclamped) == 0.5);
    CHECK(moved({4, 1}, AdjustLr::match_rms_adamw) == 0.4);
}

TEST_CASE("matrices of one shape that are stepped together move as each alone") {
    const std::vector<Shape> shapes = {{5, 8}, {8, 5}, {5, 8}, {3, 3}, {8, 5}};
    for (const DType dtype : every_dtype) {
        const Parameters together = make_parameters(shapes, dtype), apart = make_parameters(shapes, dtype);
        backward(together, 1);
        backward(apart, 1);
        optim::Muon(together).step();
        for (const Parameter& parameter : apart) optim::Muon({parameter}).step();
        for (std::size_t i = 0; i < shapes.size(); ++i) CHECK(Value(together[i].data()) == Value(apart[i].data()));
    }
}

TEST_CASE("a model is split by shape and by name, in order") {
    const auto named = [](const char* name, const Shape& shape) { return Parameter(name, zeros(shape, DType::f32)); };
    const Parameters model = {named("embed.weight", {9, 4}), named("layer.0.weight", {4, 4}), named("layer.0.bias", {4}), named("conv", {2, 2, 3, 3}),
                              named("layer.1.weight", {4, 4}), named("lm_head.weight", {9, 4})};
    const optim::MuonSplit split = optim::split_for_muon(model, {"*embed*", "lm_head.?eight"});
    CHECK(split.matrices == Parameters{model[1], model[4]});
    CHECK(split.others == Parameters{model[0], model[2], model[3], model[5]});
    CHECK(optim::split_for_muon(model).matrices.size() == 4);
    CHECK(optim::split_for_muon(model, {"*"}).matrices.empty());
    CHECK(optim::split_for_muon(model, {"*.*.weight"}).others.size() == 4);
    CHECK(optim::split_for_muon({Parameter(zeros({2, 2}, DType::f32))}).matrices.size() == 1);
    CHECK(contains(message_of<std::invalid_argument>([&] { optim::split_for_muon(model, {"lm_haed*"}); }), "a pattern must match a parameter's name, got 'lm_haed*'"));
    CHECK(contains(message_of<std::invalid_argument>([&] { optim::split_for_muon(model, {"embed"}); }), "'embed'"));
    CHECK(contains(message_of<std::invalid_argument>([] { optim::split_for_muon({some_parameter()}, {"*"}); }), "must have names"));
    optim::Muon muon(split.matrices);
    Optimizer rest = optim::make("AdamW", split.others);
    backward(model, 1);
    muon.step();
    rest.step();
}

}  // namespace ravine::testing
