#include "torch_files.h"

namespace ravine::testing {

using namespace std::literals;

const std::string six_bytes = fields(1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F);
const std::string six_floats = storage("FloatStorage", "0", "K\6");

Tensor tensor_from(std::string_view body, const std::vector<std::string>& storages) { return parse_pickle(body, storages).as<Tensor>(); }

/// A tensor of the six_bytes floats.
std::string refusal_of_view(std::string_view offset, std::string_view sizes, std::string_view strides) {
    return pickle_refusal(tensor(six_floats, offset, sizes, strides), {six_bytes});
}

TEST_CASE("tensors are views of their storage") {
    CHECK(Value(tensor_from(tensor(six_floats, "K\0"s, "K\2K\3\x86", "K\3K\1\x86"), {six_bytes})) == Value(tensor_of({1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F}, {2, 3})));
    CHECK(Value(tensor_from(tensor(six_floats, "K\0"s, "K\3K\2\x86", "K\1K\3\x86"), {six_bytes})) == Value(tensor_of({1.0F, 4.0F, 2.0F, 5.0F, 3.0F, 6.0F}, {3, 2})));
    CHECK(Value(tensor_from(tensor(six_floats, "K\4", "K\2\x85", "K\1\x85"), {six_bytes})) == Value(tensor_of({5.0F, 6.0F}, {2})));
    CHECK(Value(tensor_from(tensor(six_floats, "K\5", ")", ")"), {six_bytes})) == Value(tensor_of({6.0F}, {})));
    CHECK(Value(tensor_from(tensor(six_floats, "K\6", "K\0\x85"s, "K\1\x85"), {six_bytes})) == Value(tensor_of<float>({}, {0})));
    const Tensor expanded = tensor_from(tensor(six_floats, "K\1", "K\3K\2\x86", "K\0K\1\x86"s), {six_bytes});
    CHECK(expanded.strides() == Shape{0, 1});
    CHECK(Value(expanded) == Value(tensor_of({2.0F, 3.0F, 2.0F, 3.0F, 2.0F, 3.0F}, {3, 2})));
}

TEST_CASE("tensors of one storage share its memory, and the old forms of tensors and parameters are taken") {
    const std::string whole = tensor(six_floats, "K\0"s, "K\6\x85", "K\1\x85"), tail = tensor(six_floats, "K\4", "K\2\x85", "K\1\x85");
    const Value both = parse_pickle("](" + whole + tail + "e", {six_bytes});
    both.items()[0].as<Tensor>().span<float>()[5] = 60;
    CHECK(both.items()[1].as<Tensor>().span<const float>()[1] == 60);
    const std::string old = global("torch._utils", "_rebuild_tensor") + "(" + six_floats + "K\0K\2\x85K\1\x85tR"s;
    CHECK(tensor_from(old, {six_bytes}).span<const float>()[1] == 2);
    const std::string hooks = global("collections", "OrderedDict") + ")R";
    CHECK(tensor_from(global("torch._utils", "_rebuild_parameter") + tail + "\x88" + hooks + "\x87R", {six_bytes}).numel() == 2);
    CHECK(tensor_from(global("torch._utils", "_rebuild_parameter_with_state") + "(" + tail + "\x88" + hooks + "NtR", {six_bytes}).numel() == 2);
    CHECK(contains(pickle_refusal(global("torch._utils", "_rebuild_parameter_with_state") + "(" + tail + "\x88" + hooks + "K\1tR", {six_bytes}), "a parameter must have no attributes of its own"));
    CHECK(contains(pickle_refusal(global("torch._utils", "_rebuild_parameter") + "N\x88" + hooks + "\x87R", {six_bytes}), "_rebuild_parameter must be given a tensor, a bool and hooks"));
}

TEST_CASE("every dtype comes from its storage's class, and those without one from bytes") {
    for (const auto& [cls, dtype] : {std::pair("DoubleStorage", DType::f64), {"HalfStorage", DType::f16}, {"BFloat16Storage", DType::bf16}, {"LongStorage", DType::i64},
                                     {"IntStorage", DType::i32}, {"ShortStorage", DType::i16}, {"CharStorage", DType::i8}, {"ByteStorage", DType::u8}, {"BoolStorage", DType::boolean},
                                     {"ComplexFloatStorage", DType::c64}, {"ComplexDoubleStorage", DType::c128}}) {
        const Tensor got = tensor_from(tensor(storage(cls, "0", "K\2"), "K\1", ")", ")"), {std::string(2 * item_size(dtype), '\1')});
        CHECK(got.dtype() == dtype);
        CHECK(static_cast<const char*>(got.data())[0] == 1);
    }
    const auto v3 = [](std::string_view dtype, std::string_view sizes) {
        return global("torch._utils", "_rebuild_tensor_v3") + "(" + storage("UntypedStorage", "0", "K\x08") + "K\1" + std::string(sizes) + "K\1\x85\x89" +
               global("collections", "OrderedDict") + ")R" + global("torch", dtype) + "tR";
    };
    const Tensor words = tensor_from(v3("uint16", "K\3\x85"), {fields(u16{1}, u16{2}, u16{3}, u16{4})});
    CHECK(words.dtype() == DType::u16);
    CHECK(words.span<const std::uint16_t>()[2] == 4);
    CHECK(contains(pickle_refusal(v3("uint16", "K\4\x85"), {std::string(8, '\0')}), "a tensor must lie within the 4 elements of its storage"));
    CHECK(contains(pickle_refusal("](" + v3("uint16", "K\1\x85") + v3("int16", "K\1\x85") + "e", {std::string(8, '\0')}), "a storage's tensors must have one dtype, here uint16, got int16"));
    CHECK(contains(pickle_refusal(tensor(storage("UntypedStorage", "0", "K\x08"), "K\0"s, ")", ")"), {std::string(8, '\0')}), "_rebuild_tensor_v2 must be given a typed storage"));
}

TEST_CASE("the bytes of a file from a big-endian machine are turned, each part of a complex number for itself") {
    ZipFile file = checkpoint_of(pickled("](" + tensor(storage("ComplexFloatStorage", "0", "K\1"), "K\0"s, ")", ")") + tensor(storage("ShortStorage", "1", "K\2"), "K\0"s, "K\2\x85", "K\1\x85") +
                                         tensor(storage("ByteStorage", "2", "K\2"), "K\0"s, "K\2\x85", "K\1\x85") + "e"),
                                 {"\x3f\x80\0\0\x40\0\0\0"s, "\1\2\3\4"s, "ab"});
    file.records.emplace_back("x/byteorder", "big");
    const Value list = parse_torch(file.bytes());
    const auto* parts = static_cast<const float*>(list.items()[0].as<Tensor>().data());
    CHECK(parts[0] == 1);
    CHECK(parts[1] == 2);
    CHECK(list.items()[1].as<Tensor>().span<const std::int16_t>()[0] == 0x0102);
    CHECK(list.items()[2].as<Tensor>().span<const std::uint8_t>()[1] == 'b');
}

TEST_CASE("a tensor outside of its storage is refused, whatever its numbers") {
    CHECK(contains(refusal_of_view("K\1", "K\6\x85", "K\1\x85"), "a tensor must lie within the 6 elements of its storage"));
    CHECK(contains(refusal_of_view("K\7", "K\0\x85"s, "K\1\x85"), "a tensor must lie within"));
    CHECK(contains(refusal_of_view("K\6", ")", ")"), "a tensor must lie within"));
    CHECK(contains(refusal_of_view("K\0"s, "K\2K\3\x86", "K\4K\1\x86"), "a tensor must lie within"));
    const std::string huge = "\x8a\x08\0\0\0\0\0\0\0\x40"s;  // 2^62
    CHECK(contains(refusal_of_view("K\0"s, huge + "\x85", "K\1\x85"), "a tensor's bytes must have at most 63 bits"));
    CHECK(contains(refusal_of_view("K\0"s, huge + "\x85", "K\0\x85"s), "a tensor's bytes must have at most 63 bits"));
    CHECK(contains(refusal_of_view("K\0"s, "K\2\x85", huge + "\x85"), "a tensor must lie within"));
    CHECK(contains(refusal_of_view(huge, ")", ")"), "a tensor must lie within"));
    CHECK(contains(refusal_of_view("K\0"s, huge + huge + "K\0\x87"s, "K\1K\1K\1\x87"), "a tensor's bytes must have at most 63 bits"));
    CHECK(contains(refusal_of_view("J\xff\xff\xff\xff", ")", ")"), "a tensor's offset must be an integer >= 0, got -1"));
    CHECK(contains(refusal_of_view("K\0"s, "J\xff\xff\xff\xff\x85", "K\1\x85"), "a tensor's sizes must be integers >= 0, got -1"));
    CHECK(contains(refusal_of_view("K\0"s, "K\2\x85", "J\xff\xff\xff\xff\x85"), "a tensor's strides must be integers >= 0, got -1"));
    CHECK(contains(refusal_of_view("K\0"s, "K\2\x85", ")"), "a tensor must have a size and a stride for each of at most 64 dimensions, got 1 and 0"));
    CHECK(contains(refusal_of_view("K\0"s, "\x88\x85", "K\1\x85"), "a tensor's sizes must be integers >= 0, got True"));
    CHECK(contains(refusal_of_view("K\0"s, "]", ")"), "a tensor's sizes must be a tuple, got a list"));
    const Tensor large = tensor_from(tensor(six_floats, "K\0"s, "\x8a\6\0\0\0\0\0\1\x85"s, "K\0\x85"s), {six_bytes});
    CHECK(large.numel() == std::int64_t{1} << 40);
    std::string many;
    for (int i = 0; i < 65; ++i) many += "K\1";
    CHECK(contains(refusal_of_view("K\0"s, "(" + many + "t", "(" + many + "t"), "at most 64 dimensions, got 65 and 65"));
}

TEST_CASE("a tensor is made from exactly what torch writes") {
    const std::string v2 = global("torch._utils", "_rebuild_tensor_v2"), hooks = global("collections", "OrderedDict") + ")R";
    const auto with = [&](std::string_view arguments) { return pickle_refusal(v2 + "(" + std::string(arguments) + "tR", {six_bytes}); };
    CHECK(with(six_floats + "K\0))\x89"s + hooks).empty());
    CHECK(with(six_floats + "K\0))\x89"s + hooks + "}").empty());
    CHECK(with(six_floats + "K\0))\x89"s + hooks + "N").empty());
    CHECK(contains(with(six_floats + "K\0))\x89"s), "_rebuild_tensor_v2 must be given 6 arguments, got 5"));
    CHECK(contains(with("NK\0))\x89"s + hooks), "a tensor must be given a storage, got None"));
    CHECK(contains(with(six_floats + "N))\x89" + hooks), "a tensor's offset must be an integer"));
    CHECK(contains(with(six_floats + "K\0))K\0"s + hooks), "requires_grad must be a bool, got 0"));
    CHECK(contains(with(six_floats + "K\0))\x89}"s), "a tensor's hooks must be an empty OrderedDict, got a dict"));
    CHECK(contains(with(six_floats + "K\0))\x89"s + hooks + text("a") + "Ns"), "a tensor's hooks must be an empty OrderedDict"));
    CHECK(contains(with(six_floats + "K\0))\x89"s + hooks + "}" + text("conj") + "\x88s"), "a tensor must have no conjugate or negative bit"));
}

TEST_CASE("a storage is what its persistent id and its record agree on") {
    const auto with = [&](std::string_view id) { return pickle_refusal(tensor(std::string(id), "K\0"s, ")", ")"), {six_bytes}); };
    CHECK(with(six_floats).empty());
    CHECK(contains(with(storage("FloatStorage", "0", "K\7")), "the record of storage '0' must have 28 bytes, got 24"));
    CHECK(contains(with(storage("FloatStorage", "0", "K\5")), "the record of storage '0' must have 20 bytes, got 24"));
    CHECK(contains(with(storage("DoubleStorage", "0", "K\6")), "the record of storage '0' must have 48 bytes, got 24"));
    CHECK(contains(with(storage("FloatStorage", "1", "K\6")), "a storage must have its record in the file, got none for key '1'"));
    CHECK(contains(with(storage("FloatStorage", "../0", "K\6")), "a storage's key must be at most 64 letters, digits, _ and -, got '../0'"));
    CHECK(contains(with(storage("FloatStorage", "", "K\6")), "a storage's key must be"));
    CHECK(contains(with(storage("FloatStorage", std::string(65, '0'), "K\6")), "a storage's key must be"));
    CHECK(contains(with(storage("FloatStorage", "0", "J\xff\xff\xff\xff")), "a storage's number of elements must be an integer >= 0, got -1"));
    CHECK(contains(with(storage("DoubleStorage", "0", "\x8a\x08\0\0\0\0\0\0\0\x40"s)), "a storage's bytes must have at most 63 bits"));
    CHECK(contains(with(storage("FloatStorage", "0", "K\6", "a\nb")), "a storage's location must be at most 64 printable characters, got 'a\\nb'"));
    CHECK(contains(with(storage("FloatStorage", "0", "K\6", "")), "a storage's location must be"));
    CHECK(with(storage("FloatStorage", "0", "K\6", "cuda:3")).empty());
    CHECK(contains(with("(" + text("module") + global("torch", "FloatStorage") + text("0") + text("cpu") + "K\6tQ"), "a persistent id must be a storage's, got 'module'"));
    CHECK(contains(with("(" + text("storage") + text("FloatStorage") + text("0") + text("cpu") + "K\6tQ"), "a storage must have a class, got 'FloatStorage'"));
    CHECK(contains(with(text("storage") + "Q"), "a persistent id must be a tuple of 5, got 'storage'"));
    CHECK(contains(with("N\x85Q"), "a persistent id must be a tuple of 5, got a tuple of 1"));
    const auto twice = [&](const std::string& second) { return pickle_refusal("](" + tensor(six_floats, "K\0"s, ")", ")") + tensor(second, "K\0"s, ")", ")") + "e", {six_bytes}); };
    CHECK(twice(six_floats).empty());
    CHECK(contains(twice(storage("IntStorage", "0", "K\6")), "a storage must have the class and size that it had before, got others for key '0'"));
    CHECK(contains(twice(storage("FloatStorage", "0", "K\5")), "a storage must have the class and size that it had before"));
    CHECK(contains(pickle_refusal("]" + six_floats + "a", {six_bytes}), "a list must hold values, got a storage"));
}

TEST_CASE("bools must be bytes 0 and 1") {
    const std::string bools = tensor(storage("BoolStorage", "0", "K\3"), "K\0"s, "K\3\x85", "K\1\x85");
    CHECK(pickle_refusal(bools, {"\0\1\0"s}).empty());
    CHECK(pickle_refusal(bools, {"\0\1\2"s}) == "torch_file: bools must be bytes 0 and 1, got 2 at element 2 (x.pt, record data/0)");
}

}  // namespace ravine::testing
