#include "safetensors_header.h"

#include <algorithm>
#include <array>

namespace ravine::inline v0::safetensors {
namespace {

constexpr std::array<DTypeName, 22> names = {{{"BOOL", DType::boolean},
                                              {"F4", {}},
                                              {"F6_E2M3", {}},
                                              {"F6_E3M2", {}},
                                              {"U8", DType::u8},
                                              {"I8", DType::i8},
                                              {"F8_E5M2", DType::f8_e5m2},
                                              {"F8_E4M3", DType::f8_e4m3fn},
                                              {"F8_E8M0", DType::f8_e8m0fnu},
                                              {"F8_E4M3FNUZ", DType::f8_e4m3fnuz},
                                              {"F8_E5M2FNUZ", DType::f8_e5m2fnuz},
                                              {"I16", DType::i16},
                                              {"U16", DType::u16},
                                              {"F16", DType::f16},
                                              {"BF16", DType::bf16},
                                              {"I32", DType::i32},
                                              {"U32", DType::u32},
                                              {"F32", DType::f32},
                                              {"C64", DType::c64},
                                              {"F64", DType::f64},
                                              {"I64", DType::i64},
                                              {"U64", DType::u64}}};

}  // namespace

std::span<const DTypeName> dtype_names() noexcept {
    return names;
}

std::optional<std::size_t> rank_of(DType dtype) noexcept {
    const auto found = std::find_if(names.begin(), names.end(), [&](const DTypeName& one) { return one.dtype == dtype; });
    if (found == names.end()) return {};
    return static_cast<std::size_t>(found - names.begin());
}

}  // namespace ravine::inline v0::safetensors
