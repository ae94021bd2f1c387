#include "file_format.h"

#include "safetensors_header.h"

#include <cstring>

namespace ravine::inline v0 {
namespace {

/// A length that is allowed and the brace behind it. The length's bytes alone may be those of a pickle.
bool looks_like_safetensors(std::string_view head) noexcept {
    std::uint64_t length = 0;
    if (head.size() <= sizeof length || head[sizeof length] != '{') return false;
    std::memcpy(&length, head.data(), sizeof length);
    return length <= safetensors::longest_header;
}

}  // namespace

std::string_view foreign_format(std::string_view head) noexcept {
    using namespace std::literals;
    if (looks_like_safetensors(head)) return {};
    if (head.starts_with("PK\3\4"sv)) return "a zip file (of torch.save)";
    if (head.starts_with("\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"sv)) return "a legacy file of torch.save";
    if (head.starts_with("PYTORCH1"sv)) return "a preview archive of torch";
    if (head.size() >= 262 && head.substr(257, 5) == "ustar") return "a tar file (of an old torch.save)";
    if (head.size() >= 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) return "a pickle";
    return {};
}

}  // namespace ravine::inline v0
