#include <ravine/runtime/file.h>

#include "input_file.h"
#include "safetensors_header.h"
#include "text.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

/// A length that is allowed and the brace behind it. The length's bytes alone may be those of a pickle.
bool looks_like_safetensors(std::string_view head) noexcept {
    std::uint64_t length = 0;
    if (head.size() <= sizeof length || head[sizeof length] != '{') return false;
    std::memcpy(&length, head.data(), sizeof length);
    return length <= safetensors::longest_header;
}

/// The formats that others write checkpoints in, by what their files begin with. They are refused by name: trying a file
/// with one reader after another is how scanners are deceived.
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

bool has_suffix(const std::string& path, std::string_view suffix) {
    const std::size_t slash = path.rfind('/');
    const std::string_view file = std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
    return file.size() > suffix.size() && file.ends_with(suffix);
}

}  // namespace

void save(const Value& tree, const std::string& path) {
    if (!has_suffix(path, ".safetensors")) {
        throw std::invalid_argument(fmt::format("save: the file's name must end in .safetensors, got {}", quoted(path, 300)));
    }
    safetensors::write(safetensors::from_tree(tree), path);
}

Value load(const std::string& path, const Context& context) {
    InputFile file(path, "load");
    std::array<char, 512> head;
    const std::size_t size = file.peek(std::as_writable_bytes(std::span(head)));
    if (const std::string_view format = foreign_format({head.data(), size}); !format.empty()) {
        throw std::runtime_error(fmt::format("load: the file must be in the safetensors format, got {} ({})", format, file.shown()));
    }
    return safetensors::to_tree(safetensors::read(file, context), path);
}

}  // namespace ravine::inline v0
