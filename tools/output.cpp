#include "output.h"

#include <ravine/runtime/file.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <stdexcept>

namespace ravine::tools {

void write_text(std::string_view text, const std::string& path, std::string_view who) {
    if (path != "-") {
        write_file(path, [&](function_ref<void(std::span<const std::byte>)> put) { put(std::as_bytes(std::span(text))); });
        return;
    }
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
    throw std::runtime_error(fmt::format("{}: stdout must be writable, got {}", who, std::strerror(errno)));
}

}  // namespace ravine::tools
