#pragma once
#include <ravine/kernels/grid.h>
#include <ravine/runtime/device.h>
#include <ravine/runtime/function_ref.h>

#include <cstddef>
#include <string>

namespace ravine::inline v0 {

struct Product;

/// All that the runtime asks of devices. A library has one: over the CUDA runtime (cuda_driver.cpp) or one that refuses
/// (no_driver.cpp); the tests have one whose device lies in host memory. Each function but `problem` and those that are
/// noexcept throws std::runtime_error with the call, the device and the driver's text. Nothing but `synchronize`,
/// `wait_for`, `copy` from a device to pageable memory and a device's first `multiply` waits for a device.
class Driver {
  public:
    virtual ~Driver() = default;
    /// Empty, or why no device can be used.
    virtual std::string problem() noexcept = 0;
    virtual int device_count() noexcept = 0;
    virtual std::string device_name(int device) = 0;
    virtual int multiprocessors(int device) = 0;
    /// Bytes that can still be allocated.
    virtual std::size_t free_memory(int device) = 0;

    /// In the order of the stream; std::bad_alloc if there is not enough.
    virtual void* allocate(std::size_t bytes, int device, CUstream_st* stream) = 0;
    virtual void deallocate(void* memory, int device, CUstream_st* stream) noexcept = 0;
    virtual void* allocate_pinned(std::size_t bytes) = 0;
    virtual void deallocate_pinned(void* memory) noexcept = 0;
    /// Between any two places; `device` is the one whose stream it is.
    virtual void copy(void* to, const void* from, std::size_t bytes, int device, CUstream_st* stream) = 0;
    virtual void zero(void* to, std::size_t bytes, int device, CUstream_st* stream) = 0;
    /// Whether the address is known to be the host's alone, or of another device.
    virtual bool is_foreign(const void* memory, int device) noexcept = 0;

    virtual CUstream_st* make_stream(int device) = 0;
    virtual void destroy_stream(CUstream_st* stream, int device) noexcept = 0;
    virtual bool is_capturing(int device, CUstream_st* stream) = 0;
    virtual void synchronize(int device, CUstream_st* stream) = 0;
    virtual void* make_event(int device) = 0;
    virtual void destroy_event(void* event, int device) noexcept = 0;
    virtual void record(void* event, int device, CUstream_st* stream) = 0;
    virtual bool is_done(void* event, int device) = 0;
    virtual void hold(CUstream_st* stream, void* event, int device) = 0;
    virtual void wait_for(void* event, int device) = 0;

    /// Starts something that returns the driver's error code, on that device.
    virtual void start(function_ref<int()> launch, std::string_view who, int device) = 0;
    /// A product whose three operands lie on the device and are not empty.
    virtual void multiply(const Product& product, int device, CUstream_st* stream) = 0;
};

/// The library's driver.
Driver& driver() noexcept;

/// std::runtime_error "<who>: device must be ..., got cuda:N (<why>)" unless the device can be used.
void check_device(std::string_view who, Device device);

}  // namespace ravine::inline v0
