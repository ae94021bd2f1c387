#include "file_format.h"

#include "byte_source.h"
#include "safetensors_header.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ravine::inline v0 {
namespace {

using namespace std::literals;

struct Beginning {
    std::string_view bytes;
    std::optional<FileFormat> format;
    std::string_view name;
};

constexpr std::array beginnings = {
    Beginning{"PK\3\4"sv, FileFormat::torch_zip, "a zip file (of torch.save)"},
    Beginning{"\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"sv, FileFormat::torch_legacy, "a legacy file of torch.save"},
    Beginning{"PK\5\6"sv, {}, "an empty zip file"},
    Beginning{"PYTORCH1"sv, {}, "a preview archive of torch"},
    Beginning{"\x1f\x8b"sv, {}, "a gzip file"},
    Beginning{"\x93NUMPY"sv, {}, "an array of NumPy"},
    Beginning{"\x89HDF\r\n\x1a\n"sv, {}, "an HDF5 file"},
    Beginning{"\xfd\x37zXZ\0"sv, {}, "an xz file"},
    Beginning{"BZh"sv, {}, "a bzip2 file"},
    Beginning{"\x28\xb5\x2f\xfd"sv, {}, "a Zstandard file"},
    Beginning{"GGUF"sv, {}, "a GGUF file"},
};

/// A length that is allowed and the brace behind it. The length's bytes alone may be those of a pickle.
bool looks_like_safetensors(std::string_view head) noexcept {
    std::uint64_t length = 0;
    if (head.size() <= sizeof length || head[sizeof length] != '{') return false;
    std::memcpy(&length, head.data(), sizeof length);
    return length <= safetensors::longest_header;
}

}  // namespace

Recognized recognize(std::string_view head) noexcept {
    if (looks_like_safetensors(head)) return {FileFormat::safetensors, "a safetensors file"};
    const auto found = std::find_if(beginnings.begin(), beginnings.end(), [&](const Beginning& one) { return head.starts_with(one.bytes); });
    if (found != beginnings.end()) return {found->format, found->name};
    if (head.size() >= 262 && head.substr(257, 5) == "ustar") return {{}, "a tar file (of an old torch.save)"};
    if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) return {{}, "a pickle"};
    return {};
}

Recognized recognize(ByteSource& source) {
    std::array<char, 512> head;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(head.size(), source.size()));
    source.read_at(0, std::as_writable_bytes(std::span(head).first(size)));
    return recognize({head.data(), size});
}

}  // namespace ravine::inline v0
