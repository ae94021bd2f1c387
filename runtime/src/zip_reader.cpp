#include "zip_reader.h"

#include <ravine/runtime/text.h>

#include "torch_refusal.h"
#include "zip_format.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace ravine::inline v0::zip {
namespace {

std::string in_lower_case(std::string_view name) {
    std::string lower(name);
    for (char& letter : lower) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
    return lower;
}

std::uint32_t next_crc(std::uint32_t crc, std::span<const std::byte> bytes) noexcept {
    return static_cast<std::uint32_t>(::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

Reader::Reader(ByteSource& source, torch_file::Crc crc) : source_(source), crc_(crc), directory_(read_directory(source)) {
    records_.reserve(directory_.entries.size());
    for (const DirectoryEntry& entry : directory_.entries) add(entry);
    check_extents();
    directory_.entries = {};
    extents_ = {};
}

void Reader::add(const DirectoryEntry& entry) {
    const std::string_view name = entry.name.substr(directory_.root.size() + 1);
    if (!by_name_.emplace(in_lower_case(name), records_.size()).second) {
        torch_file::refuse("a record's name must be there once, in whatever case", quoted(name) + " twice", source_.shown(), entry.place);
    }
    const std::uint64_t data = check_header(entry);
    records_.push_back({name, data, entry.size, entry.crc});
    const std::uint64_t end = data + entry.size;
    extents_.emplace_back(entry.header, (entry.flags & sizes_follow) != 0 ? end_of_descriptor(entry, end) : end);
}

/// Compares a record's own header with the directory; answers where its data begin.
std::uint64_t Reader::check_header(const DirectoryEntry& entry) {
    const auto refuse = [&](std::string_view what, std::string_view got) { torch_file::refuse(what, got, source_.shown(), entry.header); };
    const std::uint64_t limit = directory_.begin;
    if (entry.header > limit || limit - entry.header < local_bytes) refuse("a record's header must lie before the directory", "one that does not");
    std::array<char, local_bytes> block;
    source_.read_at(entry.header, std::as_writable_bytes(std::span(block)));
    FieldReader fields({block.data(), block.size()});
    if (fields.next<std::uint32_t>() != local_signature) refuse("a record's header must begin here", "something else");
    fields.text(2);  // version
    if (fields.next<std::uint16_t>() != entry.flags || fields.next<std::uint16_t>() != 0) refuse("a record's header must have the directory's flags and method", "others");
    fields.text(4);  // time
    const bool follow = (entry.flags & sizes_follow) != 0;
    const auto agrees = [&](std::uint32_t here, std::uint64_t wanted) { return here == std::min<std::uint64_t>(wanted, saturated) || (follow && here == 0); };
    const auto crc = fields.next<std::uint32_t>(), packed = fields.next<std::uint32_t>(), size = fields.next<std::uint32_t>();
    if (!agrees(crc, entry.crc) || !agrees(packed, entry.size) || !agrees(size, entry.size)) refuse("a record's header must have the directory's checksum and sizes", "others");
    const auto name_bytes = fields.next<std::uint16_t>(), extra_bytes = fields.next<std::uint16_t>();
    std::string rest(std::size_t{name_bytes} + extra_bytes, '\0');
    const std::uint64_t data = entry.header + local_bytes + rest.size();
    if (data > limit || limit - data < entry.size) refuse("a record must lie before the directory", "one that does not");
    source_.read_at(entry.header + local_bytes, std::as_writable_bytes(std::span(rest)));
    const std::string_view view = rest;
    if (view.substr(0, name_bytes) != entry.name) refuse(fmt::format("a record's header must have the directory's name {}", quoted(entry.name)), quoted(view.substr(0, name_bytes)));
    check_header_extra(view.substr(name_bytes), entry);
    return data;
}

void Reader::check_header_extra(std::string_view extra, const DirectoryEntry& entry) const {
    bool found = false;
    for_each_extra(extra, entry.header, source_.shown(), [&](std::uint16_t id, std::string_view data) {
        if (id != extra64) return;
        const bool whole = data.size() == 8 || data.size() == 16 || data.size() == 24;
        if (found || !whole) torch_file::refuse("a zip64 field must be there once, with numbers of 64 bits", "another", source_.shown(), entry.header);
        found = true;
    });
}

/// Behind the data; sizes have 32 bits or 64, which only their values tell.
std::uint64_t Reader::end_of_descriptor(const DirectoryEntry& entry, std::uint64_t begin) {
    const std::uint64_t room = directory_.begin - begin;
    std::array<char, descriptor64_bytes> block = {};
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(room, block.size()));
    source_.read_at(begin, std::as_writable_bytes(std::span(block).first(count)));
    const auto matches = [&]<class Size>(Size) {
        FieldReader fields({block.data(), block.size()});
        return fields.next<std::uint32_t>() == descriptor_signature && fields.next<std::uint32_t>() == entry.crc && fields.next<Size>() == entry.size &&
               fields.next<Size>() == entry.size;
    };
    if (room >= descriptor_bytes && matches(std::uint32_t{})) return begin + descriptor_bytes;
    if (room >= descriptor64_bytes && matches(std::uint64_t{})) return begin + descriptor64_bytes;
    torch_file::refuse("a record's descriptor must have the directory's checksum and sizes", "another", source_.shown(), begin);
}

void Reader::check_extents() const {
    auto sorted = extents_;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        if (sorted[i].first < sorted[i - 1].second) torch_file::refuse("records must not overlap", "two that do", source_.shown(), sorted[i].first);
    }
}

const Record* Reader::find(std::string_view name) const {
    const auto found = by_name_.find(in_lower_case(name));
    return found == by_name_.end() || records_[found->second].name != name ? nullptr : &records_[found->second];
}

void Reader::read(const Record& record, std::span<std::byte> into) {
    source_.read_at(record.data, into);
    if (crc_ != torch_file::Crc::skip) check_crc(record, next_crc(0, into));
}

std::string Reader::text(const Record& record) {
    std::string bytes(static_cast<std::size_t>(record.size), '\0');
    read(record, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

void Reader::check(const Record& record) {
    if (crc_ == torch_file::Crc::skip) return;
    std::vector<std::byte> piece(static_cast<std::size_t>(std::min<std::uint64_t>(record.size, std::uint64_t{1} << 18)));
    std::uint32_t crc = 0;
    for (std::uint64_t done = 0; done < record.size; done += piece.size()) {
        piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), record.size - done)));
        source_.read_at(record.data + done, piece);
        crc = next_crc(crc, piece);
    }
    check_crc(record, crc);
}

void Reader::check_crc(const Record& record, std::uint32_t crc) const {
    if (crc == record.crc || (crc_ == torch_file::Crc::allow_zero && record.crc == 0)) return;
    torch_file::refuse(fmt::format("a record's CRC-32 must be {:08x} (torch does not look; torch_file::Crc::skip reads it anyway)", record.crc), fmt::format("{:08x}", crc),
                       where(record));
}

std::string Reader::where(const Record& record) const {
    return fmt::format("{}, record {}", source_.shown(), printable(record.name));
}

}  // namespace ravine::inline v0::zip
