#include "places.h"

#include <ravine/runtime/foreach.h>

namespace ravine::testing {

TEST_CASE("elements come back from a device as they went, for every layout and dtype") {
    for (const DType dtype : every_type) {
        for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{7, 3}, Shape{2, 1, 5, 3}, Shape{4099}}) {
            const Tensor host = random_tensor(shape, dtype, 1);
            for (const Layout layout : every_layout) CHECK(same_bits(place(host, layout), host));
        }
    }
}

TEST_CASE("a tensor with gaps on the host goes to a device and back") {
    std::vector<float> memory(3 * 20, 7);
    const Tensor host = borrow(memory.data(), {4, 5}, {.strides = {3, 12}});
    host.copy_(random_tensor({4, 5}, DType::f32, 3));
    const Tensor there = host.to(gpu);
    CHECK(there.device() == gpu);
    CHECK(same_bits(there, host));
    host.zero_();
    host.copy_(there);
    CHECK(same_bits(there, host));
    CHECK(memory[1] == 7);
}

TEST_CASE("conversions on a device give the host's bits") {
    for (const DType from : every_type) {
        const Tensor host = tensor_of({0, -0.0, 1, 1.0 / 3, -2.0 / 3, 65504, 70000, 1e-8, 3e-39, -1e30, 1e300, INFINITY, -INFINITY, NAN}, from);
        for (const DType to : every_type) {
            CAPTURE(std::string(name(from)));
            CAPTURE(std::string(name(to)));
            CHECK(same_bits(place(host, Layout::packed).to(to), host.to(to)));
            CHECK(same_bits(place(host, Layout::spread).to(to), host.to(to)));
        }
    }
}

TEST_CASE("a device tensor is filled, cloned, read and zeroed") {
    const Tensor host = random_tensor({5, 6}, DType::f32, 4);
    const Tensor columns = place(host, Layout::columns);
    CHECK(same_bits(columns.clone(), host));
    CHECK(columns.clone().is_contiguous());
    CHECK(columns.clone().device() == gpu);
    CHECK(zeros_like(columns).strides() == columns.strides());
    CHECK(zeros_like(columns).device() == gpu);
    CHECK(scalar_tensor(2.5, DType::bf16).to(gpu).item() == 2.5);
    const Tensor spread = place(host, Layout::spread);
    spread.zero_();
    CHECK(same_bits(spread, zeros({5, 6}, DType::f32)));
}

TEST_CASE("lists on devices are copied and zeroed") {
    const Tensor host[] = {random_tensor({3, 2}, DType::f32, 1), random_tensor({9}, DType::f64, 2)};
    const Tensor there[] = {zeros({3, 2}, DType::f32, gpu), zeros({9}, DType::f32, gpu)};
    foreach::copy_(there, host);
    CHECK(same_bits(there[0], host[0]));
    CHECK(same_bits(there[1], host[1].to(DType::f32)));
    foreach::zero_(there);
    CHECK(same_bits(there[0], zeros({3, 2}, DType::f32)));
}

TEST_CASE("what lies on a device is not handed out as host memory, and host memory not taken for a device's") {
    const Tensor there = zeros({3}, DType::f32, gpu);
    CHECK_THROWS_WITH_AS((void)there.span<float>(), "Tensor.span: memory must be on the host, got a tensor on cuda:0", std::invalid_argument);
    static float host[3] = {};
    CHECK_THROWS_AS((void)borrow(host, {3}, {.device = gpu}), std::invalid_argument);
    CHECK_THROWS_AS((void)there.to(Device{DeviceType::cuda, 100}), std::runtime_error);
    CHECK_THROWS_AS((void)zeros({3}, DType::f32, Device{DeviceType::cuda, 100}), std::runtime_error);
    CHECK_THROWS_AS((void)zeros({3}, DType::i64, gpu).to(DType::f32), std::invalid_argument);
    CHECK_THROWS_AS(there.copy_(zeros({4}, DType::f32)), std::invalid_argument);
}

TEST_CASE("devices have names") {
    CHECK(name(gpu) == "cuda:0");
    CHECK(device_from_name("cpu") == Device{});
    CHECK(device_from_name("cuda") == gpu);
    CHECK(device_from_name("cuda:0") == gpu);
    for (const char* wrong : {"", "gpu", "cuda:", "cuda:-1", "cuda:1x", "CUDA:0 "}) CHECK_THROWS_AS((void)device_from_name(wrong), std::invalid_argument);
    CHECK_THROWS_AS((void)device_from_name("cuda:100"), std::runtime_error);
    CHECK(!cuda_device_name(0).empty());
    CHECK(cuda_problem().empty());
    CHECK(cuda_free_memory(0) > 0);
}

TEST_CASE("streams and events order what the host does not wait for") {
    const Stream first(gpu), second(gpu);
    const Context on_first{.stream = first.get()}, on_second{.stream = second.get()};
    const Tensor pinned = empty_pinned({1000}, DType::f32);
    pinned.copy_(random_tensor({1000}, DType::f32, 9));
    const Tensor there = empty({1000}, DType::f32, gpu, on_first);
    there.copy_(pinned, on_first);
    Event copied(gpu);
    copied.record(first.get());
    copied.hold(second.get());
    const Tensor twice = there.clone(on_second);
    CHECK(same_bits(twice.to(Device{}, on_second), pinned));
    copied.synchronize();
    CHECK(copied.is_done());
    first.synchronize();
    second.synchronize();
}

}  // namespace ravine::testing
