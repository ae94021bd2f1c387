#include "files.h"

namespace ravine::testing {

using namespace std::literals;

/// Why a file is refused.
std::string reading_refusal(std::string_view bytes) {
    return message_of<std::runtime_error>([&] { parse(bytes); });
}

std::string refusal_of(std::string_view header, std::string_view data = {}) {
    return reading_refusal(safetensors_bytes(header, data));
}

/// A header of one tensor "t".
std::string refusal_of_entry(std::string_view entry, std::string_view data = {}) {
    return refusal_of("{\"t\":" + std::string(entry) + "}", data);
}

TEST_CASE("the lengths of a file must fit") {
    CHECK(reading_refusal("") == "safetensors: the file must have at least 8 bytes, got 0 (x.safetensors)");
    CHECK(reading_refusal("\x02\0\0\0\0\0\0"s) == "safetensors: the file must have at least 8 bytes, got 7 (x.safetensors)");
    CHECK(reading_refusal("\x03\0\0\0\0\0\0\0{}"s) == "safetensors: the header must lie within the file's 10 bytes, got one of 3 bytes (x.safetensors)");
    CHECK(contains(reading_refusal("\xff\xff\xff\xff\xff\xff\xff\xff{}"s), "the header must have at most 100000000 bytes, got 18446744073709551615"));
    CHECK(contains(reading_refusal("\x01\xe1\xf5\x05\0\0\0\0{}"s), "the header must have at most 100000000 bytes, got 100000001"));
    CHECK(contains(reading_refusal("\0\xe1\xf5\x05\0\0\0\0{}"s), "the header must lie within the file's 10 bytes"));
    CHECK(contains(refusal_of(""), "the header must begin with a brace, got the end at byte 8"));
}

TEST_CASE("a header must be one JSON object with nothing around it") {
    CHECK(contains(refusal_of(" {}"), "the header must begin with a brace"));
    CHECK(contains(refusal_of("[]"), "the header must begin with a brace, got '[]' at byte 8"));
    CHECK(contains(refusal_of("{}\n"), "only spaces may follow the header's closing brace, got '\\n' at byte 10"));
    CHECK(contains(refusal_of("{}{}"), "only spaces may follow"));
    CHECK(contains(refusal_of("{} \0"s), "only spaces may follow"));
    CHECK(contains(refusal_of("{"), "a tensor's name, got the end"));
    CHECK(contains(refusal_of("{\"a\""), "a colon must follow a tensor's name 'a'"));
    CHECK(contains(refusal_of("{\"__metadata__\":{},}"), "a tensor's name, got '}'"));
    CHECK(contains(refusal_of("{\"__metadata__\":{} \"a\""), "must go on with a comma or end with a brace"));
    CHECK(contains(refusal_of("{\"\xff\":{}}"), "must be a JSON string in UTF-8, got '\\xff\""));
    CHECK(contains(refusal_of("{\"a\nb\":{}}"), "must be a JSON string in UTF-8, got '\\nb\""));
    CHECK(contains(refusal_of("{\"\\ud800\":{}}"), "must not hold half of a surrogate pair"));
    CHECK(contains(refusal_of("{\"\\x41\":{}}"), "must hold only JSON's escapes"));
    CHECK(contains(refusal_of("{\"\\u00g0\":{}}"), "must hold only JSON's escapes"));
}

TEST_CASE("names must be there once, not empty and not too long") {
    constexpr auto entry = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})"sv;
    const std::string named = "\":" + std::string(entry);
    CHECK(contains(refusal_of("{\"a" + named + ",\"\\u0061" + named + "}"), "a tensor's name must be there once, got 'a' twice"));
    CHECK(contains(refusal_of("{\"" + named + "}"), "a tensor's name must not be empty"));
    CHECK(contains(refusal_of("{\"" + std::string(65537, 'x') + named + "}"), "a tensor's name must have at most 65536 bytes"));
    CHECK(refusal_of("{\"" + std::string(65536, 'x') + named + "}").empty());
    CHECK(contains(refusal_of("{\"\\u001b[31m\\n" + named.substr(0, 12) + "}"), "'\\x1b[31m\\n'"));
}

