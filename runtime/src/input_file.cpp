#include "input_file.h"

#include <ravine/runtime/text.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

constexpr std::size_t buffer_size = std::size_t{1} << 18;

std::string_view kind_of(mode_t mode) noexcept {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

}  // namespace

InputFile::InputFile(const std::string& path, std::string_view who) : who_(who), shown_(printable(path, 300)) {
    const auto check = [&](int result, const struct stat& status) {
        if (result != 0) fail("the file must be readable", std::strerror(errno));
        if (!S_ISREG(status.st_mode)) fail("the path must be a regular file", kind_of(status.st_mode));
    };
    if (path.empty() || path.find('\0') != std::string::npos) fail("the path must be a name", "none");
    struct stat status = {};
    check(::stat(path.c_str(), &status), status);  // opening alone can block or rewind a device
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor_ < 0) fail("the file must be readable", std::strerror(errno));
    try {
        check(::fstat(descriptor_, &status), status);
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() {
    ::close(descriptor_);
}

void InputFile::fail(std::string_view what, std::string_view got) const {
    throw std::runtime_error(fmt::format("{}: {}, got {} ({})", who_, what, got, shown_));
}

/// Adds at least one byte to `done`, or none at the end of the file.
void InputFile::read_some(std::span<std::byte> into, std::size_t& done) {
    for (;;) {
        const ssize_t count = ::read(descriptor_, into.data() + done, into.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("the file must be readable", std::strerror(errno));
        done += static_cast<std::size_t>(count);
        return;
    }
}

void InputFile::read_at(std::uint64_t offset, std::span<std::byte> into) {
    while (!into.empty()) {
        const ssize_t count = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("the file must be readable", std::strerror(errno));
        if (count == 0) fail("the file must not change while it is read", "a shorter one");
        offset += static_cast<std::uint64_t>(count);
        into = into.subspan(static_cast<std::size_t>(count));
    }
}

void InputFile::read(std::span<std::byte> into) {
    while (!into.empty()) {
        if (taken_ < buffered_) {
            const std::size_t count = std::min(into.size(), buffered_ - taken_);
            std::memcpy(into.data(), buffer_.data() + taken_, count);
            taken_ += count;
            into = into.subspan(count);
            continue;
        }
        std::size_t done = 0;
        if (into.size() >= buffer_size) {
            read_some(into, done);
            into = into.subspan(done);
        } else {
            buffer_.resize(buffer_size);
            read_some(buffer_, done);
            buffered_ = done;
            taken_ = 0;
        }
        if (done == 0) fail("the file must not change while it is read", "a shorter one");
    }
}

}  // namespace ravine::inline v0
