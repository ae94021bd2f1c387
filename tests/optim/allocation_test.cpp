// Counts every allocation of this program, so that a steady step can be seen to make none.
#include "harness.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return counted(bytes, static_cast<std::size_t>(alignment)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {  // a sanitizer's own would not fit our delete
    try {
        return counted(bytes, alignof(std::max_align_t));
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace ravine::testing {
namespace {

long allocations_of(const std::function<void()>& call) {
    const long before = allocations;
    call();
    return allocations - before;
}

}  // namespace

TEST_CASE("allocations are counted") {
    CHECK(allocations_of([] { zeros({100}, DType::f32); }) > 0);
    CHECK(allocations_of([] {}) == 0);
}

TEST_CASE("the hundredth step allocates nothing") {
    ThreadExecutor two(2);
    for (const std::string_view name : elementwise_names()) {
        for (const DType dtype : every_dtype) {
            for (const Implementation implementation : every_implementation) {
                CAPTURE(std::string(name));
                CAPTURE(std::string(optim::name(implementation)));
                std::vector<Shape> shapes = small_shapes();
                shapes.push_back({20'001});  // for both threads
                const Parameters parameters = make_parameters(shapes, dtype);
                Optimizer optimizer = optim::make(name, parameters, configurations(name).back(), {.executor = &two});
                optimizer.set_implementation(implementation);
                backward(parameters, 1);
                for (int step = 1; step < 100; ++step) optimizer.step();
                CHECK(allocations_of([&] { optimizer.step(); }) == 0);
            }
        }
    }
}

TEST_CASE("a step with other options, moved gradients, strided tensors or a closure allocates nothing either") {
    for (const std::string_view name : elementwise_names()) {
        CAPTURE(std::string(name));
        const Tensor buffer = random_tensor({600}, DType::f32, 1), first = random_tensor({200}, DType::f32, 2), second = first.clone();
        const Parameter strided(borrow(static_cast<float*>(buffer.mutable_data()), {200}, {.strides = {3}}), first);
        const Parameter dense(random_tensor({200}, DType::f32, 3), first);
        Optimizer optimizer = optim::make(name, {strided, dense});
        optim::Group& group = optimizer.param_groups()[0];
        for (int step = 0; step < 3; ++step) optimizer.step();
        CHECK(allocations_of([&] {
                  dense.set_grad(second);
                  strided.set_grad(second);
                  optimizer.step([] { return 1.0; });
                  optimizer.zero_grad();
              }) == 0);
        group.set("lr", 0.5);
        CHECK(allocations_of([&] { optimizer.step(); }) == 0);
    }
}

}  // namespace ravine::testing
