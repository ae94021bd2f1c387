#pragma once
#include <string>
#include <string_view>

namespace ravine::tools {

/// Writes a result to a file (beside its name, then renamed) or, for "-", to stdout. std::runtime_error; `who` begins the
/// message about stdout.
void write_text(std::string_view text, const std::string& path, std::string_view who);

}  // namespace ravine::tools
