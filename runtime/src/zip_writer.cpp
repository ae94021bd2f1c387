#include "zip_writer.h"

#include "zip_format.h"

#include <zlib.h>

#include <algorithm>

namespace ravine::inline v0::zip {
namespace {

constexpr std::uint64_t record_alignment = 64;
constexpr std::uint16_t padding_field = 'F' | 'B' << 8;
constexpr std::uint16_t made_by = 0x031e, needs_64 = 45;

bool is_large(std::uint64_t number) noexcept { return number >= saturated; }
bool is_wide(const Written& record) noexcept { return is_large(record.size) || is_large(record.header); }

std::uint32_t low(std::uint64_t number) noexcept { return is_large(number) ? saturated : static_cast<std::uint32_t>(number); }

std::uint16_t flags_of(const Written& record) noexcept { return static_cast<std::uint16_t>(utf8_name | (record.size > 0 ? sizes_follow : 0)); }

/// The extra field with the numbers that do not fit into 32 bits; empty if all do.
std::string wide_field(const Written& record, std::uint64_t packed) {
    std::string field;
    if (!is_wide(record)) return field;
    append_fields(field, extra64, static_cast<std::uint16_t>((is_large(record.size) ? 16 : 0) + (is_large(record.header) ? 8 : 0)));
    if (is_large(record.size)) append_fields(field, record.size, packed);
    if (is_large(record.header)) append_fields(field, record.header);
    return field;
}

}  // namespace

void Writer::put(std::string_view bytes) {
    put_(std::as_bytes(std::span(bytes)));
    position_ += bytes.size();
}

void Writer::add(std::string_view name, std::string_view bytes) {
    add(name, bytes.size(), [&](Put to) { to(std::as_bytes(std::span(bytes))); });
}

void Writer::add(std::string_view name, std::uint64_t size, function_ref<void(Put)> produce) {
    Written& record = records_.emplace_back(Written{std::string(name), position_, size, 0});
    put_header(record);
    if (size == 0) return;
    produce([&](std::span<const std::byte> bytes) {
        record.crc = static_cast<std::uint32_t>(::crc32_z(record.crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
        put_(bytes);
    });
    position_ += size;
    put_descriptor(record);
}

/// The sizes stay 0 here: they follow the data.
void Writer::put_header(const Written& record) {
    const std::string wide = wide_field(record, 0);
    const std::string name = folder_ + '/' + record.name;
    const std::uint64_t unpadded = record.header + local_bytes + name.size() + wide.size() + 4;
    const std::string padding((record_alignment - unpadded % record_alignment) % record_alignment, 'Z');
    std::string header;
    append_fields(header, local_signature, std::uint16_t{0}, flags_of(record), std::uint16_t{0}, std::uint32_t{0}, std::uint32_t{0}, std::uint32_t{0}, std::uint32_t{0},
                  static_cast<std::uint16_t>(name.size()), static_cast<std::uint16_t>(wide.size() + 4 + padding.size()));
    header += name + wide;
    append_fields(header, padding_field, static_cast<std::uint16_t>(padding.size()));
    put(header + padding);
}

void Writer::put_descriptor(const Written& record) {
    std::string descriptor;
    append_fields(descriptor, descriptor_signature, record.crc);
    if (is_wide(record)) append_fields(descriptor, record.size, record.size);
    else append_fields(descriptor, low(record.size), low(record.size));
    put(descriptor);
}

void Writer::append_entry(std::string& directory, const Written& record) const {
    const std::string wide = wide_field(record, record.size);
    append_fields(directory, central_signature, std::uint16_t{0}, std::uint16_t{0}, flags_of(record), std::uint16_t{0}, std::uint32_t{0}, record.crc, low(record.size),
                  low(record.size), static_cast<std::uint16_t>(folder_.size() + 1 + record.name.size()), static_cast<std::uint16_t>(wide.size()), std::uint16_t{0},
                  std::uint16_t{0}, std::uint16_t{0}, std::uint32_t{0}, low(record.header));
    directory += folder_ + '/' + record.name + wide;
}

void Writer::finish() {
    std::string directory;
    for (const Written& record : records_) append_entry(directory, record);
    const std::uint64_t offset = position_, count = records_.size(), size = directory.size();
    const auto few = static_cast<std::uint16_t>(std::min<std::uint64_t>(count, saturated_count));
    append_fields(directory, end64_signature, std::uint64_t{end64_bytes - 12}, made_by, needs_64, std::uint32_t{0}, std::uint32_t{0}, count, count, size, offset);
    append_fields(directory, locator_signature, std::uint32_t{0}, offset + size, std::uint32_t{1});
    append_fields(directory, end_signature, std::uint16_t{0}, std::uint16_t{0}, few, few, low(size), low(offset), std::uint16_t{0});
    put(directory);
}

}  // namespace ravine::inline v0::zip
