#pragma once
// The structs of DLPack, as its specification has them; see <ravine/runtime/dlpack.h>.
#include <cstddef>
#include <cstdint>

namespace ravine::inline v0::dlpack {

enum DeviceKind : std::int32_t { on_cpu = 1, on_cuda = 2, in_pinned_memory = 3, in_managed_memory = 13 };
enum Code : std::uint8_t {
    code_int = 0,
    code_uint = 1,
    code_float = 2,
    code_bfloat = 4,
    code_complex = 5,
    code_bool = 6,
    code_float8_e4m3fn = 10,
    code_float8_e4m3fnuz = 11,
    code_float8_e5m2 = 12,
    code_float8_e5m2fnuz = 13,
    code_float8_e8m0fnu = 14
};
inline constexpr std::uint64_t flag_read_only = 1;
inline constexpr std::uint32_t major_version = 1;
inline constexpr std::int32_t most_dimensions = 64;

struct Type {
    std::uint8_t code, bits;
    std::uint16_t lanes;
    bool operator==(const Type&) const = default;
};

struct Array {
    void* data;
    std::int32_t device_type, device_id;
    std::int32_t ndim;
    Type dtype;
    std::int64_t* shape;
    std::int64_t* strides;  ///< null: row-major
    std::uint64_t byte_offset;
};

struct Legacy {
    Array array;
    void* manager;
    void (*deleter)(Legacy* self);
};

struct Versioned {
    std::uint32_t major, minor;
    void* manager;
    void (*deleter)(Versioned* self);
    std::uint64_t flags;
    Array array;
};

static_assert(sizeof(Type) == 4 && sizeof(Array) == 48 && sizeof(Legacy) == 64 && sizeof(Versioned) == 80);
static_assert(offsetof(Array, device_type) == 8 && offsetof(Array, ndim) == 16 && offsetof(Array, dtype) == 20 && offsetof(Array, shape) == 24 &&
              offsetof(Array, strides) == 32 && offsetof(Array, byte_offset) == 40);
static_assert(offsetof(Legacy, manager) == 48 && offsetof(Legacy, deleter) == 56);
static_assert(offsetof(Versioned, manager) == 8 && offsetof(Versioned, deleter) == 16 && offsetof(Versioned, flags) == 24 &&
              offsetof(Versioned, array) == 32);

}  // namespace ravine::inline v0::dlpack
