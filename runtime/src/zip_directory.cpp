#include "zip_directory.h"

#include <ravine/runtime/text.h>

#include "torch_refusal.h"
#include "zip_format.h"

#include <algorithm>
#include <array>

namespace ravine::inline v0::zip {
namespace {

using torch_file::a_torch_script;
using torch_file::must_be_of_torch_save;
using torch_file::refuse;

constexpr std::size_t longest_record_name = 4096;

/// Where the directory lies, from the end records.
struct End {
    std::uint64_t count;
    std::uint64_t size;
    std::uint64_t offset;
    std::uint64_t place;  // of the first end record
};

template <std::size_t bytes> std::array<char, bytes> read_block(ByteSource& source, std::uint64_t offset) {
    std::array<char, bytes> block;
    source.read_at(offset, std::as_writable_bytes(std::span(block)));
    return block;
}

/// The 64-bit end record, if there is one: its locator lies before the plain one.
bool read_end64(ByteSource& source, End& end) {
    if (end.place < locator_bytes + end64_bytes) return false;
    const std::uint64_t place = end.place - locator_bytes;
    const auto block = read_block<locator_bytes>(source, place);
    FieldReader locator({block.data(), block.size()});
    if (locator.next<std::uint32_t>() != locator_signature) return false;
    const auto disk = locator.next<std::uint32_t>();
    const auto offset = locator.next<std::uint64_t>();
    const auto disks = locator.next<std::uint32_t>();
    if (disk != 0 || disks != 1) refuse("a zip file must be one disk", fmt::format("disk {} of {}", disk, disks), source.shown(), place);
    if (offset != place - end64_bytes) {
        refuse("the zip64 end record must lie right before its locator", fmt::format("byte {}", offset), source.shown(), place);
    }
    const auto record = read_block<end64_bytes>(source, offset);
    FieldReader fields({record.data(), record.size()});
    const bool begins = fields.next<std::uint32_t>() == end64_signature && fields.next<std::uint64_t>() == end64_bytes - 12;
    if (!begins) refuse("the zip64 end record must begin with its signature and size", "others", source.shown(), offset);
    fields.text(4);  // versions
    const bool one_disk = fields.next<std::uint32_t>() == 0 && fields.next<std::uint32_t>() == 0;
    const auto here = fields.next<std::uint64_t>();
    const auto count = fields.next<std::uint64_t>();
    if (!one_disk || here != count) refuse("a zip file must be one disk", "several", source.shown(), offset);
    const auto size = fields.next<std::uint64_t>();
    end = {count, size, fields.next<std::uint64_t>(), offset};
    return true;
}

End read_end(ByteSource& source) {
    if (source.size() < end_bytes) refuse(fmt::format("a zip file must have at least {} bytes", end_bytes), std::to_string(source.size()), source.shown());
    const std::uint64_t place = source.size() - end_bytes;
    const auto block = read_block<end_bytes>(source, place);
    FieldReader fields({block.data(), block.size()});
    if (fields.next<std::uint32_t>() != end_signature) refuse("the file must end with a zip end record without a comment", "something else", source.shown(), place);
    const auto disk = fields.next<std::uint16_t>(), start = fields.next<std::uint16_t>();
    const auto here = fields.next<std::uint16_t>(), count = fields.next<std::uint16_t>();
    const auto size = fields.next<std::uint32_t>(), offset = fields.next<std::uint32_t>();
    const auto comment = fields.next<std::uint16_t>();
    if (disk != 0 || start != 0 || here != count) refuse("a zip file must be one disk", "several", source.shown(), place);
    if (comment != 0) refuse("the zip end record must have no comment", fmt::format("one of {} bytes", comment), source.shown(), place);
    End end = {count, size, offset, place};
    const bool wide = read_end64(source, end);
    const auto agrees = [&](std::uint64_t classic, std::uint64_t limit, std::uint64_t value) { return (classic == limit && wide) || (classic != limit && classic == value); };
    if (!agrees(count, saturated_count, end.count) || !agrees(size, saturated, end.size) || !agrees(offset, saturated, end.offset)) {
        refuse("the zip end records must agree", "different ones", source.shown(), place);
    }
    return end;
}

void check_record_name(std::string_view name, std::uint64_t place, std::string_view file) {
    const auto refuse_name = [&](std::string_view what) { refuse(what, quoted(name), file, place); };
    if (name.size() > longest_record_name) refuse_name(fmt::format("a record's name must have at most {} bytes", longest_record_name));
    if (!is_utf8(name) || name.find('\0') != std::string_view::npos) refuse_name("a record's name must be UTF-8 without NUL");
    if (name.find('\\') != std::string_view::npos) refuse_name("a record's name must have no backslash");
    for (std::size_t begin = 0; begin <= name.size();) {
        const std::size_t end = std::min(name.find('/', begin), name.size());
        const std::string_view component = name.substr(begin, end - begin);
        if (component.empty() || component == "..") refuse_name("a record's name must be relative, without empty components and ..");
        begin = end + 1;
    }
}

class DirectoryReader {
  public:
    DirectoryReader(ByteSource& source, Directory& out) : file_(source.shown()), out_(out) {}
    void read(const End& end);

