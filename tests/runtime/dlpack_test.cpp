#include "../complaints.h"
#include "../tensors.h"

#include <ravine/runtime/dlpack.h>
#include <ravine/runtime/foreach.h>

#include <doctest/doctest.h>

#include <thread>

// As other libraries see the interface.
struct DLDevice {
    std::int32_t device_type, device_id;
};
struct DLDataType {
    std::uint8_t code, bits;
    std::uint16_t lanes;
};
struct DLTensor {
    void* data;
    DLDevice device;
    std::int32_t ndim;
    DLDataType dtype;
    std::int64_t* shape;
    std::int64_t* strides;
    std::uint64_t byte_offset;
};
struct DLManagedTensor {
    DLTensor dl_tensor;
    void* manager_ctx;
    void (*deleter)(DLManagedTensor*);
};
struct DLManagedTensorVersioned {
    struct {
        std::uint32_t major, minor;
    } version;
    void* manager_ctx;
    void (*deleter)(DLManagedTensorVersioned*);
    std::uint64_t flags;
    DLTensor dl_tensor;
};

namespace ravine::testing {

namespace {

/// A producer: six floats, two rows of three, and how often they were deleted.
struct Producer {
    float elements[6] = {0, 1, 2, 3, 4, 5};
    std::int64_t shape[64] = {2, 3}, strides[64] = {3, 1};
    int deleted = 0;
    DLTensor array() { return {elements, {1, 0}, 2, {2, 32, 1}, shape, strides, 0}; }
    DLManagedTensorVersioned versioned() {
        return {{1, 3}, this, [](DLManagedTensorVersioned* self) { ++static_cast<Producer*>(self->manager_ctx)->deleted; }, 0, array()};
    }
    DLManagedTensor legacy() {
        return {array(), this, [](DLManagedTensor* self) { ++static_cast<Producer*>(self->manager_ctx)->deleted; }};
    }
};

/// What from_dlpack says of a tensor, which is deleted all the same.
std::string refusal_of(void (*change)(DLManagedTensorVersioned&)) {
    Producer producer;
    DLManagedTensorVersioned managed = producer.versioned();
    change(managed);
    const std::string text = complaint([&] { (void)from_dlpack(&managed); });
    CHECK(producer.deleted == 1);
    return text;
}

}  // namespace

TEST_CASE("a managed tensor of either version is seen in place, and deleted once, with its last view") {
    Producer producer;
    DLManagedTensorVersioned versioned = producer.versioned();
    DLManagedTensor legacy = producer.legacy();
    for (const bool old : {false, true}) {
        producer.deleted = 0;
        {
            Tensor tensor = old ? from_dlpack(&legacy) : from_dlpack(&versioned);
            CHECK(tensor.data() == producer.elements);
            CHECK(tensor.shape() == Shape(2, 3));
            CHECK(tensor.dtype() == DType::f32);
            const Tensor view = tensor.view({6}), copy = tensor;
            tensor = Tensor();
            CHECK(producer.deleted == 0);
            foreach::add_(std::span(&view, 1), 1);
        }
        CHECK(producer.deleted == 1);
    }
    CHECK(producer.elements[5] == 7);
}

TEST_CASE("the last view may go on another thread") {
    Producer producer;
    DLManagedTensorVersioned managed = producer.versioned();
    Tensor tensor = from_dlpack(&managed);
    std::thread([moved = std::move(tensor)]() mutable { moved = Tensor(); }).join();
    CHECK(producer.deleted == 1);
}

TEST_CASE("strides, offsets, empty tensors and a missing deleter are as the interface has them") {
    Producer producer;
    DLManagedTensorVersioned managed = producer.versioned();
    managed.deleter = nullptr;
    managed.dl_tensor.strides = nullptr;
    CHECK(from_dlpack(&managed).is_contiguous());
    producer.strides[0] = 1;
    producer.strides[1] = 2;
    managed.dl_tensor.strides = producer.strides;
    CHECK(numbers_of(from_dlpack(&managed).clone()) == std::vector<double>{0, 2, 4, 1, 3, 5});
    managed.dl_tensor.byte_offset = 4;
    managed.dl_tensor.ndim = 0;
    managed.dl_tensor.shape = managed.dl_tensor.strides = nullptr;
    CHECK(from_dlpack(&managed).item() == 1);
    std::int64_t none[2] = {0, 5}, odd[2] = {-7, 0};
    managed.dl_tensor = {nullptr, {1, 0}, 2, {2, 32, 1}, none, odd, 4};
    CHECK(from_dlpack(&managed).shape() == Shape(0, 5));
}

TEST_CASE("memory that is read-only stays so") {
    Producer producer;
    DLManagedTensorVersioned managed = producer.versioned();
    managed.flags = 1;
    const Tensor tensor = from_dlpack(&managed);
    CHECK(tensor.read_only());
    CHECK(contains(complaint([&] { tensor.zero_(); }), "read-only"));
    CHECK(contains(complaint([&] { (void)to_dlpack_legacy(tensor); }), "to_dlpack_legacy: tensor must be writable"));
    DLManagedTensorVersioned* again = to_dlpack(tensor);
    CHECK(again->flags == 1);
    again->deleter(again);
}

TEST_CASE("what cannot be taken is refused, and deleted all the same") {
    CHECK(contains(refusal_of([](auto& managed) { managed.version.major = 2; }), "from_dlpack: version must be 1.x, got 2.3"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.dtype = {2, 32, 4}; }), "got code 2, 32 bits, 4 lanes"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.dtype = {7, 8, 1}; }), "dtype must be one of DType's"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.device = {10, 0}; }), "device must be the CPU or a CUDA device, got device type 10"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.device = {2, -1}; }), "device_id must be from 0 to 127, got -1"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.ndim = 65; }), "ndim must be from 0 to 64, got 65"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.ndim = -1; }), "got -1"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.shape[1] = -3; }), "sizes must be >= 0, got (2, -3)"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.shape[0] = managed.dl_tensor.shape[1] = std::int64_t{1} << 40; }), "overflow"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.strides[1] = -1; }), "strides must be >= 0"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.shape = nullptr; }), "shape must not be null"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.data = nullptr; }), "data must not be null"));
    CHECK(contains(refusal_of([](auto& managed) { managed.dl_tensor.byte_offset = 2; }), "data must be aligned"));
    CHECK(contains(complaint([] { (void)from_dlpack(static_cast<DLManagedTensor*>(nullptr)); }), "managed must not be null"));
    CHECK(contains(complaint([] { (void)view_dlpack(nullptr); }), "dl_tensor must not be null"));
    CHECK(contains(complaint([] { (void)to_dlpack(Tensor()); }), "to_dlpack: tensor must be defined"));
}