TEST_CASE("metadata must be one map from strings to strings") {
    CHECK(contains(refusal_of(R"({"__metadata__":null})"), "__metadata__ must be an object"));
    CHECK(contains(refusal_of(R"({"__metadata__":{"a":1}})"), "the metadata value of 'a'"));
    CHECK(contains(refusal_of(R"({"__metadata__":{"a":null}})"), "the metadata value of 'a'"));
    CHECK(contains(refusal_of(R"({"__metadata__":{"a":"1","a":"2"}})"), "a metadata key must be there once, got 'a' twice"));
    CHECK(contains(refusal_of(R"({"__metadata__":{},"__metadata__":{}})"), "must be there once, got '__metadata__' twice"));
    CHECK(contains(refusal_of(R"({"__metadata__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})"), "the metadata value of 'shape'"));
}

TEST_CASE("an entry must have its three fields, each once and of its type") {
    CHECK(contains(refusal_of_entry("[\"U8\",[0],[0,0]]"), "tensor 't' must be an object"));
    CHECK(contains(refusal_of_entry(R"({"shape":[0],"data_offsets":[0,0]})"), "tensor 't' must have the field dtype, got none"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","data_offsets":[0,0]})"), "tensor 't' must have the field shape, got none"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","shape":[0]})"), "tensor 't' must have the field data_offsets, got none"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]})"), "a field of tensor 't' must be there once, got 'dtype' twice"));
    CHECK(contains(refusal_of_entry(R"({"dtype":3,"shape":[0],"data_offsets":[0,0]})"), "the dtype of tensor 't', got '3"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"f32","shape":[0],"data_offsets":[0,0]})"), "the dtype of tensor 't' must be one of safetensors, got 'f32'"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","shape":0,"data_offsets":[0,0]})"), "the shape of tensor 't' must be an array"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","shape":[0],"data_offsets":[0]})"), "data_offsets of tensor 't' must be two numbers, got 1"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","shape":[0],"data_offsets":[0,0,0]})"), "data_offsets of tensor 't' must be two numbers, got more"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":{"y":[[]]}})"), "the header must have at most 4 levels"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":nul})"), "a field must be a number"));
}

TEST_CASE("dtypes that cannot be held are refused by name") {
    for (const auto name : {"F4", "F6_E2M3", "F6_E3M2"}) {
        const std::string entry = R"({"dtype":")" + std::string(name) + R"(","shape":[0],"data_offsets":[0,0]})";
        CHECK(contains(refusal_of_entry(entry), "the dtype of tensor 't' must be one that ravine can hold, got " + std::string(name)));
    }
}

TEST_CASE("numbers must be plain integers from 0 to 2^63 - 1") {
    for (const auto number : {"-1", "1.0", "1e3", "9223372036854775808", "99999999999999999999999", "-0"}) {
        const std::string shape = R"({"dtype":"U8","shape":[)" + std::string(number) + R"(],"data_offsets":[0,0]})";
        const std::string offset = R"({"dtype":"U8","shape":[0],"data_offsets":[)" + std::string(number) + ",0]}";
        const std::string must = "must be an integer from 0 to 2^63 - 1, got " + std::string(number);
        CHECK(contains(refusal_of_entry(shape), "the shape of tensor 't' " + must));
        CHECK(contains(refusal_of_entry(offset), "data_offsets of tensor 't' " + must));
    }
    for (const auto number : {"01", "+1", ".5", "true", "\"1\"", "0x1", "1.", "1e"}) {
        const std::string shape = R"({"dtype":"U8","shape":[)" + std::string(number) + R"(],"data_offsets":[0,0]})";
        CHECK(contains(refusal_of_entry(shape), "the shape of tensor 't'"));
    }
}

