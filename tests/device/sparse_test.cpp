// Sparse tensors whose values lie on a device, and optimizers that step by them: the CPU's bits.
#include "host_snapshot.h"
#include "places.h"

#include <ravine/optim/optimizer.h>
#include <ravine/runtime/sparse.h>

#include <random>

namespace ravine::testing {
namespace {

/// Places by chance, some of them several times.
Tensor random_indices(const Shape& sizes, std::int64_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const Tensor result = empty({static_cast<std::int64_t>(sizes.size()), count}, DType::i64);
    std::int64_t* index = result.span<std::int64_t>().data();
    for (const std::int64_t size : sizes) {
        for (std::int64_t i = 0; i < count; ++i) *index++ = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(size));
    }
    return result;
}

struct SparseCase {
    Shape shape;
    Shape indexed;  ///< the first sizes of `shape`
    std::int64_t count;
};

std::vector<SparseCase> sparse_cases() {
    return {{{50}, {50}, 30}, {{7, 5}, {7}, 20}, {{7, 5}, {7, 5}, 60}, {{4, 3, 2, 5}, {4, 3}, 40}, {{9, 300}, {9}, 4}, {{6, 2}, {6}, 0}, {{6, 0}, {6}, 3}, {{3}, {3}, 1000}};
}

SparseTensor sparse_of(const SparseCase& one, DType dtype, std::uint64_t seed) {
    std::vector<std::int64_t> values = {one.count};
    values.insert(values.end(), one.shape.begin() + static_cast<std::ptrdiff_t>(one.indexed.size()), one.shape.end());
    return {random_indices(one.indexed, one.count, seed), random_tensor(Shape(values), dtype, seed), one.shape};
}

/// On the device, with indices there or here.
SparseTensor there_of(const SparseTensor& here, bool indices_too) {
    if (!indices_too) return here.to(gpu);
    return {here.indices().to(gpu), here.values().to(gpu), here.shape()};
}

void check_same(const SparseTensor& there, const SparseTensor& here) {
    CHECK(there.device() == gpu);
    CHECK(there.shape() == here.shape());
    CHECK(there.is_coalesced() == here.is_coalesced());
    CHECK(same_bits(there.indices(), here.indices()));
    CHECK(same_bits(there.values(), here.values()));
}

}  // namespace

TEST_CASE("sparse tensors on a device are summed, divided and made dense with the CPU's bits") {
    for (const SparseCase& one : sparse_cases()) {
        for (const DType dtype : every_type) {
            for (const bool indices_too : {false, true}) {
                CAPTURE(one.shape.to_string());
                CAPTURE(std::string(name(dtype)));
                const SparseTensor here = sparse_of(one, dtype, 1), there = there_of(here, indices_too);
                check_same(there.coalesce(), here.coalesce());
                check_same(there.emptied(), here.emptied());
                CHECK(same_bits(there.to_dense(), here.to_dense()));
                const std::vector<SparseTensor> rounds = there.rounds(), expected = here.rounds();
                REQUIRE(rounds.size() == expected.size());
                for (std::size_t i = 0; i < rounds.size(); ++i) check_same(rounds[i], expected[i]);
            }
        }
    }
}

TEST_CASE("a dense tensor on a device, in any layout, is read and written where a sparse one says") {
    for (const SparseCase& one : sparse_cases()) {
        for (const DType dtype : every_type) {
            for (const Layout layout : every_layout) {
                CAPTURE(one.shape.to_string());
                const SparseTensor here = sparse_of(one, DType::f32, 2), there = there_of(here, true);
                const Tensor dense_here = random_tensor(one.shape, dtype, 3), dense_there = place(dense_here, layout);
                CHECK(same_bits(there.gather(dense_there), here.gather(dense_here)));
                const Tensor values = random_tensor(here.values().shape(), dtype, 4);
                here.scatter(values, dense_here);
                there.scatter(place(values, layout), dense_there);
                CHECK(same_bits(dense_there, dense_here));
            }
        }
    }
}

TEST_CASE("what does not fit a sparse tensor on a device is refused before any write") {
    const SparseTensor here = sparse_of({{7, 5}, {7}, 4}, DType::f32, 5), there = here.to(gpu);
    const Tensor outside = here.indices().clone();
    outside.span<std::int64_t>()[2] = 7;
    CHECK(contains(complaint([&] { SparseTensor(outside.to(gpu), there.values(), {7, 5}); }), "indices of dimension 0 must be from 0 to 6, got 7"));
    CHECK(contains(complaint([&] { SparseTensor(here.indices().to(gpu), here.values(), {7, 5}); }), "indices must be on the CPU or where the values are"));
    const Tensor dense = zeros({7, 5}, DType::f32), dense_there = dense.to(gpu);
    CHECK(contains(complaint([&] { (void)there.gather(dense); }), "must be on cuda:0"));
    CHECK(contains(complaint([&] { there.scatter(here.values(), dense_there); }), "got"));
    CHECK(same_bits(dense_there, dense));
}

TEST_CASE("optimizers step by sparse gradients on a device with the CPU's bits") {
    const std::pair<const char*, Dict> steppers[] = {{"SGD", {{"lr", 0.1}}}, {"SGD", {{"lr", 0.1}, {"maximize", true}}}, {"Adagrad", {{"lr", 0.1}, {"lr_decay", 0.01}}},
                                                     {"SparseAdam", {}}, {"SparseAdam", {{"maximize", true}}}};
    // Plain names: clang 14 captures no structured binding in doctest's lambdas.
    for (const auto& stepper : steppers) {
        const char* const name = stepper.first;
        const Dict& options = stepper.second;
        for (const DType dtype : every_type) {
            CAPTURE(name);
            CAPTURE(std::string(ravine::name(dtype)));
            Parameters here, there;
            const std::vector<SparseCase> cases = sparse_cases();
            for (std::size_t i = 0; i < cases.size(); ++i) {
                here.emplace_back(random_tensor(cases[i].shape, dtype, i));
                there.emplace_back(place(here[i].data(), every_layout[i % 4]));
            }
            optim::Optimizer on_cpu = optim::make(name, here, options), on_gpu = optim::make(name, there, options);
            for (std::uint64_t step = 1; step <= 3; ++step) {
                for (std::size_t i = 0; i < cases.size(); ++i) {
                    here[i].set_sparse_grad(sparse_of(cases[i], dtype, 10 * step + i));
                    there[i].set_sparse_grad(there_of(here[i].sparse_grad(), (step + i) % 2 == 0));
                }
                on_cpu.step();
                on_gpu.step();
            }
            for (std::size_t i = 0; i < cases.size(); ++i) CHECK(same_bits(there[i].data(), here[i].data()));
            for (std::size_t i = 0; i < cases.size(); ++i) {
                for (const auto& [key, value] : on_cpu.state(here[i])) {
                    if (value.is(Value::Kind::tensor)) CHECK(same_bits(on_gpu.state(there[i]).at(key).as<Tensor>(), value.as<Tensor>()));
                }
            }
        }
    }
}

}  // namespace ravine::testing
