#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ravine::inline v0 {

/// Bytes that are read by their position: a file, or memory.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    virtual std::uint64_t size() const noexcept = 0;
    /// Its name as it stands in messages.
    virtual const std::string& shown() const noexcept = 0;
    /// Fills `into` with the bytes from `offset` on; the caller stays within the size. std::runtime_error if they cannot be read any more.
    virtual void read_at(std::uint64_t offset, std::span<std::byte> into) = 0;
};

}  // namespace ravine::inline v0
