#pragma once
#include <ravine/kernels/half.h>
#include <ravine/runtime/export.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ravine::inline v0 {

/// Element types of a Tensor. Parameters are f64, f32, bf16 or f16, or complex; the others surround them in checkpoints. Those of 8-bit
/// floating point are storage only: files hold them, and `Tensor::to` makes larger numbers of them.
enum class DType : std::uint8_t {
    f64,
    f32,
    bf16,
    f16,
    i64,
    i32,
    i16,
    i8,
    u64,
    u32,
    u16,
    u8,
    boolean,
    c64,
    c128,
    f8_e4m3fn,    ///< no infinities; one NaN of each sign
    f8_e5m2,      ///< as IEEE's
    f8_e8m0fnu,   ///< a power of two, or NaN: the scale of a block
    f8_e4m3fnuz,  ///< no infinities, one zero, one NaN
    f8_e5m2fnuz,  ///< the same
};
/// How many there are.
inline constexpr std::size_t dtype_count = static_cast<std::size_t>(DType::f8_e5m2fnuz) + 1;

/// Bytes per element.
RAVINE_API std::size_t item_size(DType dtype) noexcept;

/// Whether the dtype is f64, f32, bf16 or f16: what optimizers and foreach functions work on.
RAVINE_API bool is_floating_point(DType dtype) noexcept;

/// Whether the dtype is an 8-bit floating-point one.
RAVINE_API bool is_float8(DType dtype) noexcept;

/// Whether the dtype is c64 or c128: an element is two numbers, the real and the imaginary part.
RAVINE_API bool is_complex(DType dtype) noexcept;
/// The dtype of a complex dtype's parts, f32 of c64 and f64 of c128; any other dtype itself.
RAVINE_API DType real_dtype(DType dtype) noexcept;

/// torch's name: "float32", "bfloat16", "bool", ...
RAVINE_API std::string_view name(DType dtype) noexcept;

/// A base for `dtype_of` specialisations.
template <DType value_> struct dtype_is {
    static constexpr DType value = value_;
};

/// The dtype of a C++ type. A host names its own half type once:
/// `template <> struct ravine::dtype_of<their_bf16> : ravine::dtype_is<ravine::DType::bf16> {};`
template <class T> struct dtype_of;
template <> struct dtype_of<double> : dtype_is<DType::f64> {};
template <> struct dtype_of<float> : dtype_is<DType::f32> {};
template <> struct dtype_of<bf16> : dtype_is<DType::bf16> {};
template <> struct dtype_of<f16> : dtype_is<DType::f16> {};
template <> struct dtype_of<std::int64_t> : dtype_is<DType::i64> {};
template <> struct dtype_of<std::int32_t> : dtype_is<DType::i32> {};
template <> struct dtype_of<std::int16_t> : dtype_is<DType::i16> {};
template <> struct dtype_of<std::int8_t> : dtype_is<DType::i8> {};
template <> struct dtype_of<std::uint64_t> : dtype_is<DType::u64> {};
template <> struct dtype_of<std::uint32_t> : dtype_is<DType::u32> {};
template <> struct dtype_of<std::uint16_t> : dtype_is<DType::u16> {};
template <> struct dtype_of<std::uint8_t> : dtype_is<DType::u8> {};
template <> struct dtype_of<bool> : dtype_is<DType::boolean> {};

}  // namespace ravine::inline v0
