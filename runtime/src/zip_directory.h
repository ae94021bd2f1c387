#pragma once
#include "byte_source.h"

#include <ravine/runtime/function_ref.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ravine::inline v0::zip {

/// What the directory at the end of a file says of one record.
struct DirectoryEntry {
    std::string_view name;  ///< with its folder
    std::uint64_t place;    ///< of this entry
    std::uint64_t header;   ///< of the record
    std::uint64_t size;
    std::uint32_t crc;
    std::uint16_t flags;
};

struct Directory {
    std::vector<char> bytes;  ///< names are views of it
    std::uint64_t begin = 0;
    std::vector<DirectoryEntry> entries;
    std::string_view root;  ///< the one folder that all records lie in, without a slash
};

/// Reads and checks the directory of a file that two zip readers could not understand in two ways. std::runtime_error.
Directory read_directory(ByteSource& source);

/// Calls visit(id, data) for every extra field; they must fill `extra`. `place` and `file` are for messages.
void for_each_extra(std::string_view extra, std::uint64_t place, std::string_view file, function_ref<void(std::uint16_t, std::string_view)> visit);

}  // namespace ravine::inline v0::zip
