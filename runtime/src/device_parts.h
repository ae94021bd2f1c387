#pragma once
#include <ravine/runtime/foreach.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ravine::inline v0::foreach {

/// The tensors of a list that lie on one device, and where they stand in it.
struct DevicePart {
    Device device;
    Tensors tensors;
    std::vector<std::size_t> places;
};

inline std::vector<DevicePart> device_parts(TensorList tensors) {
    std::vector<DevicePart> parts;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const Device device = tensors[i].device();
        auto part = std::find_if(parts.begin(), parts.end(), [&](const DevicePart& known) { return known.device == device; });
        if (part == parts.end()) part = parts.insert(part, {device, {}, {}});
        part->tensors.push_back(tensors[i]);
        part->places.push_back(i);
    }
    return parts;
}

}  // namespace ravine::inline v0::foreach
