#pragma once
#include <ravine/runtime/file.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::inline v0 {
class InputFile;
}

namespace ravine::inline v0::safetensors {

constexpr std::size_t length_bytes = 8;              ///< a little-endian integer before the header
constexpr std::uint64_t longest_header = 100'000'000;
constexpr std::size_t longest_name = 64 * 1024;
constexpr std::string_view metadata_name = "__metadata__";

/// Where the data of one tensor lie, counted from the end of the header.
struct Entry {
    std::string name;
    DType dtype;
    Shape shape;
    std::uint64_t begin;
    std::uint64_t end;
};

struct Header {
    std::vector<Entry> entries;  ///< in the order of the data, which they cover without gap and overlap
    std::vector<std::pair<std::string, std::string>> metadata;
    bool has_metadata = false;
};

/// Parses and checks a whole header; `data_bytes` follow it in the file. `file` is for messages. std::runtime_error.
Header parse_header(std::string_view json, std::uint64_t data_bytes, std::string_view file);

/// Reads a whole file from its beginning. Errors as `load`.
File read(InputFile& file, const Context& context);

/// The dtypes of the format in the order that its writers sort by (alignment last): the position is the rank.
struct DTypeName {
    std::string_view name;
    std::optional<DType> dtype;  ///< none: no type of ours
};
std::span<const DTypeName> dtype_names() noexcept;
/// None for c128, which the format cannot hold.
std::optional<std::size_t> rank_of(DType dtype) noexcept;

}  // namespace ravine::inline v0::safetensors
