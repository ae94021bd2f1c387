#pragma once
#include "byte_source.h"

#include "targets.h"

#include <algorithm>
#include <string>

namespace ravine::fuzz {

/// Bytes in memory, which only holds if nobody asks for others.
class MemorySource final : public ByteSource {
  public:
    explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
    std::uint64_t size() const noexcept override { return bytes_.size(); }
    const std::string& shown() const noexcept override { return shown_; }
    void read_at(std::uint64_t offset, std::span<std::byte> into) override {
        check(offset <= bytes_.size() && into.size() <= bytes_.size() - offset, "a reader must stay within the file");
        const auto part = std::as_bytes(std::span(bytes_)).subspan(static_cast<std::size_t>(offset), into.size());
        std::copy(part.begin(), part.end(), into.begin());
    }

  private:
    std::string_view bytes_;
    std::string shown_ = "x.pt";
};

}  // namespace ravine::fuzz
