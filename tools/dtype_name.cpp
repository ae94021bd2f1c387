#include "dtype_name.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::tools {

std::string_view short_name(DType dtype) {
    constexpr std::string_view names[] = {"f64", "f32", "bf16", "f16"};
    return names[static_cast<std::size_t>(dtype)];
}

DType dtype_from_short_name(std::string_view text, std::string_view who) {
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::f16}) {
        if (text == short_name(dtype)) return dtype;
    }
    throw std::invalid_argument(fmt::format("{}: --dtype must be f64, f32, bf16 or f16, got {}", who, ravine::quoted(text)));
}

}  // namespace ravine::tools
