#pragma once
#include "byte_source.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::inline v0 {

/// A regular file, read by copy, from its beginning to its end or by position: a file that changes or shrinks meanwhile is an error, never
/// a crash. What is no regular file is refused before it could block. Errors are std::runtime_error.
class InputFile final : public ByteSource {
  public:
    /// `who` is for messages and must outlive this.
    InputFile(const std::string& path, std::string_view who);
    ~InputFile() override;
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    /// Bytes, when it was opened.
    std::uint64_t size() const noexcept override { return size_; }
    /// The path as it stands in messages.
    const std::string& shown() const noexcept override { return shown_; }
    /// The next `into.size()` bytes; fewer are an error.
    void read(std::span<std::byte> into);
    /// Bytes from anywhere, without moving the place of `read`; fewer are an error.
    void read_at(std::uint64_t offset, std::span<std::byte> into) override;

  private:
    void read_some(std::span<std::byte> into, std::size_t& done);
    [[noreturn]] void fail(std::string_view what, std::string_view got) const;

    std::string_view who_;
    std::string shown_;
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
    std::vector<std::byte> buffer_;  // many tensors are smaller than a system call is long
    std::size_t buffered_ = 0;
    std::size_t taken_ = 0;
};

}  // namespace ravine::inline v0