  private:
    DirectoryEntry read_entry();
    /// The numbers that did not fit, in the extra field made for them.
    void widen(std::string_view extra, std::uint64_t& packed, DirectoryEntry& entry);
    void check_root(const DirectoryEntry& entry);
    [[noreturn]] void refuse_packed(std::uint16_t method) const;
    [[noreturn]] void refuse_here(std::string_view what, std::string_view got) const { refuse(what, got, file_, place_); }

    const std::string& file_;
    Directory& out_;
    std::string_view rest_;
    std::uint64_t place_ = 0;
};

void DirectoryReader::read(const End& end) {
    rest_ = {out_.bytes.data(), out_.bytes.size()};
    place_ = out_.begin;
    out_.entries.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(end.count, out_.bytes.size() / central_bytes)));
    for (std::uint64_t i = 0; i < end.count; ++i) {
        out_.entries.push_back(read_entry());
        check_root(out_.entries.back());
    }
    if (!rest_.empty()) refuse_here(fmt::format("the zip directory must end after its {} entries", end.count), fmt::format("{} more bytes", rest_.size()));
    if (out_.entries.empty()) refuse_here("a zip file must have records", "none");
}

DirectoryEntry DirectoryReader::read_entry() {
    FieldReader fields(rest_);
    if (fields.left() < central_bytes || fields.next<std::uint32_t>() != central_signature) refuse_here("a zip directory entry must begin here", "something else");
    DirectoryEntry entry = {};
    entry.place = place_;
    fields.text(4);  // versions
    entry.flags = fields.next<std::uint16_t>();
    if ((entry.flags & ~(sizes_follow | utf8_name)) != 0) {
        refuse_here("a record's flags must be among UTF-8 and sizes that follow (no encryption, no patches)", fmt::format("{:#06x}", entry.flags));
    }
    if (const auto method = fields.next<std::uint16_t>(); method != 0) refuse_packed(method);
    fields.text(4);  // time
    entry.crc = fields.next<std::uint32_t>();
    std::uint64_t packed = fields.next<std::uint32_t>();
    entry.size = fields.next<std::uint32_t>();
    const auto name = fields.next<std::uint16_t>(), extra = fields.next<std::uint16_t>(), comment = fields.next<std::uint16_t>();
    if (const auto disk = fields.next<std::uint16_t>(); disk != 0) refuse_here("a zip file must be one disk", fmt::format("disk {}", disk));
    if (comment != 0) refuse_here("a record must have no comment", fmt::format("one of {} bytes", comment));
    fields.text(6);  // attributes
    entry.header = fields.next<std::uint32_t>();
    if (fields.left() < std::size_t{name} + extra) refuse_here("a zip directory entry must lie within the directory", "one that does not");
    entry.name = fields.text(name);
    check_record_name(entry.name, place_, file_);
    widen(fields.text(extra), packed, entry);
    if (packed != entry.size) refuse_here("a stored record's two sizes must be equal", fmt::format("{} and {}", packed, entry.size));
    rest_.remove_prefix(rest_.size() - fields.left());
    place_ += central_bytes + name + extra;
    return entry;
}

