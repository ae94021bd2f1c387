#pragma once
// The zip format as far as torch uses it: records that are stored as they are, in one file, with or without 64-bit sizes.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ravine::inline v0::zip {

static_assert(std::endian::native == std::endian::little, "numbers go between file and memory as they are");

constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, descriptor_signature = 0x08074b50;
constexpr std::uint32_t end_signature = 0x06054b50, end64_signature = 0x06064b50, locator_signature = 0x07064b50;
/// Without the names and fields that follow.
constexpr std::size_t local_bytes = 30, central_bytes = 46, end_bytes = 22, end64_bytes = 56, locator_bytes = 20;
constexpr std::size_t descriptor_bytes = 16, descriptor64_bytes = 24;

constexpr std::uint16_t sizes_follow = 0x0008, utf8_name = 0x0800;  // flags
constexpr std::uint16_t extra64 = 0x0001;                           // the extra field with 64-bit numbers
constexpr std::uint32_t saturated = 0xffffffff;                     // "see the 64-bit number"
constexpr std::uint16_t saturated_count = 0xffff;

/// Numbers one after another. The caller knows that they are there.
class FieldReader {
  public:
    explicit FieldReader(std::string_view bytes) : rest_(bytes) {}
    template <class Number> Number next() {
        Number number;
        std::memcpy(&number, rest_.data(), sizeof number);
        rest_.remove_prefix(sizeof number);
        return number;
    }
    std::string_view text(std::size_t bytes) {
        const std::string_view result = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return result;
    }
    std::size_t left() const noexcept { return rest_.size(); }

  private:
    std::string_view rest_;
};

template <class... Numbers> void append_fields(std::string& out, Numbers... numbers) {
    const auto append = [&](auto number) { out.append(reinterpret_cast<const char*>(&number), sizeof number); };
    (append(numbers), ...);
}

}  // namespace ravine::inline v0::zip
