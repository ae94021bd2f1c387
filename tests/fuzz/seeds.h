#pragma once
#include <cstddef>
#include <string>

namespace ravine::fuzz {

/// Bytes of every tensor in the seeds, and of every record that the pickle's target has.
inline constexpr std::size_t record_bytes = 64;

/// Writes what a fuzzer begins with that our own writers can make: a folder for each target that reads files.
void write_seeds(const std::string& folder);

}  // namespace ravine::fuzz
