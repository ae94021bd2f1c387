#include "torch_files.h"

namespace ravine::testing {

using namespace std::literals;

const std::string pickle_of_one = pickled("K\1");

std::string refusal_of(const ZipFile& file) { return torch_refusal(file.bytes()); }

TEST_CASE("a zip file of torch.save is its pickle, in any folder and with other records beside") {
    ZipFile file = checkpoint_of(pickle_of_one);
    CHECK(parse_torch(file.bytes()) == Value(1));
    file.records.emplace_back("x/extra/readme", "hello");
    file.records.emplace_back("x/empty", "");
    CHECK(parse_torch(file.bytes()) == Value(1));
    for (ZipRecord& record : file.records) record.name = "my model.v2" + record.name.substr(1);
    CHECK(parse_torch(file.bytes()) == Value(1));
    for (ZipRecord& record : file.records) record.name = "." + record.name.substr(11);
    CHECK(parse_torch(file.bytes()) == Value(1));
}

TEST_CASE("records may have their sizes behind them, padding, gaps before them, and zip64 numbers") {
    ZipFile file = checkpoint_of(pickle_of_one);
    ZipRecord& record = file.at("x/data.pkl");
    record.flags = 0x0808;
    record.local_crc = record.local_size = record.local_packed = 0;
    record.descriptor = record.descriptor_of();
    record.local_extra = "FB\3\0ZZZ"s;
    record.before = "a gap";
    file.records.back().before = "another";
    std::string bytes = file.bytes();
    CHECK(contains(torch_refusal(bytes), "the file must be one of torch.save, got something else"));  // the gap is at the beginning
    record.before.clear();
    CHECK(parse_torch(file.bytes()) == Value(1));

    const u64 size = record.data.size();
    record.descriptor = fields(u32{0x08074b50}, crc_of(record.data), size, size);
    record.size = record.packed = record.header = 0xffffffff;
    record.extra = fields(u16{1}, u16{24}, size, size, u64{0});
    record.local_extra = fields(u16{1}, u16{16}, size, u64{0}) + record.local_extra;
    CHECK(parse_torch(file.bytes()) == Value(1));
}

TEST_CASE("the zip64 end records are taken where they agree") {
    ZipFile file = checkpoint_of(pickle_of_one);
    const u64 size = file.directory_size(), offset = file.directory_offset(), place = offset + size;
    const auto end64 = [&](u64 count, u64 bytes, u64 at, u64 own = 44, u32 disk = 0) {
        return fields(u32{0x06064b50}, own, u16{0x031e}, u16{45}, disk, u32{0}, count, count, bytes, at);
    };
    const auto locator = [&](u64 at, u32 disks = 1, u32 disk = 0) { return fields(u32{0x07064b50}, disk, at, disks); };
    file.wide_end = end64(2, size, offset) + locator(place);
    CHECK(parse_torch(file.bytes()) == Value(1));
    file.count = 0xffff;
    file.size = file.offset = 0xffffffff;
    CHECK(parse_torch(file.bytes()) == Value(1));

    file.wide_end.clear();
    CHECK(contains(refusal_of(file), "the zip end records must agree"));
    file.wide_end = end64(2, size, offset) + locator(place + 1);
    CHECK(contains(refusal_of(file), "the zip64 end record must lie right before its locator"));
    file.wide_end = end64(2, size, offset) + "gap" + locator(place);
    CHECK(contains(refusal_of(file), "the zip64 end record must lie right before its locator"));
    file.wide_end = end64(2, size, offset) + locator(place, 2);
    CHECK(contains(refusal_of(file), "a zip file must be one disk, got disk 0 of 2"));
    file.wide_end = end64(2, size, offset, 44, 1) + locator(place);
    CHECK(contains(refusal_of(file), "a zip file must be one disk"));
    file.wide_end = end64(2, size, offset, 45) + locator(place);
    CHECK(contains(refusal_of(file), "the zip64 end record must begin with its signature and size"));
    file.wide_end = end64(3, size, offset) + locator(place);
    CHECK(contains(refusal_of(file), "a zip directory entry must begin here"));
    file.wide_end = end64(u64{1} << 60, size, offset) + locator(place);
    CHECK(contains(refusal_of(file), "a zip directory entry must begin here"));
    file.count = 3;
    file.wide_end = end64(2, size, offset) + locator(place);
    CHECK(contains(refusal_of(file), "the zip end records must agree"));
}

TEST_CASE("the end record must be the last bytes and say where the directory is") {
    const ZipFile good = checkpoint_of(pickle_of_one);
    const auto with = [&](auto change) {
        ZipFile file = good;
        change(file);
        return refusal_of(file);
    };
    CHECK(torch_refusal("PK\3\4") == "torch_file: a zip file must have at least 22 bytes, got 4 (x.pt)");
    CHECK(contains(with([](ZipFile& f) { f.behind_end = "x"; }), "the file must end with a zip end record without a comment"));
    CHECK(contains(with([](ZipFile& f) { f.comment = "hello"; }), "the file must end with a zip end record without a comment"));
    CHECK(contains(with([](ZipFile& f) { f.disk = 1; }), "a zip file must be one disk"));
    CHECK(contains(with([](ZipFile& f) { f.behind_directory = "x"; }), "the zip directory must end where the end record begins"));
    CHECK(contains(with([](ZipFile& f) { f.size = f.directory_size() + 1; }), "the zip directory must end where the end record begins"));
    CHECK(contains(with([](ZipFile& f) { f.offset = 0xfffffffe; }), "the zip directory must end where the end record begins"));
    CHECK(contains(with([](ZipFile& f) { f.count = 1; }), "the zip directory must end after its 1 entries, got 55 more bytes"));
    CHECK(contains(with([](ZipFile& f) { f.count = 3; }), "a zip directory entry must begin here"));
    const std::string bytes = good.bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(!torch_refusal(std::string_view(bytes).substr(0, size)).empty());
}

TEST_CASE("what two zip readers could read in two ways is refused, with its byte") {
    const auto with = [&](auto change) {
        ZipFile file = checkpoint_of(pickle_of_one);
        change(file.at("x/version"));
        return refusal_of(file);
    };
    const u32 place = checkpoint_of(pickle_of_one).directory_offset() + 56;  // of the entry
    const std::string where = " (x.pt, byte " + std::to_string(place) + ")";
    CHECK(with([](ZipRecord& r) { r.flags = 0x0801; }) == "torch_file: a record's flags must be among UTF-8 and sizes that follow (no encryption, no patches), got 0x0801" + where);
    CHECK(with([](ZipRecord& r) { r.method = 8; }) == "torch_file: a record must be stored, not packed, got method 8" + where);
    CHECK(contains(with([](ZipRecord& r) { r.packed = 1; }), "a stored record's two sizes must be equal, got 1 and 2"));
    CHECK(contains(with([](ZipRecord& r) { r.disk = 1; }), "a zip file must be one disk, got disk 1"));
    CHECK(contains(with([](ZipRecord& r) { r.comment = "c"; }), "a record must have no comment, got one of 1 bytes"));
    CHECK(contains(with([](ZipRecord& r) { r.extra = "abc"; }), "extra fields must fill their length"));
    CHECK(contains(with([](ZipRecord& r) { r.extra = "ab\1\0"s; }), "extra fields must fill their length"));
    CHECK(contains(with([](ZipRecord& r) { r.extra = fields(u16{0x7075}, u16{0}); }), "a record must have one name"));
    CHECK(contains(with([](ZipRecord& r) { r.extra = fields(u16{1}, u16{8}, u64{2}); }), "a zip64 field must hold exactly the numbers that did not fit, got 8 bytes instead of 0"));
    CHECK(contains(with([](ZipRecord& r) { r.size = 0xffffffff; }), "numbers that do not fit must have a zip64 field"));
    CHECK(contains(with([](ZipRecord& r) {
                       r.size = r.packed = 0xffffffff;
                       r.extra = fields(u16{1}, u16{8}, u64{2});
                   }), "got 8 bytes instead of 16"));
    CHECK(contains(with([](ZipRecord& r) { r.local_name = "x/versioN"; }), "a record's header must have the directory's name 'x/version', got 'x/versioN'"));
    CHECK(contains(with([](ZipRecord& r) { r.local_flags = 0; }), "a record's header must have the directory's flags and method"));
    CHECK(contains(with([](ZipRecord& r) { r.local_method = 8; }), "a record's header must have the directory's flags and method"));
    CHECK(contains(with([](ZipRecord& r) { r.local_crc = 0; }), "a record's header must have the directory's checksum and sizes"));
    CHECK(contains(with([](ZipRecord& r) { r.local_size = 0; }), "a record's header must have the directory's checksum and sizes"));
    CHECK(contains(with([](ZipRecord& r) { r.local_packed = 3; }), "a record's header must have the directory's checksum and sizes"));
    CHECK(contains(with([](ZipRecord& r) { r.local_extra = "FB\4\0ZZZ"s; }), "extra fields must fill their length"));
    CHECK(contains(with([](ZipRecord& r) { r.local_extra = fields(u16{1}, u16{4}, u32{0}); }), "a zip64 field must be there once, with numbers of 64 bits"));
    CHECK(contains(with([](ZipRecord& r) { r.header = 0; }), "a record's header must have the directory's checksum"));
    CHECK(contains(with([](ZipRecord& r) { r.header = 3; }), "a record's header must begin here"));
    CHECK(contains(with([](ZipRecord& r) { r.header = 0xfffffff0; }), "a record's header must lie before the directory"));
    CHECK(contains(with([](ZipRecord& r) { r.size = r.packed = r.local_size = r.local_packed = 100; }), "a record must lie before the directory"));
    CHECK(contains(with([](ZipRecord& r) { r.flags = 0x0808; }), "a record's descriptor must have the directory's checksum and sizes"));
    CHECK(contains(with([](ZipRecord& r) {
                       r.flags = 0x0808;
                       r.descriptor = fields(u32{0x08074b50}, crc_of(r.data), u32{2}, u32{3});
                   }), "a record's descriptor must have the directory's checksum and sizes"));
}

TEST_CASE("names of records must be plain, in one folder and there once") {
    const auto with = [&](const std::string& name) {
        ZipFile file = checkpoint_of(pickle_of_one);
        file.records.emplace_back(name, "data");
        return refusal_of(file);
    };
    CHECK(contains(with("x/a\\b"), "a record's name must have no backslash, got 'x/a\\b'"));
    for (const auto& name : {"x/../a"s, "x//a"s, "/x/a"s, "x/a/"s, "x/.."s}) CHECK(contains(with(name), "a record's name must be relative, without empty components and .."));
    CHECK(contains(with("x/\0"s), "a record's name must be UTF-8 without NUL, got 'x/\\x00'"));
    CHECK(contains(with("x/\xff\x1b[2J"), "a record's name must be UTF-8 without NUL, got 'x/\\xff\\x1b[2J'"));
    CHECK(contains(with("x/" + std::string(4095, 'a')), "a record's name must have at most 4096 bytes"));
    CHECK(contains(with("y/a"), "every record must lie in the folder 'x', got 'y/a'"));
    CHECK(contains(with("xy"), "every record must lie in the folder 'x', got 'xy'"));
    CHECK(contains(with("x/version"), "a record's name must be there once, in whatever case, got 'version' twice"));
    CHECK(contains(with("x/DATA.pkl"), "a record's name must be there once, in whatever case, got 'DATA.pkl' twice"));
}

TEST_CASE("records must not overlap") {
    ZipFile inner;
    inner.records.emplace_back("x/b", "data");
    ZipFile file = checkpoint_of(pickle_of_one);
    file.records.insert(file.records.begin(), ZipRecord("x/a", inner.front()));
    file.records.push_back(inner.records[0]);
    CHECK(refusal_of(file).empty());
    file.records.back().header = 30 + 3;  // the copy within the first record
    CHECK(refusal_of(file) == "torch_file: records must not overlap, got two that do (x.pt, byte 33)");
    file.records.back() = file.records[0];
    file.records.back().header = 0;
    file.records.back().name = "x/A";
    CHECK(contains(refusal_of(file), "in whatever case"));
}

TEST_CASE("a checksum that is wrong is an error, unless the caller does not care") {
    ZipFile file = checkpoint_of(pickle_of_one);
    file.at("x/data.pkl").crc = 0x12345678;
    const std::string bytes = file.bytes();
    CHECK(torch_refusal(bytes) == "torch_file: a record's CRC-32 must be 12345678 (torch does not look; torch_file::Crc::skip reads it anyway), got " +
                                      [&] {
                                          char digits[9];
                                          std::snprintf(digits, sizeof digits, "%08x", crc_of(pickle_of_one));
                                          return std::string(digits);
                                      }() + " (x.pt, record data.pkl)");
    CHECK(parse_torch(bytes, {.crc = torch_file::Crc::skip}) == Value(1));
    CHECK(contains(torch_refusal(bytes, {.crc = torch_file::Crc::allow_zero}), "CRC-32"));
    file.at("x/data.pkl").crc = 0;
    CHECK(contains(refusal_of(file), "CRC-32 must be 00000000"));
    CHECK(parse_torch(file.bytes(), {.crc = torch_file::Crc::allow_zero}) == Value(1));
    ZipFile other = checkpoint_of(pickle_of_one);
    other.records.emplace_back("x/readme", "hello");
    other.records.back().crc = 1;
    CHECK(contains(refusal_of(other), "CRC-32 must be 00000001"));
}

TEST_CASE("version and byte order are what torch writes") {
    const auto with = [&](std::string_view version, std::optional<std::string> order = {}) {
        ZipFile file = checkpoint_of(pickle_of_one);
        file.at("x/version").data = version;
        if (order) file.records.emplace_back("x/byteorder", *order);
        return refusal_of(file);
    };
    for (const auto version : {"1", "3\n", " 10 \n", "\t2"}) CHECK(with(version).empty());
    for (const auto version : {"0", "11", "3x", "", "\n", "-1", "3 3"}) CHECK(contains(with(version), "the version must be an integer from 1 to 10"));
    CHECK(contains(with(std::string(65, ' ')), "the record must have at most 64 bytes"));
    CHECK(with("3", "little").empty());
    CHECK(with("3", "big").empty());
    for (const auto order : {"Little", "little\n", ""}) CHECK(contains(with("3", order), "the byte order must be little or big"));
    ZipFile file = checkpoint_of(pickle_of_one);
    file.at("x/version").name = "x/.data/version";
    CHECK(refusal_of(file).empty());
    file.at("x/.data/version").name = "x/other";
    CHECK(contains(refusal_of(file), "the file must have a record version, got none"));
}

TEST_CASE("other archives are refused by name") {
    const auto with = [&](const std::string& name) {
        ZipFile file = checkpoint_of(pickle_of_one);
        file.records.emplace_back(name, "data");
        return refusal_of(file);
    };
    CHECK(with("x/constants.pkl") == "torch_file: a zip file must be one of torch.save, got a TorchScript archive (constants.pkl) (x.pt)");
    CHECK(contains(with("x/CONSTANTS.pkl"), "a TorchScript archive"));
    ZipFile packed = checkpoint_of(pickle_of_one);
    packed.records.emplace_back("x/code/m.py", "packed");
    packed.at("x/code/m.py").method = 8;
    CHECK(contains(refusal_of(packed), "a record must be stored, not packed, got method 8"));
    packed.records.emplace_back("x/constants.pkl", "data");
    CHECK(contains(refusal_of(packed), "a TorchScript archive"));
    CHECK(contains(with("x/archive_format"), "an archive of torch.export"));
    ZipFile file = checkpoint_of(pickle_of_one);
    file.at("x/data.pkl").name = "x/DATA.pkl";
    CHECK(contains(refusal_of(file), "a zip file must be one of torch.save, got another one, without data.pkl"));
}

}  // namespace ravine::testing