TEST_CASE("sizes must agree with the data and not overflow") {
    CHECK(contains(refusal_of_entry(R"({"dtype":"F32","shape":[2],"data_offsets":[0,7]})", "1234567"),
                   "tensor 't': data must have 8 bytes (float32 of shape (2,)), got [0, 7]"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"F32","shape":[],"data_offsets":[0,0]})"), "data must have 4 bytes"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","shape":[1],"data_offsets":[1,0]})", "1"), "tensor 't': data_offsets must not decrease, got [1, 0]"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})", "1"), "tensor 't': data must end within the file's 1 data bytes, got [0, 2]"));
    CHECK(contains(refusal_of_entry(R"({"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]})", "1"), "data must end within"));
    const auto overflowing = {"[4294967296,4294967296]", "[0,4294967296,4294967296]", "[4294967296,4294967296,0]", "[2305843009213693952]"};
    for (const auto shape : overflowing) {
        const std::string entry = R"({"dtype":"F32","shape":)" + std::string(shape) + R"(,"data_offsets":[0,0]})";
        CHECK(contains(refusal_of_entry(entry), "tensor 't': sizes must not overflow 64 bits"));
    }
}

TEST_CASE("tensors must cover the data without gap, overlap and rest") {
    const auto two = [](std::string_view a, std::string_view b) {
        return R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)" + std::string(a) + R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)" + std::string(b) + "}}";
    };
    CHECK(refusal_of(two("[2,4]", "[0,2]"), "1234").empty());
    CHECK(contains(refusal_of(two("[0,2]", "[3,5]"), "12345"), "tensor 'b': data must begin at byte 2, where the tensor before ends, got 3"));
    CHECK(contains(refusal_of(two("[0,2]", "[1,3]"), "123"), "tensor 'b': data must begin at byte 2, where the tensor before ends, got 1"));
    CHECK(contains(refusal_of(two("[0,2]", "[0,2]"), "12"), "tensor 'b': data must begin at byte 2"));
    CHECK(contains(refusal_of(two("[1,3]", "[3,5]"), "12345"), "tensor 'a': data must begin at byte 0"));
    CHECK(contains(refusal_of(two("[0,2]", "[2,4]"), "12345"), "the tensors must fill the file, got 1 bytes after the last one"));
    CHECK(contains(refusal_of("{}", "1"), "the tensors must fill the file, got 1 bytes"));
}

TEST_CASE("a bool must be 0 or 1") {
    CHECK(refusal_of_entry(R"({"dtype":"BOOL","shape":[3],"data_offsets":[0,3]})", "\0\1\2"s) ==
          "safetensors: tensor 't': BOOL data must be bytes 0 and 1, got 2 at element 2 (x.safetensors)");
}

const std::string& small_file() {
    static const std::string bytes = safetensors_bytes(
        R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"BOOL","shape":[2],"data_offsets":[8,10]}} )",
        "12345678\1\0"s);
    return bytes;
}

TEST_CASE("a file that is cut at any byte or longer is refused") {
    CHECK(reading_refusal(small_file()).empty());
    for (std::size_t size = 0; size < small_file().size(); ++size) CHECK(!reading_refusal(std::string_view(small_file()).substr(0, size)).empty());
    CHECK(!reading_refusal(small_file() + '\0').empty());
}

TEST_CASE("a byte that changes gives another file or a refusal, never more") {
    int refused = 0, read = 0;
    std::string bytes = small_file();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const char original = bytes[at];
        for (int value = 0; value < 256; ++value) {
            bytes[at] = static_cast<char>(value);
            try {
                read += parse(bytes).tensors.size() <= 3;
            } catch (const std::runtime_error& error) {
                refused += contains(error.what(), "x.safetensors");
            }
        }
        bytes[at] = original;
    }
    CHECK(refused + read == static_cast<int>(bytes.size()) * 256);
    CHECK(refused > read);
}

}  // namespace ravine::testing
