#include <ravine/runtime/text.h>

#include "file_format.h"
#include "input_file.h"
#include "safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace ravine::inline v0::safetensors {
namespace {

static_assert(std::endian::native == std::endian::little, "data go from the file to memory as they are");

/// Bytes in memory, read like a file.
class InputBytes {
  public:
    InputBytes(std::span<const std::byte> bytes, std::string_view name) : rest_(bytes), size_(bytes.size()), shown_(printable(name, 300)) {}
    std::uint64_t size() const noexcept { return size_; }
    const std::string& shown() const noexcept { return shown_; }
    /// The caller stays within the size.
    void read(std::span<std::byte> into) {
        std::copy_n(rest_.begin(), into.size(), into.begin());
        rest_ = rest_.subspan(into.size());
    }

  private:
    std::span<const std::byte> rest_;
    std::uint64_t size_;
    std::string shown_;
};

[[noreturn]] void refuse(std::string_view what, std::string_view got, std::string_view file) {
    throw std::runtime_error(fmt::format("safetensors: {}, got {} ({})", what, got, file));
}

template <class Source> std::uint64_t read_header_length(Source& source) {
    if (source.size() < length_bytes) {
        refuse(fmt::format("the file must have at least {} bytes", length_bytes), std::to_string(source.size()), source.shown());
    }
    std::uint64_t length = 0;
    source.read(std::as_writable_bytes(std::span(&length, 1)));
    if (length > longest_header) {
        refuse(fmt::format("the header must have at most {} bytes", longest_header), std::to_string(length), source.shown());
    }
    if (length > source.size() - length_bytes) {
        refuse(fmt::format("the header must lie within the file's {} bytes", source.size()),
               fmt::format("one of {} bytes", length), source.shown());
    }
    return length;
}

template <class Source> Header read_header(Source& source) {
    std::string json(static_cast<std::size_t>(read_header_length(source)), '\0');
    source.read(std::as_writable_bytes(std::span(json)));
    return parse_header(json, source.size() - length_bytes - json.size(), source.shown());
}

/// In C++ a bool that is neither 0 nor 1 is undefined behaviour.
void check_booleans(std::span<const std::byte> bytes, const Entry& entry, std::string_view file) {
    const auto odd = std::find_if(bytes.begin(), bytes.end(), [](std::byte byte) { return byte > std::byte{1}; });
    if (odd == bytes.end()) return;
    refuse(fmt::format("tensor {}: BOOL data must be bytes 0 and 1", quoted(entry.name)),
           fmt::format("{} at element {}", static_cast<int>(*odd), odd - bytes.begin()), file);
}

template <class Source> File read_all(Source& source, const Context& context) {
    Header header = read_header(source);
    File file;
    file.metadata = std::move(header.metadata);
    file.has_metadata = header.has_metadata;
    file.tensors.reserve(header.entries.size());
    for (Entry& entry : header.entries) {
        const Tensor tensor = empty(entry.shape, entry.dtype, context);
        const std::span bytes(static_cast<std::byte*>(tensor.mutable_data()), tensor.nbytes());
        source.read(bytes);
        if (entry.dtype == DType::boolean) check_booleans(bytes, entry, source.shown());
        file.tensors.emplace_back(std::move(entry.name), tensor);
    }
    return file;
}

}  // namespace

File read(InputFile& file, const Context& context) {
    // By name: trying a file with one reader after another is how scanners are deceived.
    if (const Recognized found = recognize(file); found.format != FileFormat::safetensors && !found.name.empty()) {
        refuse("the file must be in the safetensors format", found.name, file.shown());
    }
    return read_all(file, context);
}

File read(const std::string& path, const Context& context) {
    InputFile file(path, "safetensors");
    return read(file, context);
}

File parse(std::span<const std::byte> bytes, std::string_view name, const Context& context) {
    InputBytes source(bytes, name);
    return read_all(source, context);
}

}  // namespace ravine::inline v0::safetensors
