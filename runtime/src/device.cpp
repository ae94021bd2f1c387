#include <ravine/runtime/device.h>
#include <ravine/runtime/text.h>

#include "driver.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <utility>

namespace ravine::inline v0 {

std::string name(Device device) {
    return device.type == DeviceType::cpu ? "cpu" : fmt::format("cuda:{}", int{device.index});
}

void check_device(std::string_view who, Device device) {
    if (device.type == DeviceType::cpu) return;
    const std::string problem = driver().problem();
    if (!problem.empty()) throw std::runtime_error(fmt::format("{}: device must be one that can be used here, got {} ({})", who, name(device), problem));
    const int count = driver().device_count();
    if (device.index >= 0 && device.index < count) return;
    throw std::runtime_error(fmt::format("{}: device must be below cuda:{}, got {} (there {} {})", who, count, name(device), count == 1 ? "is" : "are", count));
}

Device device_from_name(std::string_view text) {
    if (text == "cpu") return {};
    Device device{DeviceType::cuda, 0};
    if (text != "cuda") {
        const char* const end = text.data() + text.size();
        const auto number = text.starts_with("cuda:") ? std::from_chars(text.data() + 5, end, device.index) : std::from_chars_result{nullptr, std::errc::invalid_argument};
        if (number.ec != std::errc{} || number.ptr != end || device.index < 0) {
            throw std::invalid_argument(fmt::format("ravine: device must be cpu, cuda or cuda:N, got {}", quoted(text)));
        }
    }
    check_device("ravine", device);
    return device;
}

int cuda_device_count() noexcept { return driver().device_count(); }

std::string cuda_problem() { return driver().problem(); }

std::string cuda_device_name(int index) {
    check_device("cuda_device_name", {DeviceType::cuda, static_cast<std::int8_t>(index)});
    return driver().device_name(index);
}

std::size_t cuda_free_memory(int index) {
    check_device("cuda_free_memory", {DeviceType::cuda, static_cast<std::int8_t>(index)});
    return driver().free_memory(index);
}

bool is_capturing(Device device, CUstream_st* stream) {
    return device.type != DeviceType::cpu && driver().is_capturing(device.index, stream);
}

void synchronize(Device device, CUstream_st* stream) {
    if (device.type == DeviceType::cuda) driver().synchronize(device.index, stream);
}

Stream::Stream(Device device) : device_(device), owned_(device.type == DeviceType::cuda) {
    check_device("Stream", device);
    if (owned_) stream_ = driver().make_stream(device.index);
}

Stream Stream::borrow(CUstream_st* stream, Device device) noexcept {
    Stream result;
    result.stream_ = stream;
    result.device_ = device;
    return result;
}

Stream::~Stream() {
    if (owned_) driver().destroy_stream(stream_, device_.index);
}

Stream::Stream(Stream&& other) noexcept
    : stream_(std::exchange(other.stream_, nullptr)), device_(other.device_), owned_(std::exchange(other.owned_, false)) {}

Stream& Stream::operator=(Stream&& other) noexcept {
    std::swap(stream_, other.stream_);
    std::swap(device_, other.device_);
    std::swap(owned_, other.owned_);
    return *this;
}

Event::Event(Device device) : device_(device) {
    check_device("Event", device);
    if (device.type == DeviceType::cuda) event_ = driver().make_event(device.index);
}

Event::~Event() {
    if (event_ != nullptr) driver().destroy_event(event_, device_.index);
}

Event::Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)), device_(other.device_) {}

Event& Event::operator=(Event&& other) noexcept {
    std::swap(event_, other.event_);
    std::swap(device_, other.device_);
    return *this;
}

void Event::record(CUstream_st* stream) {
    if (event_ != nullptr) driver().record(event_, device_.index, stream);
}

bool Event::is_done() const { return event_ == nullptr || driver().is_done(event_, device_.index); }

void Event::hold(CUstream_st* stream) const {
    if (event_ != nullptr) driver().hold(stream, event_, device_.index);
}

void Event::synchronize() const {
    if (event_ != nullptr) driver().wait_for(event_, device_.index);
}

}  // namespace ravine::inline v0
