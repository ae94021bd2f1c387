#include <ravine/runtime/text.h>

#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace ravine::testing {

using namespace std::literals;

std::string decimal(double value) {
    std::string text;
    append_double(text, value);
    return text;
}

TEST_CASE("doubles print as Python's repr does") {
    CHECK(decimal(0.1) == "0.1");
    CHECK(decimal(1) == "1.0");
    CHECK(decimal(-0.0) == "-0.0");
    CHECK(decimal(0.0001) == "0.0001");
    CHECK(decimal(0.00001) == "1e-05");
    CHECK(decimal(4e-08) == "4e-08");
    CHECK(decimal(123456789012345680.0) == "1.2345678901234568e+17");
    CHECK(decimal(1e15) == "1000000000000000.0");
    CHECK(decimal(1e16) == "1e+16");
    CHECK(decimal(1e100) == "1e+100");
    CHECK(decimal(5e-324) == "5e-324");
    CHECK(decimal(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
    CHECK(decimal(INFINITY) == "inf");
    CHECK(decimal(-INFINITY) == "-inf");
    CHECK(decimal(NAN) == "nan");
}

TEST_CASE("any double reads back with its bits") {
    std::uint64_t bits = 1;
    for (int i = 0; i < 20000; ++i) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        const auto value = std::bit_cast<double>(bits);
        if (!std::isfinite(value)) continue;
        const std::string text = decimal(value);
        double back = 0;
        std::from_chars(text.data(), text.data() + text.size(), back);
        CHECK(std::bit_cast<std::uint64_t>(back) == bits);
        CHECK(text.find_first_of(".e") != std::string::npos);
    }
}

TEST_CASE("UTF-8 is valid in its shortest form only") {
    for (const auto valid : {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8c\x8a", "\xf4\x8f\xbf\xbf", ""}) CHECK(is_utf8(valid));
    for (const auto invalid : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80",
                               "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xe2\x28\xa1"}) {
        CHECK(!is_utf8(invalid));
    }
}

TEST_CASE("every code point survives encoding and decoding") {
    for (std::uint32_t code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 97) {
        if (code >= 0xd800 && code < 0xe000) continue;
        std::string text;
        append_utf8(text, code);
        const CodePoint point = first_code_point(text);
        CHECK(point.value == code);
        CHECK(point.bytes == text.size());
    }
}

TEST_CASE("what is printable cannot steer a terminal or rearrange a line") {
    CHECK(printable("plain \xc3\xa9") == "plain \xc3\xa9");
    CHECK(printable("a\n\t\r\x1b[0m\x7f\0b"sv) == "a\\n\\t\\r\\x1b[0m\\x7f\\x00b");
    CHECK(printable("\xff\xc3") == "\\xff\\xc3");
    CHECK(printable("\xe2\x80\xae\xef\xbb\xbf\xc2\x85") == "\\u202e\\ufeff\\x85");
    CHECK(printable("\xf3\xa0\x80\x81") == "\\U000e0001");
    CHECK(printable("abcdef", 3) == "abc...");
    CHECK(quoted("a'b") == "'a'b'");
}

TEST_CASE("a JSON string escapes what JSON demands and nothing else") {
    std::string json;
    append_json_string(json, "a\"\\\b\t\n\f\r\x01\x1f/\x7f\xc3\xa9"sv);
    CHECK(json == "\"a\\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u001f/\x7f\xc3\xa9\"");
}

}  // namespace ravine::testing
