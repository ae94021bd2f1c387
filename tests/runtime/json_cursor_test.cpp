#include "files.h"
#include "json_cursor.h"

namespace ravine::testing {

/// The error of f on a cursor over the text.
template <class F> std::string error_of(std::string_view text, F f) {
    return message_of<std::runtime_error>([&] {
        JsonCursor cursor(text, "who", "where", 100);
        f(cursor);
    });
}

TEST_CASE("a cursor takes what is there and stays where it is otherwise") {
    JsonCursor cursor(" \n{ \"a\" : true}", "who", "where");
    CHECK(!cursor.accept('['));
    CHECK(cursor.accept('{'));
    CHECK(cursor.string("a key", 10) == "a");
    cursor.expect(':', "a colon");
    CHECK(!cursor.accept_word("null"));
    CHECK(cursor.accept_word("true"));
    CHECK(cursor.next_token() == '}');
    CHECK(cursor.accept('}'));
    CHECK(cursor.at_end());
    CHECK(cursor.peek() == '\0');
    CHECK(!cursor.accept('\0'));
}

TEST_CASE("an error names who, what, the byte and where") {
    CHECK(error_of("[1", [](JsonCursor& cursor) {
              cursor.expect('[', "a list");
              cursor.expect(']', "the list must end with a bracket");
          }) == "who: the list must end with a bracket, got '1' at byte 101 (where)");
    CHECK(error_of("", [](JsonCursor& cursor) { cursor.expect('[', "it must be a list"); }) == "who: it must be a list, got the end at byte 100 (where)");
}

TEST_CASE("strings are decoded") {
    const auto decoded = [](std::string_view text) { return JsonCursor(text, "who", "where").string("text", 100); };
    CHECK(decoded(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(decoded(R"("\u0041\u00e9\u20ac\ud83c\udf0a")") == "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a");
    CHECK(decoded("\"\xf0\x9f\x8c\x8a\"") == "\xf0\x9f\x8c\x8a");
    CHECK(decoded(R"("\u0000")") == std::string(1, '\0'));
}

TEST_CASE("strings that are none are refused") {
    const auto error = [](std::string_view text) { return error_of(text, [](JsonCursor& cursor) { cursor.string("text", 4); }); };
    CHECK(error("\"1234\"").empty());
    CHECK(contains(error("\"12345\""), "text must have at most 4 bytes"));
    CHECK(contains(error("\"\\u20ac\\u20ac\""), "text must have at most 4 bytes"));
    for (const auto text : {"\"abc", "\"a\nb\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u+123\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "abc", ""}) {
        CHECK(!error(text).empty());
    }
}

TEST_CASE("numbers follow JSON's grammar") {
    for (const auto number : {"0", "-0", "1", "-12", "1.5", "0.25", "1e5", "1E+5", "-1.5e-300"}) {
        CHECK(JsonCursor(number, "who", "where").number("a number") == number);
    }
    for (const auto number : {"01", "-", "+1", ".5", "1.", "1e", "1e+", "", "x", "-01", "Infinity"}) {
        CHECK(!error_of(number, [](JsonCursor& cursor) { cursor.number("a number"); }).empty());
    }
    CHECK(JsonCursor("9223372036854775807", "who", "where").natural("a size") == std::numeric_limits<std::int64_t>::max());
    for (const auto number : {"9223372036854775808", "-1", "-0", "1.0", "1e0"}) {
        CHECK(contains(error_of(number, [](JsonCursor& cursor) { cursor.natural("a size"); }), "a size must be an integer from 0 to 2^63 - 1"));
    }
}

}  // namespace ravine::testing
