#include "files.h"

#include <array>

namespace ravine::testing {

using namespace std::literals;
using safetensors::File;

std::string written(const File& file) {
    const TemporaryFolder folder;
    const std::string path = folder.path("file.safetensors");
    safetensors::write(file, path);
    return bytes_of(path);
}

TEST_CASE("the reference's example files come out byte for byte") {
    CHECK(written({}) == "\x08\0\0\0\0\0\0\0{}      "s);
    const File one = {{{"attn.0", tensor_of<float>({1, 2, 3}, {3})}}, {}, false};
    const std::string bytes = written(one);
    CHECK(bytes.substr(0, 8) == "\x40\0\0\0\0\0\0\0"s);
    CHECK(bytes.substr(8, 64) == R"({"attn.0":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}    )");
    CHECK(bytes.substr(72) == "\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40"s);
    const File metadata = {{}, {{"framework", "pt"}}, true};
    CHECK(written(metadata) == "\x28\0\0\0\0\0\0\0{\"__metadata__\":{\"framework\":\"pt\"}}     "s);
}

TEST_CASE("tensors are written by alignment, then by name, and metadata by key") {
    const File file = {{{"a", tensor_of<std::uint8_t>({1}, {1})},
                        {"b", tensor_of<float>({1}, {})},
                        {"z", tensor_of<std::uint64_t>({1}, {})},
                        {"c", tensor_of<std::int64_t>({1}, {})},
                        {"Z", tensor_of<std::uint64_t>({}, {0, 3})},
                        {"B", tensor_of<bool>({true}, {})}},
                       {{"y", "2"}, {"x", "1"}},
                       true};
    const std::string bytes = written(file);
    CHECK(bytes.substr(8, bytes.find("]}}") + 3 - 8) ==
          R"({"__metadata__":{"x":"1","y":"2"},)"
          R"("Z":{"dtype":"U64","shape":[0,3],"data_offsets":[0,0]},)"
          R"("z":{"dtype":"U64","shape":[],"data_offsets":[0,8]},)"
          R"("c":{"dtype":"I64","shape":[],"data_offsets":[8,16]},)"
          R"("b":{"dtype":"F32","shape":[],"data_offsets":[16,20]},)"
          R"("a":{"dtype":"U8","shape":[1],"data_offsets":[20,21]},)"
          R"("B":{"dtype":"BOOL","shape":[],"data_offsets":[21,22]}})");
    const File back = parse(bytes);
    CHECK(back.has_metadata);
    CHECK(back.metadata.size() == 2);
    CHECK(back.tensors.size() == 6);
    CHECK(back.tensors.front().first == "Z");
    CHECK(Value(back.tensors[4].second) == Value(file.tensors[0].second));
}

TEST_CASE("every dtype of the format comes back with its bytes") {
    constexpr std::array names = {"F64", "F32", "BF16", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL", "C64", "", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"};
    static_assert(names.size() == dtype_count);
    File file;
    for (std::size_t d = 0; d < names.size(); ++d) {
        if (names[d][0] == '\0') continue;
        const Tensor tensor = zeros({2, 3}, static_cast<DType>(d));
        auto* bytes = static_cast<unsigned char*>(tensor.mutable_data());
        for (std::size_t i = 0; i < tensor.nbytes(); ++i) bytes[i] = static_cast<unsigned char>(i % 2);
        file.tensors.emplace_back(names[d], tensor);
    }
    const std::string bytes = written(file);
    const File back = parse(bytes);
    REQUIRE(back.tensors.size() == file.tensors.size());
    for (const auto& one : file.tensors) {
        CHECK(contains(bytes, "\""s + one.first + R"(":{"dtype":")" + one.first + '"'));
        const auto same = std::find_if(back.tensors.begin(), back.tensors.end(), [&](const auto& other) { return other.first == one.first; });
        REQUIRE(same != back.tensors.end());
        CHECK(Value(same->second) == Value(one.second));
    }
}

TEST_CASE("a tensor that is not contiguous is written in row-major order") {
    std::array<float, 12> memory = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    const Tensor transposed = borrow(memory.data(), {4, 3}, {.strides = {1, 4}});
    const Tensor every_other = borrow(memory.data() + 1, {2, 3}, {.strides = {6, 2}});
    const Tensor expanded = borrow(memory.data() + 7, {3000, 5}, {.strides = {0, 0}});
    const File back = parse(written({{{"t", transposed}, {"s", every_other}, {"e", expanded}}, {}, false}));
    const std::span<const float> e = back.tensors[0].second.span<const float>();
    CHECK(std::count(e.begin(), e.end(), 7.0f) == 15000);
    CHECK(Value(back.tensors[1].second) == Value(tensor_of<float>({1, 3, 5, 7, 9, 11}, {2, 3})));
    CHECK(Value(back.tensors[2].second) == Value(tensor_of<float>({0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}, {4, 3})));
    CHECK(back.tensors[2].second.is_contiguous());
}

TEST_CASE("names keep their characters and are escaped where JSON demands it") {
    const std::string name = "a\"\\\b\t\n\f\r\x01/\xc3\xa9\xf0\x9f\x8c\x8a\x7f";
    const std::string bytes = written({{{name, zeros({1}, DType::f32)}}, {{name, name}}, true});
    CHECK(contains(bytes, R"("a\"\\\b\t\n\f\r\u0001/)"s + "\xc3\xa9\xf0\x9f\x8c\x8a\x7f\":"));
    const File back = parse(bytes);
    CHECK(back.tensors[0].first == name);
    CHECK(back.metadata[0] == std::pair(name, name));
}

TEST_CASE("what other writers may do is read") {
    SUBCASE("no padding") { CHECK(parse(safetensors_bytes("{}")).tensors.empty()); }
    SUBCASE("spaces inside, any order, other fields") {
        const File file = parse(safetensors_bytes(R"({ "b" : {"data_offsets":[1, 3], "shape":[1,1], "x":{"y":[1,-2.5e3,null,true,"s"]}, "dtype":"I16"},)"
                                                  R"("\u0061\ud83c\udf0a": {"dtype":"U8","shape":[],"data_offsets":[0,1]}}  )", "\x07\x01\x02"));
        REQUIRE(file.tensors.size() == 2);
        CHECK(file.tensors[0].first == "a\xf0\x9f\x8c\x8a");
        CHECK(file.tensors[0].second.item() == 7);
        CHECK(file.tensors[1].second.item() == 0x201);
        CHECK(!file.has_metadata);
    }
    SUBCASE("data at odd addresses") {
        const File file = parse(safetensors_bytes(R"({"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"b":{"dtype":"F64","shape":[],"data_offsets":[1,9]}})",
                                                  "\x01\0\0\0\0\0\0\xf0\x3f"s));
        CHECK(file.tensors[1].second.item() == 1.0);
    }
    SUBCASE("empty metadata") { CHECK(parse(safetensors_bytes(R"({"__metadata__":{}})")).has_metadata); }
}

