#include "torch_files.h"

namespace ravine::testing {

using namespace std::literals;

/// A pickle of a tensor of two floats; the last member of its storage's id says of what other storage it is a view.
std::string object_with(std::string_view view) {
    const std::string id = "(" + text("storage") + global("torch", "FloatStorage") + text("77") + text("cpu") + "K\2" + std::string(view) + "tQ";
    return pickled(tensor(id, "K\0"s, "K\2\x85", "K\1\x85"));
}

/// The stream before the zip format, from its parts.
struct Legacy {
    std::string version = pickled("M\xe9\3");
    std::string machine = pickled("}(" + text("protocol_version") + "M\xe9\3" + text("little_endian") + "\x88u");
    std::string object = object_with("N");
    std::string keys = pickled("]" + text("77") + "a");
    std::string storages = fields(u64{2}, 1.0F, 2.0F);

    std::string bytes() const { return "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e" + version + machine + object + keys + storages; }
};

TEST_CASE("a legacy file is its fourth pickle, whose storages follow") {
    CHECK(parse_torch(Legacy().bytes()) == Value(tensor_of({1.0F, 2.0F}, {2})));
    Legacy plain;
    plain.object = pickled("}");
    plain.keys = pickled("]");
    plain.storages.clear();
    CHECK(parse_torch(plain.bytes()) == Value(Dict()));
}

TEST_CASE("a legacy file that does not agree with itself is refused") {
    const auto with = [](auto change) {
        Legacy file;
        change(file);
        return torch_refusal(file.bytes());
    };
    CHECK(contains(with([](Legacy& f) { f.version = pickled("M\xe8\3"); }), "the legacy format's version must be 1001, got 1000 (x.pt)"));
    CHECK(contains(with([](Legacy& f) { f.machine = pickled("}" + text("little_endian") + "\x89s"); }), "a legacy file must be little-endian"));
    CHECK(contains(with([](Legacy& f) { f.machine = pickled("]"); }), "a legacy file must be little-endian, got []"));
    CHECK(contains(with([](Legacy& f) { f.keys = pickled("]"); }), "a legacy file must list the keys of its 1 storages, got []"));
    CHECK(contains(with([](Legacy& f) { f.keys = pickled("]" + text("78") + "a"); }), "a legacy file must list each storage once, got '78'"));
    CHECK(contains(with([](Legacy& f) { f.keys = pickled("]K\1a"); }), "a legacy file must list each storage once, got 1"));
    CHECK(contains(with([](Legacy& f) { f.storages = fields(u64{3}, 1.0F, 2.0F, 3.0F); }), "storage '77' must have 2 elements, got 3"));
    CHECK(contains(with([](Legacy& f) { f.storages = fields(u64{2}, 1.0F); }), "storage '77' must lie within the file, got 8 bytes"));
    CHECK(contains(with([](Legacy& f) { f.storages = "abc"; }), "the file must be whole"));
    CHECK(contains(with([](Legacy& f) { f.storages += "x"; }), "nothing may follow the storages, got 1 bytes"));
    CHECK(contains(with([](Legacy& f) { f.object = object_with("K\1"); }), "a storage must be no view of another, got 1"));
    CHECK(contains(with([](Legacy& f) { f.object = pickled(global("os", "system")); }), "a pickle may only name what a checkpoint is made of, got 'os.system'"));
    const std::string bytes = Legacy().bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(torch_refusal(std::string_view(bytes).substr(0, size)).empty());
}

}  // namespace ravine::testing