TEST_CASE("every dtype goes out and comes back as the same memory, which lives as long as anybody has it") {
    for (std::size_t number = 0; number < dtype_count; ++number) {
        const auto dtype = static_cast<DType>(number);
        Tensor tensor = zeros({3, 1, 4}, dtype);
        const void* memory = tensor.data();
        DLManagedTensorVersioned* versioned = to_dlpack(tensor);
        DLManagedTensor* legacy = to_dlpack_legacy(tensor);
        tensor = Tensor();
        CHECK(versioned->version.major == 1);
        CHECK(versioned->dl_tensor.dtype.bits == 8 * item_size(dtype));
        CHECK(versioned->dl_tensor.strides[1] == 1);
        const Tensor one = from_dlpack(versioned), other = from_dlpack(legacy);
        CHECK(one.dtype() == dtype);
        CHECK(other.dtype() == dtype);
        CHECK(one.data() == memory);
        CHECK(other.data() == memory);
        CHECK(one.shape() == Shape(3, 1, 4));
    }
}

TEST_CASE("an exported tensor of no or one dimension, and a transposed one, keep their layout") {
    const Tensor scalar = scalar_tensor(5, DType::f64);
    CHECK(from_dlpack(to_dlpack(scalar)).item() == 5);
    const Tensor memory = tensor_of({1, 2, 3, 4, 5, 6});
    const Tensor columns = borrow(memory.mutable_data(), DType::f32, {2, 3}, {.strides = {1, 2}});
    const Tensor back = from_dlpack(to_dlpack(columns));
    CHECK(back.strides() == Shape(1, 2));
    CHECK(numbers_of(back.clone()) == numbers_of(columns.clone()));
}

TEST_CASE("a view of a plain DLTensor copies nothing and owns nothing") {
    Producer producer;
    const DLTensor array = producer.array();
    { CHECK(view_dlpack(&array).data() == producer.elements); }
    CHECK(producer.deleted == 0);
}

}  // namespace ravine::testing