TEST_CASE("what the format cannot hold is refused before anything is written") {
    const TemporaryFolder folder;
    const Tensor one = zeros({1}, DType::f32);
    const auto refusal = [&](const File& file) {
        return message_of<std::invalid_argument>([&] { safetensors::write(file, folder.path("x.safetensors")); });
    };
    CHECK(contains(refusal({{{"", one}}, {}, false}), "must be neither empty nor __metadata__, got ''"));
    CHECK(contains(refusal({{{"__metadata__", one}}, {}, false}), "must be neither empty nor __metadata__"));
    CHECK(contains(refusal({{{std::string(65537, 'x'), one}}, {}, false}), "must have at most 65536 bytes"));
    CHECK(contains(refusal({{{"\xff\x1b", one}}, {}, false}), "must be UTF-8, got '\\xff\\x1b'"));
    CHECK(contains(refusal({{{"a", one}, {"a", one}}, {}, false}), "must be there once, got 'a' twice"));
    CHECK(contains(refusal({{{"a", zeros({1}, DType::c128)}}, {}, false}), "tensor 'a' must have a dtype of safetensors, got complex128"));
    CHECK(contains(refusal({{{"a", Tensor()}}, {}, false}), "tensor 'a' must be defined"));
    CHECK(contains(refusal({{}, {{"k", "1"}, {"k", "2"}}, true}), "metadata key must be there once, got 'k' twice"));
    CHECK(contains(refusal({{}, {{"k", "\xc3"}}, true}), "metadata must be UTF-8"));
    CHECK(contains(refusal({{}, {{"k", std::string(100'000'000, ' ')}}, true}), "the header must have at most 100000000 bytes"));
    CHECK(folder.size() == 0);
}

}  // namespace ravine::testing
