#pragma once
#include <ravine/runtime/value.h>

#include <cstdint>
#include <string>

namespace ravine::tools {

/// A tree in the JSON of `inspect`: tensors by dtype, shape and the CRC-32 of their row-major bytes, those of at most
/// `values` elements with their elements too. Every tensor must be defined.
std::string inspect_json(const Value& tree, std::int64_t values);
/// The elements of a tensor as a flat JSON array; complex ones as pairs.
std::string elements_json(const Tensor& tensor);

}  // namespace ravine::tools
