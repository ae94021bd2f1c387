#include "cublas.h"
#include "driver.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <cstdlib>
#include <new>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

[[noreturn]] void raise(cudaError_t error, std::string_view call, int device) {
    (void)cudaGetLastError();  // or the next call would report it again
    throw std::runtime_error(fmt::format("{}: {} ({}) on cuda:{}", call, cudaGetErrorString(error), cudaGetErrorName(error), device));
}

void check(cudaError_t error, std::string_view call, int device) {
    if (error != cudaSuccess) raise(error, call, device);
}

/// Makes a device the calling thread's current one, and the former one again at the end.
class Current {
  public:
    explicit Current(int device) {
        check(cudaGetDevice(&former_), "cudaGetDevice", device);
        if (former_ != device) check(cudaSetDevice(device), "cudaSetDevice", device);
        changed_ = former_ != device;
    }
    ~Current() {
        if (changed_) (void)cudaSetDevice(former_);
    }
    Current(const Current&) = delete;
    Current& operator=(const Current&) = delete;

  private:
    int former_ = 0;
    bool changed_ = false;
};

/// For functions that cannot throw: whether the device is now current.
bool make_current(int device) noexcept { return cudaSetDevice(device) == cudaSuccess; }

std::string version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

cudaEvent_t event_of(void* event) { return static_cast<cudaEvent_t>(event); }

class CudaDriver final : public Driver {
  public:
    std::string problem() noexcept override {
        int count = 0, driver = 0;
        const cudaError_t error = cudaGetDeviceCount(&count);
        (void)cudaGetLastError();
        if (error == cudaSuccess && count > 0) return {};
        (void)cudaDriverGetVersion(&driver);
        if (driver == 0) return "no NVIDIA driver is installed";
        if (driver / 1000 < CUDART_VERSION / 1000) {
            return fmt::format("the NVIDIA driver serves CUDA {}, this ravine wants {}", version(driver), version(CUDART_VERSION));
        }
        if (error == cudaErrorNoDevice || error == cudaSuccess) return "the NVIDIA driver sees no device";
        return cudaGetErrorString(error);
    }
    int device_count() noexcept override {
        int count = 0;
        if (cudaGetDeviceCount(&count) != cudaSuccess) count = 0;
        (void)cudaGetLastError();
        return count;
    }
    std::string device_name(int device) override {
        cudaDeviceProp properties;
        check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties", device);
        return properties.name;
    }
    int multiprocessors(int device) override {
        int count = 0;
        check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute", device);
        return count;
    }
    std::size_t free_memory(int device) override {
        const Current current(device);
        std::size_t available = 0, total = 0;
        check(cudaMemGetInfo(&available, &total), "cudaMemGetInfo", device);
        return available;
    }

    void* allocate(std::size_t bytes, int device, CUstream_st* stream) override {
        const Current current(device);
        void* memory = nullptr;
        const cudaError_t error = cudaMallocAsync(&memory, bytes, stream);
        if (error == cudaErrorMemoryAllocation) {
            (void)cudaGetLastError();
            throw std::bad_alloc();
        }
        check(error, "cudaMallocAsync", device);
        return memory;
    }
    void deallocate(void* memory, int device, CUstream_st* stream) noexcept override {
        int former = 0;
        (void)cudaGetDevice(&former);
        if (make_current(device)) (void)cudaFreeAsync(memory, stream);
        (void)cudaSetDevice(former);
    }
    void* allocate_pinned(std::size_t bytes) override {
        void* memory = nullptr;
        if (cudaMallocHost(&memory, bytes) == cudaSuccess) return memory;
        (void)cudaGetLastError();
        throw std::bad_alloc();
    }
    void deallocate_pinned(void* memory) noexcept override { (void)cudaFreeHost(memory); }
    void copy(void* to, const void* from, std::size_t bytes, int device, CUstream_st* stream) override {
        const Current current(device);
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream), "cudaMemcpyAsync", device);
    }
    void zero(void* to, std::size_t bytes, int device, CUstream_st* stream) override {
        const Current current(device);
        check(cudaMemsetAsync(to, 0, bytes, stream), "cudaMemsetAsync", device);
    }
    bool is_foreign(const void* memory, int device) noexcept override {
        cudaPointerAttributes attributes{};
        const cudaError_t error = cudaPointerGetAttributes(&attributes, memory);
        (void)cudaGetLastError();
        if (error != cudaSuccess) return false;
        if (attributes.type == cudaMemoryTypeDevice) return attributes.device != device;
        return attributes.type == cudaMemoryTypeUnregistered;
    }

    CUstream_st* make_stream(int device) override {
        const Current current(device);
        cudaStream_t stream = nullptr;
        check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags", device);
        return stream;
    }
    void destroy_stream(CUstream_st* stream, int) noexcept override { (void)cudaStreamDestroy(stream); }
    bool is_capturing(int device, CUstream_st* stream) override {
        cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
        check(cudaStreamIsCapturing(stream, &status), "cudaStreamIsCapturing", device);
        return status != cudaStreamCaptureStatusNone;
    }
    void synchronize(int device, CUstream_st* stream) override {
        const Current current(device);
        check(cudaStreamSynchronize(stream), "cudaStreamSynchronize", device);
    }
    void* make_event(int device) override {
        const Current current(device);
        cudaEvent_t event = nullptr;
        check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags", device);
        return event;
    }
    void destroy_event(void* event, int) noexcept override { (void)cudaEventDestroy(event_of(event)); }
    void record(void* event, int device, CUstream_st* stream) override {
        const Current current(device);
        check(cudaEventRecord(event_of(event), stream), "cudaEventRecord", device);
    }
    bool is_done(void* event, int device) override {
        const cudaError_t error = cudaEventQuery(event_of(event));
        if (error == cudaErrorNotReady) {
            (void)cudaGetLastError();
            return false;
        }
        check(error, "cudaEventQuery", device);
        return true;
    }
    void hold(CUstream_st* stream, void* event, int device) override {
        const Current current(device);
        check(cudaStreamWaitEvent(stream, event_of(event), 0), "cudaStreamWaitEvent", device);
    }
    void wait_for(void* event, int device) override { check(cudaEventSynchronize(event_of(event)), "cudaEventSynchronize", device); }

    void start(function_ref<int()> launch, std::string_view who, int device) override {
        const Current current(device);
        check(static_cast<cudaError_t>(launch()), who, device);
    }
    void multiply(const Product& product, int device, CUstream_st* stream) override {
        const Current current(device);
        // Never destroyed: at the end of the process CUDA may be gone before it.
        static Cublas& library = *new Cublas(std::getenv("RAVINE_CUBLAS"));
        library.multiply(product, device, stream);
    }
};

}  // namespace

Driver& driver() noexcept {
    static CudaDriver cuda;
    return cuda;
}

}  // namespace ravine::inline v0
