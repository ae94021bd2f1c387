#include <ravine/runtime/dtype.h>

#include <array>

namespace ravine::inline v0 {
namespace {

struct Description {
    std::string_view name;
    std::size_t size;
};

/// In the order of DType.
constexpr std::array<Description, dtype_count> descriptions = {{{"float64", 8},
                                                                {"float32", 4},
                                                                {"bfloat16", 2},
                                                                {"float16", 2},
                                                                {"int64", 8},
                                                                {"int32", 4},
                                                                {"int16", 2},
                                                                {"int8", 1},
                                                                {"uint64", 8},
                                                                {"uint32", 4},
                                                                {"uint16", 2},
                                                                {"uint8", 1},
                                                                {"bool", 1},
                                                                {"complex64", 8},
                                                                {"complex128", 16},
                                                                {"float8_e4m3fn", 1},
                                                                {"float8_e5m2", 1},
                                                                {"float8_e8m0fnu", 1},
                                                                {"float8_e4m3fnuz", 1},
                                                                {"float8_e5m2fnuz", 1}}};
static_assert(descriptions.back().size == 1);

}  // namespace

std::size_t item_size(DType dtype) noexcept {
    return descriptions[static_cast<std::size_t>(dtype)].size;
}

bool is_floating_point(DType dtype) noexcept {
    return dtype <= DType::f16;
}

bool is_float8(DType dtype) noexcept {
    return dtype >= DType::f8_e4m3fn;
}

bool is_complex(DType dtype) noexcept {
    return dtype == DType::c64 || dtype == DType::c128;
}

DType real_dtype(DType dtype) noexcept {
    return dtype == DType::c64 ? DType::f32 : dtype == DType::c128 ? DType::f64 : dtype;
}

std::string_view name(DType dtype) noexcept {
    return descriptions[static_cast<std::size_t>(dtype)].name;
}

}  // namespace ravine::inline v0
