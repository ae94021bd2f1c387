#pragma once
#include <string_view>

namespace ravine::inline v0 {

/// What a file is that begins with these bytes (512 are enough) and is no safetensors file: one of the formats that others
/// write checkpoints in. Empty if it is none of them.
std::string_view foreign_format(std::string_view head) noexcept;

}  // namespace ravine::inline v0
