#include "../complaints.h"
#include "../tensors.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <stdexcept>

namespace ravine::testing {
namespace {

/// Counts what is out, and gives memory that is full of nonsense.
struct CountingAllocator final : Allocator {
    std::size_t blocks = 0, bytes = 0;
    void* allocate(std::size_t size, Device) override {
        ++blocks;
        bytes += size;
        void* memory = ::operator new(size, std::align_val_t{64});
        std::memset(memory, 0x7f, size);
        return memory;
    }
    void deallocate(void* memory, std::size_t size, Device) noexcept override {
        --blocks;
        bytes -= size;
        ::operator delete(memory, std::align_val_t{64});
    }
};

bool is_aligned(const Tensor& tensor) { return reinterpret_cast<std::uintptr_t>(tensor.data()) % 64 == 0; }

}  // namespace

TEST_CASE("an undefined tensor says so") {
    const Tensor none;
    CHECK_FALSE(none.defined());
    CHECK_FALSE(static_cast<bool>(none));
    CHECK_FALSE(none.clone().defined());
    CHECK_FALSE(none.is_same_view(zeros({}, DType::f32)));
    CHECK(contains(complaint([&] { (void)none.span<float>(); }), "must be defined"));
    CHECK(contains(complaint([&] { zeros({1}, DType::f32).copy_(none); }), "must be defined"));
}

TEST_CASE("a borrowed tensor sees the caller's memory and keeps no copy") {
    float memory[6] = {0, 1, 2, 3, 4, 5};
    const Tensor tensor = borrow(memory, {2, 3});
    CHECK(tensor.dtype() == DType::f32);
    CHECK(tensor.dim() == 2);
    CHECK(tensor.nbytes() == 24);
    CHECK(tensor.data() == memory);
    tensor.span<float>()[4] = 40;
    CHECK(memory[4] == 40);
    memory[0] = 7;
    CHECK(tensor.span<const float>()[0] == 7);
    CHECK(tensor.is_same_view(borrow(memory, {2, 3})));
    CHECK_FALSE(tensor.is_same_view(borrow(memory, {3, 2})));
}

TEST_CASE("memory borrowed from a const pointer is never written") {
    const double memory[2] = {1, 2};
    const Tensor tensor = borrow(memory, {2});
    CHECK(tensor.read_only());
    CHECK(tensor.span<const double>()[1] == 2);
    for (const auto& write : std::vector<std::function<void()>>{[&] { (void)tensor.mutable_data(); }, [&] { (void)tensor.span<double>(); },
                                                               [&] { tensor.zero_(); }, [&] { tensor.copy_(zeros({2}, DType::f64)); }}) {
        CHECK(contains(complaint(write), "must be writable, got a read-only tensor"));
    }
    CHECK(memory[0] == 1);
    CHECK_FALSE(tensor.clone().read_only());
}

TEST_CASE("borrow refuses what cannot be a tensor") {
    float memory[8] = {};
    const auto largest = std::numeric_limits<std::int64_t>::max();
    CHECK(contains(complaint([] { borrow(static_cast<float*>(nullptr), {2}); }), "borrow: data must not be null, got null"));
    CHECK(contains(complaint([&] { borrow(memory, {2, -1}); }), "borrow: sizes must be >= 0, got (2, -1)"));
    CHECK(contains(complaint([&] { borrow(memory, {largest, 2}); }), "sizes must not overflow"));
    CHECK(contains(complaint([&] { borrow(memory, {2}, {.strides = {1, 1}}); }), "strides must have one entry for each of 1 dimensions"));
    CHECK(contains(complaint([&] { borrow(memory, {2}, {.strides = {-1}}); }), "strides must be >= 0, got (-1,)"));
    CHECK(contains(complaint([&] { borrow(memory, {3}, {.strides = {largest / 2}}); }), "strides must not overflow"));
    void* const odd = reinterpret_cast<std::byte*>(memory) + 1;
    CHECK(contains(complaint([&] { borrow(odd, DType::f32, {1}); }), "aligned to 4 bytes"));
    CHECK(borrow(static_cast<float*>(nullptr), {0, 3}).numel() == 0);
    CHECK(borrow(memory, {0, largest}).numel() == 0);
}

TEST_CASE("layouts are told apart") {
    float memory[64] = {};
    const Tensor rows = borrow(memory, {2, 3}), columns = borrow(memory, {2, 3}, {.strides = {1, 2}}), gaps = borrow(memory, {2, 3}, {.strides = {6, 2}});
    CHECK(rows.is_contiguous());
    CHECK_FALSE(columns.is_contiguous());
    CHECK(columns.is_dense());
    CHECK_FALSE(gaps.is_dense());
    CHECK(columns.has_layout_of(columns));
    CHECK_FALSE(columns.has_layout_of(rows));
    CHECK_FALSE(gaps.has_layout_of(gaps));
    CHECK_FALSE(rows.has_layout_of(borrow(memory, {3, 2})));
    // A dimension of size 1 may have any stride; a broadcast one is not dense.
    CHECK(borrow(memory, {1, 4}, {.strides = {77, 1}}).is_contiguous());
    CHECK_FALSE(borrow(memory, {3}, {.strides = {0}}).is_dense());
    CHECK(borrow(memory, {0, 5}, {.strides = {9, 9}}).is_contiguous());
    CHECK(borrow(memory, Shape()).is_contiguous());
}

TEST_CASE("span wants the dtype and a dense layout") {
    float memory[8] = {};
    CHECK(contains(complaint([&] { (void)borrow(memory, {2}).span<double>(); }), "Tensor.span: dtype must be float64, got float32"));
    CHECK(contains(complaint([&] { (void)borrow(memory, {2}, {.strides = {2}}).span<float>(); }), "the layout must be dense, got strides (2,)"));
}

TEST_CASE("new tensors are aligned, of the context's memory, and freed with the last view") {
    CountingAllocator allocator;
    {
        const Tensor tensor = zeros({3, 5}, DType::f16, {.allocator = &allocator});
        CHECK(is_aligned(tensor));
        CHECK(allocator.blocks == 1);
        for (const double number : numbers_of(tensor)) CHECK(number == 0);
        const Tensor view = tensor.view({15});
        const Tensor copy = tensor.clone({.allocator = &allocator});
        CHECK(allocator.blocks == 2);
        CHECK(view.data() == tensor.data());
        CHECK(copy.data() != tensor.data());
    }
    CHECK(allocator.blocks == 0);
    CHECK(allocator.bytes == 0);
}

TEST_CASE("empty and 0-d tensors are tensors") {
    const Tensor nothing = zeros({0, 3}, DType::f64), one = scalar_tensor(2.5, DType::f32);
    CHECK(nothing.numel() == 0);
    CHECK(nothing.defined());
    CHECK(nothing.clone().shape() == Shape{0, 3});
    CHECK(one.dim() == 0);
    CHECK(one.item() == 2.5);
    CHECK(contains(complaint([&] { (void)nothing.item(); }), "must have one element, got shape (0, 3)"));
}

TEST_CASE("new memory wants sizes that exist and dense strides") {
    CHECK(contains(complaint([] { empty({-1}, DType::f32); }), "sizes must be >= 0"));
    CHECK(contains(complaint([] { empty_strided({2}, {100}, DType::f32); }), "strides must be dense for shape (2,), got (100,)"));
    CHECK(contains(complaint([] { empty_strided({2, 2}, {1}, DType::f32); }), "strides must be dense"));
    CHECK(empty_strided({2, 3}, {1, 2}, DType::f32).is_dense());
}

TEST_CASE("zeros_like keeps dense layouts, in one block for a list") {
    CountingAllocator allocator;
    float memory[64] = {};
    const std::vector<Tensor> others = {borrow(memory, {2, 3}, {.strides = {1, 2}}), borrow(memory, {4}, {.strides = {3}}), zeros({}, DType::bf16)};
    {
        const std::vector<Tensor> made = zeros_like(others, {.allocator = &allocator});
        CHECK(allocator.blocks == 1);
        CHECK(made[0].strides() == Shape{1, 2});
        CHECK(made[1].strides() == Shape{1});
        CHECK(made[2].dtype() == DType::bf16);
        for (std::size_t i = 0; i < made.size(); ++i) {
            CHECK(is_aligned(made[i]));
            CHECK(made[i].shape() == others[i].shape());
            for (const double number : numbers_of(made[i])) CHECK(number == 0);
        }
    }
    CHECK(allocator.blocks == 0);
}

TEST_CASE("copies and zeros go through any layout and leave the gaps alone") {
    std::vector<float> memory(40, -1);
    const Tensor gaps = borrow(memory.data() + 1, {3, 4}, {.strides = {12, 2}});
    const Tensor numbers = random_tensor({3, 4}, DType::f32, 1);
    gaps.copy_(numbers);
    for (int r = 0; r < 3; ++r) {
        for (int c = 0; c < 4; ++c) CHECK(memory[static_cast<std::size_t>(1 + 12 * r + 2 * c)] == numbers.span<const float>()[static_cast<std::size_t>(4 * r + c)]);
    }
    CHECK(std::count(memory.begin(), memory.end(), -1.0f) == 40 - 12);
    CHECK(numbers_of(gaps) == numbers_of(numbers));
    gaps.zero_();
    CHECK(std::count(memory.begin(), memory.end(), -1.0f) == 40 - 12);
    CHECK(std::count(memory.begin(), memory.end(), 0.0f) == 12);
    CHECK(contains(complaint([&] { gaps.copy_(zeros({4, 3}, DType::f32)); }), "copy_: shape must be (3, 4), got (4, 3)"));
    CHECK(contains(complaint([&] { gaps.copy_(zeros({3, 4}, DType::f64)); }), "copy_: dtype must be float32, got float64"));
}

TEST_CASE("a view keeps the elements and wants their number") {
    const Tensor tensor = random_tensor({2, 6}, DType::f32, 3);
    CHECK(numbers_of(tensor.view({3, 4})) == numbers_of(tensor));
    CHECK(contains(complaint([&] { (void)tensor.view({5}); }), "view: sizes must hold 12 elements, got (5,)"));
    float memory[8] = {};
    CHECK(contains(complaint([&] { (void)borrow(memory, {4}, {.strides = {2}}).view({2, 2}); }), "must be contiguous"));
}

}  // namespace ravine::testing
