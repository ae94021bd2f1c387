#pragma once
#include "shared_memory.h"

#include <ravine/runtime/value.h>

#include <string>

namespace ravine::inline v0::pickle {

/// A tree as Python's pickler would write it at protocol 2, and what its tensors see.
struct Written {
    std::string bytes;
    std::vector<MemoryBlock> blocks;  ///< by storage key: "0", "1", ...
};

/// Equal strings are one object, as interned ones are in Python; no other two values are. std::invalid_argument, with the
/// path in the tree, for what a pickle of torch cannot hold.
Written write(const Value& tree);

}  // namespace ravine::inline v0::pickle
