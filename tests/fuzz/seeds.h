#pragma once
#include <string>

namespace ravine::fuzz {

/// Writes what a fuzzer begins with that our own writers can make: a folder for each target that reads files.
void write_seeds(const std::string& folder);

}  // namespace ravine::fuzz
