#pragma once
#include <ravine/runtime/export.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

struct CUstream_st;  // what a cudaStream_t points to

namespace ravine::inline v0 {

enum class DeviceType : std::uint8_t { cpu, cuda };

/// Where memory lies. `index` counts devices of one type and is 0 on the CPU.
struct Device {
    DeviceType type = DeviceType::cpu;
    std::int8_t index = 0;
    auto operator<=>(const Device&) const = default;
};

/// "cpu", "cuda:0", ...
RAVINE_API std::string name(Device device);
/// From "cpu", "cuda" (the first one) or "cuda:N". std::invalid_argument if there is no such name, std::runtime_error that
/// says what is missing (CUDA in this build, the driver, the device) if it cannot be used here.
RAVINE_API Device device_from_name(std::string_view name);
/// How many CUDA devices can be used: 0 without a driver, without a device, or in a build without CUDA.
RAVINE_API int cuda_device_count() noexcept;
/// Why there are none: "no NVIDIA driver is installed". Empty if there are.
RAVINE_API std::string cuda_problem();
/// What the device calls itself, "NVIDIA H100 80GB HBM3". std::runtime_error if it cannot be used.
RAVINE_API std::string cuda_device_name(int index);
/// Bytes of the device's memory that nobody has. std::runtime_error if it cannot be used.
RAVINE_API std::size_t cuda_free_memory(int index);

/// Waits until a device has done all work of a stream, null for the default one. Does nothing for the CPU.
/// std::runtime_error if the device reports a failure of that work.
RAVINE_API void synchronize(Device device, CUstream_st* stream = nullptr);

/// Whether a stream of a device, null for the default one, is being captured into a graph. std::runtime_error from the device.
RAVINE_API bool is_capturing(Device device, CUstream_st* stream = nullptr);

/// A stream of a device: work on it runs in order. Move-only; what it owns is destroyed with it, after its work is done.
class RAVINE_API Stream {
  public:
    /// A new one that does not wait for the default stream. std::runtime_error if the device cannot be used.
    explicit Stream(Device device);
    /// The caller's, who keeps it alive: a cudaStream_t of any library.
    static Stream borrow(CUstream_st* stream, Device device) noexcept;
    ~Stream();
    Stream(Stream&& other) noexcept;
    Stream& operator=(Stream&& other) noexcept;

    CUstream_st* get() const noexcept { return stream_; }
    Device device() const noexcept { return device_; }
    /// Waits for all work on it.
    void synchronize() const { ravine::synchronize(device_, stream_); }

  private:
    Stream() noexcept = default;
    CUstream_st* stream_ = nullptr;
    Device device_;
    bool owned_ = false;
};

/// A point in a stream that another stream, or the host, can wait for. Move-only.
class RAVINE_API Event {
  public:
    /// std::runtime_error if the device cannot be used.
    explicit Event(Device device);
    ~Event();
    Event(Event&& other) noexcept;
    Event& operator=(Event&& other) noexcept;

    /// Marks what the stream has been given so far.
    void record(CUstream_st* stream);
    /// Whether all marked work is done. Does not wait.
    bool is_done() const;
    /// Lets the stream go on only when the marked work is done. The host does not wait.
    void hold(CUstream_st* stream) const;
    /// Lets the host wait.
    void synchronize() const;

  private:
    void* event_ = nullptr;
    Device device_;
};

}  // namespace ravine::inline v0
