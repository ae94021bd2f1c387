#include "harness.h"

#include <ravine/optim/adam.h>
#include <ravine/optim/sparse_adam.h>

#include <cmath>

namespace ravine::testing {
namespace {

SparseTensor rows(const std::vector<std::int64_t>& places, const std::vector<double>& values, std::int64_t size, DType dtype = DType::f64) {
    const Tensor indices = zeros({1, places.size()}, DType::i64);
    std::copy(places.begin(), places.end(), indices.span<std::int64_t>().begin());
    return {indices, tensor_of(values, dtype), {size}};
}

}  // namespace

TEST_CASE("SparseAdam's defaults, their order and their ranges are torch's") {
    const optim::SparseAdam optimizer({Parameter(zeros({1}, DType::f32))});
    CHECK(optimizer.state_dict().at("param_groups").items()[0] ==
          Value(Dict{{"lr", 1e-3}, {"betas", Tuple{0.9, 0.999}}, {"eps", 1e-8}, {"maximize", false}, {"params", List{0}}}));
    CHECK(option_complaint("SparseAdam", {{"lr", 0}}) == "SparseAdam: lr must be > 0, got 0");
    CHECK(option_complaint("SparseAdam", {{"eps", 0.0}}) == "SparseAdam: eps must be > 0, got 0");
    CHECK(option_complaint("SparseAdam", {{"eps", NAN}}) == "SparseAdam: eps must be > 0, got nan");
    CHECK(contains(option_complaint("SparseAdam", {{"betas", Tuple{1.0, 0.5}}}), "betas[0] must be in [0, 1), got 1"));
    CHECK(contains(message_of<std::out_of_range>([] { optim::make("SparseAdam", {some_parameter()}, {{"foreach", true}}); }), "'foreach'"));
}

TEST_CASE("SparseAdam moves the stored places only, and only their averages") {
    const Parameter parameter(tensor_of({1, 1, 1}, DType::f64));
    optim::SparseAdam optimizer({parameter}, {.lr = 0.1, .betas = {0.5, 0.75}});
    parameter.set_sparse_grad(rows({2}, {4}, 3));
    optimizer.step();
    CHECK(numbers_of(optimizer.state(parameter, "exp_avg")) == std::vector<double>{0, 0, 2});
    CHECK(numbers_of(optimizer.state(parameter, "exp_avg_sq")) == std::vector<double>{0, 0, 4});
    const std::vector<double> first = numbers_of(parameter.data());
    CHECK(first[0] == 1);
    CHECK(first[2] == doctest::Approx(0.9).epsilon(1e-7));
    parameter.set_sparse_grad(rows({0}, {-1}, 3));
    optimizer.step();
    CHECK(numbers_of(optimizer.state(parameter, "exp_avg")) == std::vector<double>{-0.5, 0, 2});
    CHECK(numbers_of(parameter.data())[2] == first[2]);
}

TEST_CASE("SparseAdam's first step has torch's size: eps beside the uncorrected root") {
    const Parameter parameter(zeros({1}, DType::f64));
    optim::SparseAdam optimizer({parameter}, {.lr = 0.1});
    parameter.set_sparse_grad(rows({0}, {1e-6}, 1));
    optimizer.step();
    CHECK(-numbers_of(parameter.data())[0] == doctest::Approx(0.0760).epsilon(1e-3));
}

TEST_CASE("SparseAdam counts steps whose gradients store nothing, as a plain integer") {
    const Parameter parameter("w", tensor_of({1, 2}, DType::f64));
    optim::SparseAdam optimizer({parameter});
    parameter.set_sparse_grad(rows({}, {}, 2));
    optimizer.step();
    optimizer.step();
    CHECK(numbers_of(parameter.data()) == std::vector<double>{1, 2});
    const Dict state = optimizer.state(parameter);
    CHECK(state.at("step") == Value(2));
    CHECK(state == Dict{{"step", 2}, {"exp_avg", zeros({2}, DType::f64)}, {"exp_avg_sq", zeros({2}, DType::f64)}});
    CHECK(optimizer.state(parameter, "step").item() == 2);
}

TEST_CASE("values at one place add up before SparseAdam sees them, in any order of storage") {
    const auto run = [](const SparseTensor& gradient) {
        const Parameter parameter(tensor_of({1, 2, 3}, DType::f32));
        optim::SparseAdam optimizer({parameter}, {.lr = 0.1});
        parameter.set_sparse_grad(gradient);
        for (int step = 0; step < 3; ++step) optimizer.step();
        return snapshot(optimizer, {parameter});
    };
    const Value expected = run(rows({0, 2}, {0.75, -2}, 3, DType::f32));
    CHECK(run(rows({2, 0, 0}, {-2, 0.25, 0.5}, 3, DType::f32)) == expected);
    CHECK(run(rows({0, 2, 0}, {0.5, -2, 0.25}, 3, DType::f32)) == expected);
}

TEST_CASE("SparseAdam maximizes by the negative gradient") {
    const auto run = [](double sign, bool maximize) {
        const Parameter parameter(tensor_of({1, 2, 3}, DType::f32));
        optim::SparseAdam optimizer({parameter}, {.lr = 0.1, .maximize = maximize});
        parameter.set_sparse_grad(rows({0, 2}, {sign * 0.75, sign * -2}, 3, DType::f32));
        for (int step = 0; step < 3; ++step) optimizer.step();
        return snapshot(optimizer, {parameter});
    };
    CHECK(run(1, true) == run(-1, false));
}

TEST_CASE("SparseAdam refuses a dense gradient and names Adam, before any write") {
    const Parameter sparse("s", tensor_of({1, 2}, DType::f64)), dense("d", tensor_of({1, 2}, DType::f64), tensor_of({1, 2}, DType::f64));
    optim::SparseAdam optimizer({sparse, dense});
    sparse.set_sparse_grad(rows({0}, {1}, 2));
    CHECK(message_of<std::invalid_argument>([&] { optimizer.step(); }) == "SparseAdam: gradients must be sparse, got a dense one ('d', group 0); see Adam");
    CHECK(numbers_of(sparse.data()) == std::vector<double>{1, 2});
    CHECK(optimizer.state(sparse).empty());
}

TEST_CASE("an index that left the table since is refused before anything is written") {
    const Parameter first(tensor_of({1, 2}, DType::f64)), second(tensor_of({1, 2}, DType::f64));
    optim::SparseAdam optimizer({first});
    optimizer.add_param_group({second});
    const SparseTensor moved = rows({0}, {1}, 2);
    first.set_sparse_grad(rows({0}, {1}, 2));
    second.set_sparse_grad(moved);
    moved.indices().span<std::int64_t>()[0] = 2;
    CHECK_THROWS_AS(optimizer.step(), std::invalid_argument);
    CHECK(numbers_of(first.data()) == std::vector<double>{1, 2});
    CHECK(optimizer.state(first).empty());
}

}  // namespace ravine::testing
