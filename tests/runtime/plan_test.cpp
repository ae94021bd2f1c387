#include "../tensors.h"

#include <ravine/runtime/plan.h>

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace ravine::testing {
namespace {

using kernels::Chunk, kernels::StepArguments;

/// slot 0 += k * slot 1, so that a row that is run twice or not at all shows.
void add_scaled(const Chunk* rows, unsigned long long chunks, const StepArguments& arguments) noexcept {
    for (const Chunk* row = rows; row != rows + chunks; ++row) {
        for (long long i = 0; i < row->count; ++i) {
            static_cast<float*>(row->slot[0])[i] += static_cast<float>(arguments.terms[0]) * static_cast<const float*>(row->slot[1])[i];
        }
    }
}

PlanEntry scaled_by(double k) {
    PlanEntry entry{&add_scaled, {}, 1};
    entry.arguments.terms[0] = k;
    return entry;
}

std::vector<Shape> shapes() {
    std::vector<Shape> result = {{}, {0}, {1}, {16383}, {16384}, {16385}, {70'001}, {3, 5}};
    result.insert(result.end(), 300, Shape{64});
    return result;
}

std::size_t add(Plan& plan, unsigned entry, const Tensor& to, const Tensor& from) {
    const Tensor* slots[] = {&to, &from};
    return plan.add_row(entry, slots);
}

/// Every other element of a buffer, as a tensor of this shape.
Tensor with_gaps(std::vector<float>& memory, const Shape& shape) {
    memory.assign(static_cast<std::size_t>(2 * shape.numel()) + 1, -7);
    Shape strides = contiguous_strides(shape);
    for (std::int64_t& stride : strides) stride *= 2;
    return borrow(memory.data() + 1, shape, {.strides = strides});
}

/// Notes how many tasks there are.
struct Counting final : Executor {
    ThreadExecutor threads{4};
    std::size_t regions = 0, tasks = 0;
    int concurrency() const noexcept override { return 4; }
    void parallel_for(std::size_t count, function_ref<void(std::size_t)> task) override {
        ++regions;
        tasks += count;
        threads.parallel_for(count, task);
    }
};

}  // namespace

TEST_CASE("every element of every row is run once, by any number of threads") {
    for (const int threads : {1, 2, 5}) {
        CAPTURE(threads);
        ThreadExecutor executor(threads);
        Plan plan;
        const unsigned entries[] = {plan.add_entry(scaled_by(1)), plan.add_entry(scaled_by(-2))};
        std::vector<Tensor> to, from;
        for (const Shape& shape : shapes()) {
            to.push_back(random_tensor(shape, DType::f32, to.size()));
            from.push_back(random_tensor(shape, DType::f32, 1000 + to.size()));
        }
        std::vector<std::vector<double>> expected;
        for (std::size_t i = 0; i < to.size(); ++i) {
            add(plan, entries[i % 2], to[i], from[i]);
            std::vector<double> numbers = numbers_of(to[i]);
            const std::vector<double> added = numbers_of(from[i]);
            for (std::size_t j = 0; j < numbers.size(); ++j) {
                numbers[j] = static_cast<double>(static_cast<float>(numbers[j]) + static_cast<float>(i % 2 == 0 ? added[j] : -2 * added[j]));
            }
            expected.push_back(numbers);
        }
        plan.seal(executor.concurrency());
        plan.run(executor);
        for (std::size_t i = 0; i < to.size(); ++i) CHECK((numbers_of(to[i]) == expected[i]));
    }
}

TEST_CASE("a plan is one parallel region, and small work stays on the calling thread") {
    Counting executor;
    const Tensor large_to = zeros({100'000}, DType::f32), large_from = random_tensor({100'000}, DType::f32, 1);
    const Tensor small_to = zeros({100}, DType::f32), small_from = random_tensor({100}, DType::f32, 2);
    Plan small;
    add(small, small.add_entry(scaled_by(1)), small_to, small_from);
    small.seal(executor.concurrency());
    small.run(executor);
    CHECK(executor.regions == 0);
    CHECK(numbers_of(small_to) == numbers_of(small_from));

    Plan large;
    const unsigned entry = large.add_entry(scaled_by(1));
    add(large, entry, large_to, large_from);
    const std::vector<Tensor> many = zeros_like(std::vector<Tensor>(50, small_to));
    for (const Tensor& tensor : many) add(large, entry, tensor, small_from);
    large.seal(executor.concurrency());
    large.run(executor);
    CHECK(executor.regions == 1);
    CHECK(executor.tasks >= 4);
    CHECK(numbers_of(large_to) == numbers_of(large_from));
}

TEST_CASE("rows whose layouts differ are run in row-major order, and gaps survive") {
    ThreadExecutor executor(2);
    for (const Shape& shape : {Shape{3, 5}, Shape{20'001}, Shape{130, 131}, Shape{0, 4}}) {
        CAPTURE(shape.to_string());
        std::vector<float> memory;
        const Tensor gaps = with_gaps(memory, shape), from = random_tensor(shape, DType::f32, 5), dense = zeros(shape, DType::f32);
        gaps.zero_();
        Plan plan;
        const unsigned entry = plan.add_entry(scaled_by(1));
        add(plan, entry, gaps, from);
        add(plan, entry, dense, gaps.numel() > 0 ? from : dense);
        plan.seal(executor.concurrency());
        plan.run(executor);
        CHECK((numbers_of(gaps) == numbers_of(from)));
        CHECK((numbers_of(dense) == numbers_of(from)));
        CHECK(std::count(memory.begin(), memory.end(), -7.0f) == shape.numel() + 1);
    }
}

TEST_CASE("tensors of one dense layout are walked flat, others are matched by index") {
    float a[6] = {}, b[6] = {1, 2, 3, 4, 5, 6}, c[6] = {};
    SerialExecutor executor;
    Plan plan;
    const unsigned entry = plan.add_entry(scaled_by(1));
    const BorrowOptions columns{.strides = {1, 2}};
    add(plan, entry, borrow(a, {2, 3}, columns), borrow(b, {2, 3}, columns));
    add(plan, entry, borrow(c, {2, 3}, columns), borrow(b, {2, 3}));
    plan.seal(1);
    plan.run(executor);
    CHECK(std::equal(a, a + 6, b));
    CHECK(std::vector<float>(c, c + 6) == std::vector<float>{1, 4, 2, 5, 3, 6});
}

TEST_CASE("slots move and scalars change between runs") {
    SerialExecutor executor;
    const Shape shape{40'000};
    const Tensor to = zeros(shape, DType::f32), first = random_tensor(shape, DType::f32, 1), second = random_tensor(shape, DType::f32, 2);
    std::vector<float> memory;
    const Tensor gaps = with_gaps(memory, {500}), small = random_tensor({500}, DType::f32, 3), other = random_tensor({500}, DType::f32, 4);
    gaps.zero_();
    Plan plan;
    const unsigned entry = plan.add_entry(scaled_by(0));
    const std::size_t flat_row = add(plan, entry, to, first), strided_row = add(plan, entry, gaps, small);
    plan.seal(1);
    plan.run(executor);
    for (const double number : numbers_of(to)) REQUIRE(number == 0);
    plan.entry(entry).arguments.terms[0] = 1;
    plan.move_slot(flat_row, 1, second);
    plan.move_slot(strided_row, 1, other);
    plan.run(executor);
    CHECK((numbers_of(to) == numbers_of(second)));
    CHECK((numbers_of(gaps) == numbers_of(other)));
}

TEST_CASE("a slot that is only read is converted from its own dtype, flat or not") {
    ThreadExecutor executor(3);
    for (const DType dtype : {DType::bf16, DType::f16, DType::f64}) {
        CAPTURE(std::string(name(dtype)));
        const Shape shape{300, 131};
        const Tensor from = random_tensor(shape, dtype, 1), other = random_tensor(shape, dtype, 2);
        const Tensor flat = zeros(shape, DType::f32), columns = zeros({131, 300}, DType::f32);
        const Tensor transposed = borrow(columns.mutable_data(), DType::f32, shape, {.strides = {1, 300}});
        std::vector<float> memory;
        const Tensor gaps = with_gaps(memory, shape);
        gaps.zero_();
        Plan plan;
        const unsigned entry = plan.add_entry(scaled_by(1));
        const std::size_t rows[] = {add(plan, entry, flat, from), add(plan, entry, transposed, from), add(plan, entry, gaps, from)};
        plan.seal(executor.concurrency());
        plan.run(executor);
        for (const Tensor& to : {flat, transposed, gaps}) {
            CHECK(numbers_of(to) == numbers_of(from.to(DType::f32)));
            to.zero_();
        }
        for (const std::size_t row : rows) plan.move_slot(row, 1, other);
        plan.run(executor);
        for (const Tensor& to : {flat, transposed, gaps}) CHECK(numbers_of(to) == numbers_of(other.to(DType::f32)));
        CHECK(std::count(memory.begin(), memory.end(), -7.0f) == shape.numel() + 1);
    }
}

TEST_CASE("a plan that was cleared, moved or never filled runs nothing old") {
    SerialExecutor executor;
    Plan plan;
    CHECK(plan.empty());
    plan.run(executor);
    const Tensor to = zeros({10}, DType::f32), from = random_tensor({10}, DType::f32, 1);
    add(plan, plan.add_entry(scaled_by(1)), to, from);
    plan.seal(1);
    Plan moved = std::move(plan);
    CHECK_FALSE(moved.empty());
    moved.run(executor);
    CHECK(numbers_of(to) == numbers_of(from));
    moved.clear();
    CHECK(moved.empty());
    moved.seal(1);
    moved.run(executor);
    CHECK(numbers_of(to) == numbers_of(from));
}

}  // namespace ravine::testing
