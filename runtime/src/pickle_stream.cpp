#include "pickle_stream.h"

#include "pickle_opcodes.h"

#include <bit>
#include <limits>

namespace ravine::inline v0::pickle {
namespace {

template <class Number> bool fits(std::int64_t value) noexcept {
    return value >= std::numeric_limits<Number>::min() && value <= std::numeric_limits<Number>::max();
}

}  // namespace

template <class Number> void Stream::number(Number value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void Stream::integer(std::int64_t value) {
    if (fits<std::uint8_t>(value)) {
        opcode(opcode::int1);
        number(static_cast<std::uint8_t>(value));
    } else if (fits<std::uint16_t>(value)) {
        opcode(opcode::int2);
        number(static_cast<std::uint16_t>(value));
    } else if (fits<std::int32_t>(value)) {
        opcode(opcode::int4);
        number(static_cast<std::int32_t>(value));
    } else {
        unsigned bytes = 8;  // as few as keep the sign
        while (value >> (8 * bytes - 9) == (value < 0 ? -1 : 0)) --bytes;
        opcode(opcode::long1);
        opcode(static_cast<unsigned char>(bytes));
        for (unsigned i = 0; i < bytes; ++i) opcode(static_cast<unsigned char>(value >> 8 * i & 0xff));
    }
}

void Stream::real(double value) {
    opcode(opcode::float8);
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 56; shift >= 0; shift -= 8) opcode(static_cast<unsigned char>(bits >> shift & 0xff));
}

void Stream::put_text(std::string_view text) {
    opcode(opcode::text4);
    number(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
}

void Stream::text(const std::string& text) {
    if (recall(texts_, text)) return;
    put_text(text);
    remember();
}

void Stream::key(std::size_t number) {
    const std::string text = std::to_string(number);
    if (recall(keys_, text)) return;
    put_text(text);
    remember();
}

void Stream::global(std::string_view module, std::string_view name) {
    const std::string line = std::string(module).append("\n").append(name).append("\n");
    if (recall(globals_, line)) return;
    opcode(opcode::global);
    bytes_ += line;
    remember();
}

bool Stream::recall(Numbers& numbers, const std::string& what) {
    const auto [found, fresh] = numbers.emplace(what, remembered_);
    if (fresh) return false;
    const std::uint32_t index = found->second;
    opcode(index < 256 ? opcode::get1 : opcode::get4);
    if (index < 256) number(static_cast<std::uint8_t>(index));
    else number(index);
    return true;
}

void Stream::remember() {
    opcode(remembered_ < 256 ? opcode::put1 : opcode::put4);
    if (remembered_ < 256) number(static_cast<std::uint8_t>(remembered_));
    else number(remembered_);
    ++remembered_;
}

}  // namespace ravine::inline v0::pickle
