#include <ravine/runtime/file.h>
#include <ravine/runtime/text.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

namespace ravine::inline v0 {
namespace {

constexpr std::size_t buffer_size = std::size_t{1} << 18;

[[noreturn]] void fail(const std::string& path, std::string_view what, std::string_view got) {
    throw std::runtime_error(fmt::format("write_file: {}, got {} ({})", what, got, printable(path, 300)));
}

/// With the slash; "./" if there is none.
std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

/// The mode for the new file: that of the old one, whatever is not ours to replace is refused.
mode_t mode_for(const std::string& path, bool& exists) {
    if (path.empty() || path.find('\0') != std::string::npos) fail(path, "the path must be a name", "none");
    if (path.back() == '/') fail(path, "the path must be a file", "a folder");
    struct stat status = {};
    exists = ::lstat(path.c_str(), &status) == 0;
    if (!exists && errno != ENOENT) fail(path, "the file must be writable", std::strerror(errno));
    if (!exists) {
        const std::string folder = folder_of(path);
        if (::stat(folder.c_str(), &status) != 0) fail(path, "the folder must exist", std::strerror(errno));
        return 0666;
    }
    if (S_ISDIR(status.st_mode)) fail(path, "the path must be a file", "a folder");
    if (S_ISLNK(status.st_mode)) fail(path, "the path must be a regular file", "a symbolic link");
    if (!S_ISREG(status.st_mode)) fail(path, "the path must be a regular file", "a device or pipe");
    if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) fail(path, "the file must be writable", std::strerror(errno));
    return status.st_mode & 0777;
}

/// The new file under its temporary name; gone with this object unless it was renamed.
class Temporary {
  public:
    explicit Temporary(const std::string& path) : target_(path) {
        bool exists = false;
        const mode_t mode = mode_for(path, exists);
        create(mode);
        // The umask took bits away; an old file's own mode stays as it is.
        if (exists && ::fchmod(descriptor_, mode) != 0) give_up("the mode of the old file must be kept");
        buffer_.reserve(buffer_size);
    }
    ~Temporary() {
        if (descriptor_ >= 0) ::close(descriptor_);
        if (!name_.empty()) ::unlink(name_.c_str());
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    void put(std::span<const std::byte> bytes) {
        if (bytes.size() < buffer_size - buffer_.size()) {
            buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
            return;
        }
        flush();
        if (bytes.size() < buffer_size) buffer_.assign(bytes.begin(), bytes.end());
        else write_all(bytes);
    }

    /// After this the file has its final name and survives a power failure.
    void commit() {
        flush();
        if (::fsync(descriptor_) != 0) fail_with_errno();
        const int closed = ::close(descriptor_);
        descriptor_ = -1;
        if (closed != 0) fail_with_errno();
        if (::rename(name_.c_str(), target_.c_str()) != 0) fail_with_errno();
        name_.clear();
        sync_folder();
    }

  private:
    /// O_EXCL with a name that nobody can foresee: neither a leftover nor a link that waits there is written to.
    void create(mode_t mode) {
        std::random_device random;
        for (int attempt = 0; attempt < 100; ++attempt) {
            name_ = fmt::format("{}.ravine-{:08x}{:08x}.tmp", folder_of(target_), random(), random());
            descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
            if (descriptor_ >= 0) return;
            if (errno != EEXIST) break;
        }
        name_.clear();
        fail(target_, "the folder must be writable", std::strerror(errno));
    }

    void flush() {
        write_all(buffer_);
        buffer_.clear();
    }

    void write_all(std::span<const std::byte> bytes) {
        constexpr std::size_t most = std::size_t{1} << 30;
        while (!bytes.empty()) {
            const ssize_t count = ::write(descriptor_, bytes.data(), std::min(bytes.size(), most));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) fail_with_errno();
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        }
    }

    /// Some file systems cannot sync a folder and say so: nothing more can be done there.
    void sync_folder() const {
        const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const bool failed = folder >= 0 && ::fsync(folder) != 0 && errno == EIO;
        const int reason = errno;
        if (folder >= 0) ::close(folder);
        if (failed) fail(target_, "the folder must be synced after the file was replaced", std::strerror(reason));
    }

    [[noreturn]] void fail_with_errno() const { fail(target_, "the file must be written whole", std::strerror(errno)); }

    /// For the constructor, after which no destructor runs.
    [[noreturn]] void give_up(std::string_view what) {
        const int reason = errno;
        ::close(descriptor_);
        ::unlink(name_.c_str());
        fail(target_, what, std::strerror(reason));
    }

    std::string target_;
    std::string name_;
    int descriptor_ = -1;
    std::vector<std::byte> buffer_;
};

}  // namespace

void write_file(const std::string& path, function_ref<void(function_ref<void(std::span<const std::byte>)>)> produce) {
    Temporary file(path);
    produce([&](std::span<const std::byte> bytes) { file.put(bytes); });
    file.commit();
}

}  // namespace ravine::inline v0
