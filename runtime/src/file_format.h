#pragma once
#include <ravine/runtime/file.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace ravine::inline v0 {

class ByteSource;

/// What a file is, by its first bytes.
struct Recognized {
    std::optional<FileFormat> format;  ///< none: one that is not read, or nothing that is known
    std::string_view name;             ///< "a pickle", for messages; empty if nothing is known
};

/// `head` is the beginning of a file: 512 bytes, or all of a shorter one.
Recognized recognize(std::string_view head) noexcept;
Recognized recognize(ByteSource& source);

}  // namespace ravine::inline v0
