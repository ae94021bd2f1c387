#include "hash.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace ravine::inline v0 {
namespace {

constexpr std::uint64_t prime = (std::uint64_t{1} << 61) - 1;
__extension__ using Wide = unsigned __int128;

std::uint64_t multiply(std::uint64_t a, std::uint64_t b) noexcept {
    const Wide product = static_cast<Wide>(a) * b;
    const std::uint64_t sum = static_cast<std::uint64_t>(product & prime) + static_cast<std::uint64_t>(product >> 61);
    return sum >= prime ? sum - prime : sum;
}

std::uint64_t secret_point() {
    static const std::uint64_t point = [] {
        std::random_device device;
        const std::uint64_t drawn = std::uint64_t{device()} << 32 | device();
        return drawn % (prime - 2) + 2;
    }();
    return point;
}

}  // namespace

SecretHash::SecretHash() : point_(secret_point()) {}

void SecretHash::add(std::uint64_t word) noexcept {
    const std::uint64_t sum = multiply(sum_, point_) + word;
    sum_ = sum >= prime ? sum - prime : sum;
}

void SecretHash::add_bytes(std::string_view bytes) noexcept {
    add(bytes.size());
    while (!bytes.empty()) {
        const std::size_t count = std::min<std::size_t>(bytes.size(), 7);
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), count);
        add(word);
        bytes.remove_prefix(count);
    }
}

std::uint64_t SecretHash::value() const noexcept {
    // The high bits of a product depend on all bits: tables use the low ones.
    const std::uint64_t spread = multiply(sum_, point_) * 0x9e3779b97f4a7c15u;
    return spread ^ spread >> 32;
}

}  // namespace ravine::inline v0
