#include "torch_files.h"

#include "zip_writer.h"

namespace ravine::testing {

using namespace std::literals;

/// Writes records, whose sizes are claimed and whose data are not there, and answers all else.
std::string frame_of(const std::vector<std::pair<std::string, u64>>& records) {
    std::string out;
    const auto put = [&](std::span<const std::byte> bytes) { out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); };
    zip::Writer writer("x", put);
    for (const auto& [name, size] : records) writer.add(name, size, [](zip::Put) {});
    writer.finish();
    return out;
}

std::string local(u16 flags, const std::string& name, const std::string& extra) {
    return fields(u32{0x04034b50}, u16{0}, flags, u16{0}, u32{0}, u32{0}, u32{0}, u32{0}, static_cast<u16>(name.size()), static_cast<u16>(extra.size())) + name + extra;
}

std::string entry(u16 flags, const std::string& name, u32 size, u32 header, const std::string& extra = "") {
    return fields(u32{0x02014b50}, u16{0}, u16{0}, flags, u16{0}, u32{0}, u32{0}, size, size, static_cast<u16>(name.size()), static_cast<u16>(extra.size()), u16{0}, u16{0}, u16{0}, u32{0}, header) +
           name + extra;
}

std::string padding(u16 size) { return "FB" + fields(size) + std::string(size, 'Z'); }

std::string end(u64 records, u64 size, u64 offset) {
    const auto low = [](u64 number) { return static_cast<u32>(std::min<u64>(number, 0xffffffff)); };
    return fields(u32{0x06064b50}, u64{44}, u16{0x031e}, u16{45}, u32{0}, u32{0}, records, records, size, offset) + fields(u32{0x07064b50}, u32{0}, offset + size, u32{1}) +
           fields(u32{0x06054b50}, u16{0}, u16{0}, static_cast<u16>(records), static_cast<u16>(records), low(size), low(offset), u16{0});
}

TEST_CASE("records begin at multiples of 64 bytes, their sizes follow, and the directory is torch's") {
    // 30 + 3 + 4 + 27 = 64, then 100 bytes and a descriptor of 16 end at 180; an empty record has no descriptor.
    const std::string directory = entry(0x0808, "x/a", 100, 0) + entry(0x0800, "x/b", 0, 180);
    CHECK(frame_of({{"a", 100}, {"b", 0}}) == local(0x0808, "x/a", padding(27)) + fields(u32{0x08074b50}, u32{0}, u32{100}, u32{100}) + local(0x0800, "x/b", padding(39)) + directory +
                                                  end(2, directory.size(), 256));
}

TEST_CASE("a record of 4 GiB and one behind it have their numbers in zip64 fields") {
    const u64 large = 0xffffffff, behind = 64 + large + 24;
    const std::string wide_size = fields(u16{1}, u16{16}, large, u64{0}), wide_place = fields(u16{1}, u16{8}, behind);
    // Padding counts from behind the zip64 field.
    const std::string first = local(0x0808, "x/a", wide_size + padding(7));
    const auto second_padding = static_cast<u16>(63 - (behind + 30 + 3 + 12 + 4 + 63) % 64);
    const u64 third = behind + 30 + 3 + 12 + 4 + second_padding + 5 + 24;
    const std::string second = local(0x0808, "x/b", wide_place + padding(second_padding));
    const auto third_padding = static_cast<u16>(63 - (third + 30 + 3 + 12 + 4 + 63) % 64);
    const std::string last = local(0x0800, "x/c", fields(u16{1}, u16{8}, third) + padding(third_padding));
    const std::string directory = entry(0x0808, "x/a", 0xffffffff, 0, fields(u16{1}, u16{16}, large, large)) + entry(0x0808, "x/b", 5, 0xffffffff, wide_place) +
                                  entry(0x0800, "x/c", 0, 0xffffffff, fields(u16{1}, u16{8}, third));
    CHECK(frame_of({{"a", large}, {"b", 5}, {"c", 0}}) == first + fields(u32{0x08074b50}, u32{0}, large, large) + second + fields(u32{0x08074b50}, u32{0}, u64{5}, u64{5}) + last + directory +
                                                              end(3, directory.size(), third + 30 + 3 + 12 + 4 + third_padding));
    CHECK_FALSE(contains(frame_of({{"a", large - 1}}), fields(u16{1}, u16{16})));
}

}  // namespace ravine::testing
