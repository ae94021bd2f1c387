#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace ravine::inline v0::torch_file {

/// Throws std::runtime_error: "torch_file: what, got given (where)".
[[noreturn]] inline void refuse(std::string_view what, std::string_view got, std::string_view where) {
    throw std::runtime_error(fmt::format("torch_file: {}, got {} ({})", what, got, where));
}

/// The same with a byte of the file or record that `where` names.
[[noreturn]] inline void refuse(std::string_view what, std::string_view got, std::string_view where, std::uint64_t byte) {
    throw std::runtime_error(fmt::format("torch_file: {}, got {} ({}, byte {})", what, got, where, byte));
}

}  // namespace ravine::inline v0::torch_file