/// TorchScript packs its code: such a file is known by its record, before what is in it is looked at.
void DirectoryReader::refuse_packed(std::uint16_t method) const {
    const std::string_view directory(out_.bytes.data(), out_.bytes.size());
    if (directory.find("/constants.pkl") != std::string_view::npos) refuse(must_be_of_torch_save, a_torch_script, file_);
    refuse_here("a record must be stored, not packed", fmt::format("method {}", method));
}

void DirectoryReader::widen(std::string_view extra, std::uint64_t& packed, DirectoryEntry& entry) {
    bool found = false;
    const bool wide_size = entry.size == saturated, wide_packed = packed == saturated, wide_header = entry.header == saturated;
    const std::size_t wanted = std::size_t{8} * (wide_size + wide_packed + wide_header);
    for_each_extra(extra, place_, file_, [&](std::uint16_t id, std::string_view data) {
        if (id != extra64) return;
        if (found || wanted == 0 || data.size() != wanted) {
            refuse_here("a zip64 field must hold exactly the numbers that did not fit", fmt::format("{} bytes instead of {}", data.size(), wanted));
        }
        found = true;
        FieldReader fields(data);
        if (wide_size) entry.size = fields.next<std::uint64_t>();
        if (wide_packed) packed = fields.next<std::uint64_t>();
        if (wide_header) entry.header = fields.next<std::uint64_t>();
    });
    if (!found && wanted > 0) refuse_here("numbers that do not fit must have a zip64 field", "none");
}

void DirectoryReader::check_root(const DirectoryEntry& entry) {
    if (out_.entries.size() == 1) {
        const std::size_t slash = entry.name.find('/');
        if (slash == std::string_view::npos) refuse("every record must lie in one folder", quoted(entry.name), file_, entry.place);
        out_.root = entry.name.substr(0, slash);
    }
    const bool inside = entry.name.size() > out_.root.size() + 1 && entry.name.starts_with(out_.root) && entry.name[out_.root.size()] == '/';
    if (!inside) refuse(fmt::format("every record must lie in the folder {}", quoted(out_.root)), quoted(entry.name), file_, entry.place);
}

}  // namespace

void for_each_extra(std::string_view extra, std::uint64_t place, std::string_view file, function_ref<void(std::uint16_t, std::string_view)> visit) {
    constexpr std::uint16_t unicode_name = 0x7075, unicode_comment = 0x6375;
    FieldReader fields(extra);
    while (fields.left() > 0) {
        const auto broken = [&] { refuse("extra fields must fill their length", "others", file, place); };
        if (fields.left() < 4) broken();
        const auto id = fields.next<std::uint16_t>(), size = fields.next<std::uint16_t>();
        if (size > fields.left()) broken();
        // Other readers would take the name from there.
        if (id == unicode_name || id == unicode_comment) refuse("a record must have one name", "a Unicode field with another", file, place);
        visit(id, fields.text(size));
    }
}

Directory read_directory(ByteSource& source) {
    const End end = read_end(source);
    if (end.offset > end.place || end.size != end.place - end.offset) {
        refuse("the zip directory must end where the end record begins", fmt::format("{} bytes at byte {}", end.size, end.offset), source.shown(), end.place);
    }
    Directory directory;
    directory.begin = end.offset;
    directory.bytes.resize(static_cast<std::size_t>(end.size));
    source.read_at(end.offset, std::as_writable_bytes(std::span(directory.bytes)));
    DirectoryReader(source, directory).read(end);
    return directory;
}

}  // namespace ravine::inline v0::zip
