#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace ravine::inline v0::torch_file {

inline constexpr std::string_view must_be_of_torch_save = "a zip file must be one of torch.save", a_torch_script = "a TorchScript archive (constants.pkl)";

/// Throws std::runtime_error: "torch_file: what, got given (where)".
[[noreturn]] inline void refuse(std::string_view what, std::string_view got, std::string_view where) {
    throw std::runtime_error(fmt::format("torch_file: {}, got {} ({})", what, got, where));
}

/// The same with a byte of the file or record that `where` names.
[[noreturn]] inline void refuse(std::string_view what, std::string_view got, std::string_view where, std::uint64_t byte) {
    throw std::runtime_error(fmt::format("torch_file: {}, got {} ({}, byte {})", what, got, where, byte));
}

}  // namespace ravine::inline v0::torch_file
