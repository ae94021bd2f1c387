#pragma once
#include <cstdint>

namespace ravine::inline v0 {

enum class DeviceType : std::uint8_t { cpu, cuda };

/// Where memory lies. `index` counts devices of one type and is 0 on the CPU.
struct Device {
    DeviceType type = DeviceType::cpu;
    std::int8_t index = 0;
    bool operator==(const Device&) const = default;
};

}  // namespace ravine::inline v0
