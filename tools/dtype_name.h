#pragma once
#include <ravine/runtime/dtype.h>

#include <string_view>

namespace ravine::tools {

/// "f64", "f32", "bf16", "f16".
std::string_view short_name(DType dtype);
/// What --dtype means. std::invalid_argument beginning with `who`.
DType dtype_from_short_name(std::string_view text, std::string_view who);

}  // namespace ravine::tools
