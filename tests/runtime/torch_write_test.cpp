#include "torch_files.h"

#include <cmath>
#include <limits>

namespace ravine::testing {

using namespace std::literals;

/// Writes a tree to a file of this name and answers its bytes.
std::string written(const Value& value, std::string_view name = "x.pt") {
    const TemporaryFolder folder;
    torch_file::write(value, folder.path(name));
    return bytes_of(folder.path(name));
}

Value round_trip(const Value& value) { return parse_torch(written(value)); }

std::string writing_refusal(const Value& value, std::string_view name = "x.pt") {
    return message_of<std::invalid_argument>([&] { written(value, name); });
}

/// Of the record data.pkl, which is the first and begins at byte 64.
std::string pickle_of(std::string_view file) {
    std::string end = "PK\7\x08";
    return std::string(file.substr(64, file.find(end) - 64));
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

TEST_CASE("a dict of one float is written as in Python") {
    CHECK(pickle_of(written(Dict{{"lr", 0.1}})) == "\x80\2}q\0X\2\0\0\0lrq\1G\x3f\xb9\x99\x99\x99\x99\x99\x9as."s);
}

TEST_CASE("every kind of value survives, at its limits") {
    List values;
    for (const std::int64_t number : {0LL, 255LL, 256LL, 65535LL, 65536LL, -1LL, 2147483647LL, 2147483648LL, -2147483648LL, -2147483649LL}) values.items.emplace_back(number);
    for (const unsigned bits : {7U, 8U, 15U, 16U, 23U, 31U, 32U, 39U, 47U, 55U, 62U}) {
        for (const std::int64_t near : {-1, 0, 1}) {
            values.items.emplace_back((std::int64_t{1} << bits) + near);
            values.items.emplace_back(-(std::int64_t{1} << bits) + near);
        }
    }
    values.items.emplace_back(std::numeric_limits<std::int64_t>::max());
    values.items.emplace_back(std::numeric_limits<std::int64_t>::min());
    for (const double number : {0.0, -0.0, 1.0, 5e-324, 1e308, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), std::nan("")}) values.items.emplace_back(number);
    for (const char* text : {"", "a", "\xc3\xa9\n", "\xf0\x9f\x98\x80"}) values.items.emplace_back(text);
    values.items.insert(values.items.end(), {Value(), true, false, Value::Bytes{"\0\xff"s}, Value::Bytes{}, Tuple(), Tuple{1}, Tuple{1, 2}, Tuple{1, 2, 3}, Tuple{1, 2, 3, 4}, List{},
                                             List{1}, Set(), Set(ValueList{1, "b"}), Dict{}});
    Dict keys;
    keys.set(1, "one");
    keys.set(Tuple{1, "a"}, Dict{{"deeper", List{Dict{}}}});
    keys.kind = Dict::Kind::ordered_dict;
    keys.metadata = Dict{{"", Dict{{"version", 1}}}};
    values.items.emplace_back(keys);
    Dict counter;
    counter.kind = Dict::Kind::counter;
    counter.set(30, 1);
    values.items.emplace_back(counter);
    CHECK(round_trip(values) == Value(values));
}

TEST_CASE("long containers and long memos survive") {
    for (const std::int64_t size : {255, 256, 257, 999, 1000, 1001, 2000, 2001, 2500}) {
        List list;
        Dict plain, ordered, named;
        ordered.kind = Dict::Kind::ordered_dict;
        for (std::int64_t i = 0; i < size; ++i) {
            list.items.emplace_back(i);
            plain.set(i, -i);
            ordered.set(i, {});
            named.set("key " + std::to_string(i), "value " + std::to_string(i % 7));
        }
        for (const Value& value : {Value(list), Value(plain), Value(ordered), Value(named)}) CHECK(round_trip(value) == value);
    }
}

TEST_CASE("identical trees give identical bytes, and what was read is written again as it was") {
    const Value tree = Dict{{"w", tensor_of({1.0F, 2.0F}, {2})}, {"empty", zeros({0}, DType::f32)}, {"list", List{1, 2.0, "three"}}};
    CHECK(written(tree) == written(tree.clone()));
    CHECK(written(tree) == written(round_trip(tree)));
    CHECK(written(tree) != written(tree, "y.pt"));  // the name is that of the folder in the file
}

TEST_CASE("tensors of every dtype survive") {
    Dict dict;
    for (std::size_t i = 0; i < dtype_count; ++i) {
        const auto dtype = static_cast<DType>(i);
        const Tensor bytes = empty({2, 3}, dtype);
        std::memset(bytes.mutable_data(), 1, bytes.nbytes());
        dict.set(name(dtype), bytes);
    }
    CHECK(round_trip(dict) == Value(dict));
    CHECK(count(pickle_of(written(dict)), "_rebuild_tensor_v3") == 1);
    CHECK(count(pickle_of(written(dict)), "float8_e4m3fnuz") == 2);  // the key and the dtype
}

TEST_CASE("views keep their strides and what they share") {
    const Tensor base = tensor_of({1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}, {2, 3});
    auto* data = static_cast<float*>(base.mutable_data());
    const Tensor turned = borrow(data, {3, 2}, {.strides = {1, 3}}), tail = borrow(data + 4, {2});
    const Value tree = List{base, turned, tail, base};
    const std::string file = written(tree);
    CHECK(count(file, "x/data/0") == 2);  // the record's header and its entry in the directory
    CHECK(count(file, "x/data/1") == 0);
    const Value back = parse_torch(file);
    CHECK(back == tree);
    CHECK(back.items()[1].as<Tensor>().strides() == Shape{1, 3});
    back.items()[0].as<Tensor>().span<float>()[5] = 60;
    CHECK(back.items()[1].as<Tensor>().span<const float>()[5] == 60);
    CHECK(back.items()[2].as<Tensor>().span<const float>()[1] == 60);

    const Tensor expanded = borrow(data, {4, 3}, {.strides = {0, 1}});
    const Tensor again = round_trip(expanded).as<Tensor>();
    CHECK(again.strides() == Shape{0, 1});
    CHECK(Value(again) == Value(expanded));
}

TEST_CASE("what lies between the elements of a tensor is not written") {
    float secret[8] = {1, 1234.5F, 2, 1234.5F, 3, 1234.5F, 4, 1234.5F};
    const Tensor column = borrow(secret, {2, 2}, {.strides = {4, 2}});
    const std::string file = written(List{column, column});
    CHECK(count(file, fields(1234.5F)) == 0);
    CHECK(count(file, "x/data/1") == 0);
    CHECK(parse_torch(file) == Value(List{column, column}));
    CHECK(parse_torch(file).items()[0].as<Tensor>().is_contiguous());
}

TEST_CASE("neighbours in one allocation have a storage each") {
    const std::vector<Tensor> both = zeros_like(std::vector<Tensor>{zeros({3}, DType::f32), zeros({5}, DType::f32)});
    const std::string file = written(List{both[0], both[1]});
    CHECK(count(file, "x/data/1") == 2);
    CHECK(parse_torch(file) == Value(List{both[0], both[1]}));
}

TEST_CASE("what the format cannot hold is refused with its path, and nothing is written") {
    const Tensor base = zeros({4}, DType::f32);
    const Tensor other = borrow(base.mutable_data(), DType::i32, {4});
    CHECK(writing_refusal(Dict{{"a", Dict{{"b", base}}}, {"c", other}}) == "save: views of one memory must have one dtype, got float32 at a.b and int32 at c");
    CHECK(writing_refusal(Dict{{"a", List{Tensor()}}}) == "save: a tensor must be defined, got an undefined one (at a.0)");
    CHECK(writing_refusal(Dict{{"a", "\xff"}}) == "save: text must be UTF-8, got '\\xff' (at a)");
    CHECK(contains(writing_refusal(Dict{{"a", std::string((1 << 20) + 1, 'a')}}), "text must have at most 1048576 bytes, got 1048577 (at a)"));
    Dict floats;
    floats.set(1.5, 1);
    CHECK(contains(writing_refusal(Dict{{"a", floats}}), "a dict's key must be an integer, a string or a tuple of them, got 1.5 (at a)"));
    Dict counter = {{"a", 1}};
    counter.kind = Dict::Kind::counter;
    CHECK(contains(writing_refusal(counter), "a Counter must count integers, got 1 for 'a' (at the root)"));
    Dict plain;
    plain.metadata = 1;
    CHECK(contains(writing_refusal(plain), "only an OrderedDict can have _metadata"));
    Value deep = List();
    for (int i = 0; i < 63; ++i) deep = List{deep};
    CHECK(round_trip(deep) == deep);
    CHECK(contains(writing_refusal(List{deep}), "containers must be at most 64 inside one another"));
}

TEST_CASE("the folder in the file is called as torch calls it") {
    const auto folder_in = [](std::string_view name) {
        const std::string file = written(1, name);
        return file.substr(30, file.find("/data.pkl") - 30);
    };
    CHECK(folder_in("my.model.v2.pth") == "my.model.v2");
    CHECK(folder_in("..pt") == ".");
    CHECK(folder_in("a b.bin") == "a b");
    CHECK(folder_in("a\\b.pt") == "b");
    CHECK(folder_in("none") == "none");
    CHECK(folder_in("\xc3\xa9.pt") == "archive");
    for (const auto name : {".pt", "...pt"}) CHECK(contains(writing_refusal(1, name), "save: the file's name must have something before its suffix"));
}

TEST_CASE("a tree as large as can be written can be read") {
    List list;
    list.items.assign(3'000'000, Value());
    CHECK(round_trip(list) == Value(list));
    Dict tensors;
    const Tensor one = zeros({}, DType::f32);
    for (int i = 0; i < 20'000; ++i) tensors.set(std::to_string(i), i % 2 == 0 ? one : one.clone());
    CHECK(round_trip(tensors) == Value(tensors));
}

}  // namespace ravine::testing
