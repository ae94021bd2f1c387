#pragma once
#include <ravine/runtime/function_ref.h>
#include <ravine/runtime/value.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ravine::tools {

/// Writes a tree in the JSON of `inspect`, piece by piece: tensors by dtype, shape and the CRC-32 of their row-major bytes, those of at
/// most `values` elements with their elements too. Every tensor must be defined.
void inspect_json(const Value& tree, std::int64_t values, function_ref<void(std::string_view)> put);
/// The elements of a tensor as a flat JSON array; complex ones as pairs.
std::string elements_json(const Tensor& tensor);

}  // namespace ravine::tools
