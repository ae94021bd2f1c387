#pragma once
#include <ravine/runtime/dtype.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace ravine::inline v0::pickle {

/// What a pickle may name to be called: each is a few lines of ours that look at arguments, never code that is looked up.
enum class Function : std::uint8_t {
    rebuild_tensor, rebuild_tensor_v2, rebuild_tensor_v3, rebuild_parameter, rebuild_parameter_with_state,
    ordered_dict, counter, default_dict, dict, set, bytes, byte_array, encode, size, device, get_layout
};

/// What a name of the pickle stands for: exactly one of these, or nothing that is known.
struct Meaning {
    std::optional<Function> function;
    std::optional<DType> storage_class;
    std::optional<DType> dtype;
    bool untyped_storage = false;
};

/// torch's module and name, compared byte for byte; Python 2's module names are taken too.
std::optional<Meaning> meaning_of(std::string_view module, std::string_view name) noexcept;

/// What to say of a name that is refused and often met; empty otherwise.
std::string_view advice_on(std::string_view module, std::string_view name) noexcept;

/// "torch._utils._rebuild_tensor_v2".
std::string_view name(Function function) noexcept;

/// torch's class of a typed storage; empty for the dtypes that have none.
std::string_view storage_class_of(DType dtype) noexcept;

}  // namespace ravine::inline v0::pickle
