#include "pickle_names.h"

#include <algorithm>
#include <array>

namespace ravine::inline v0::pickle {
namespace {

struct FunctionName {
    std::string_view module;
    std::string_view name;
    std::string_view dotted;
};

/// In the order of Function.
constexpr std::array<FunctionName, 16> functions = {{
    {"torch._utils", "_rebuild_tensor", "torch._utils._rebuild_tensor"},
    {"torch._utils", "_rebuild_tensor_v2", "torch._utils._rebuild_tensor_v2"},
    {"torch._utils", "_rebuild_tensor_v3", "torch._utils._rebuild_tensor_v3"},
    {"torch._utils", "_rebuild_parameter", "torch._utils._rebuild_parameter"},
    {"torch._utils", "_rebuild_parameter_with_state", "torch._utils._rebuild_parameter_with_state"},
    {"collections", "OrderedDict", "collections.OrderedDict"},
    {"collections", "Counter", "collections.Counter"},
    {"collections", "defaultdict", "collections.defaultdict"},
    {"builtins", "dict", "builtins.dict"},
    {"builtins", "set", "builtins.set"},
    {"builtins", "bytes", "builtins.bytes"},
    {"builtins", "bytearray", "builtins.bytearray"},
    {"_codecs", "encode", "_codecs.encode"},
    {"torch", "Size", "torch.Size"},
    {"torch", "device", "torch.device"},
    {"torch.serialization", "_get_layout", "torch.serialization._get_layout"},
}};
static_assert(functions.size() == static_cast<std::size_t>(Function::get_layout) + 1);

/// In the order of DType; later dtypes have none.
constexpr std::array<std::string_view, dtype_count> storage_classes = {
    "DoubleStorage", "FloatStorage", "BFloat16Storage", "HalfStorage", "LongStorage", "IntStorage",           "ShortStorage",        "CharStorage",
    "",              "",             "",                "ByteStorage", "BoolStorage", "ComplexFloatStorage", "ComplexDoubleStorage"};
static_assert(storage_classes[static_cast<std::size_t>(DType::c128)] == "ComplexDoubleStorage");

constexpr auto every_dtype = [] {
    std::array<DType, storage_classes.size()> dtypes = {};
    for (std::size_t i = 0; i < dtypes.size(); ++i) dtypes[i] = static_cast<DType>(i);
    return dtypes;
}();

std::optional<DType> find_dtype(auto matches) noexcept {
    const auto found = std::find_if(every_dtype.begin(), every_dtype.end(), matches);
    if (found == every_dtype.end()) return {};
    return *found;
}

}  // namespace

std::optional<Meaning> meaning_of(std::string_view module, std::string_view name) noexcept {
    if (module == "__builtin__") module = "builtins";
    const auto function = std::find_if(functions.begin(), functions.end(), [&](const FunctionName& one) { return one.module == module && one.name == name; });
    Meaning meaning;
    if (function != functions.end()) {
        meaning.function = static_cast<Function>(function - functions.begin());
        return meaning;
    }
    if (module == "torch.storage" && name == "UntypedStorage") {
        meaning.untyped_storage = true;
        return meaning;
    }
    if (module != "torch" && module != "torch.cuda") return {};
    if (!name.empty()) meaning.storage_class = find_dtype([&](DType dtype) { return storage_class_of(dtype) == name; });
    if (module == "torch" && !meaning.storage_class) meaning.dtype = find_dtype([&](DType dtype) { return ravine::name(dtype) == name; });
    if (!meaning.storage_class && !meaning.dtype) return {};
    return meaning;
}

std::string_view advice_on(std::string_view module, std::string_view name) noexcept {
    if (module.starts_with("numpy")) return ": convert NumPy's numbers and arrays to plain ones or tensors before saving";
    if (module == "torch._utils" && name.find("sparse") != std::string_view::npos) return ": make sparse tensors dense before saving";
    if (name.starts_with("_rebuild_from_type")) return ": make subclasses of Tensor plain tensors before saving";
    if (module == "torch") return ": a dtype or storage that this library has not";
    return {};
}

std::string_view name(Function function) noexcept {
    return functions[static_cast<std::size_t>(function)].dotted;
}

std::string_view storage_class_of(DType dtype) noexcept {
    return storage_classes[static_cast<std::size_t>(dtype)];
}

}  // namespace ravine::inline v0::pickle
