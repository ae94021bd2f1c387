#pragma once
// Files of torch.save from their parts, with whatever is wrong in them: for the tests of what reads them.

#include "files.h"

#include <ravine/runtime/torch_file.h>

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ravine::testing {

template <class... Numbers> std::string fields(Numbers... numbers) {
    std::string out;
    const auto append = [&](auto number) { out.append(reinterpret_cast<const char*>(&number), sizeof number); };
    (append(numbers), ...);
    return out;
}

using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

inline u32 crc_of(std::string_view bytes) {
    return static_cast<u32>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// A record of a zip file. What is not said is what the data say.
struct ZipRecord {
    std::string name, data;
    u16 flags = 0x0800, method = 0, disk = 0;
    std::optional<u32> crc, size, packed, header;                 // in the directory
    std::optional<std::string> local_name;
    std::optional<u16> local_flags, local_method;
    std::optional<u32> local_crc, local_size, local_packed;
    std::string extra, local_extra, descriptor, comment, before;  // `before` lies before the header

    ZipRecord(std::string name_, std::string data_) : name(std::move(name_)), data(std::move(data_)) {}
    std::string descriptor_of() const { return fields(u32{0x08074b50}, crc_of(data), static_cast<u32>(data.size()), static_cast<u32>(data.size())); }
};

struct ZipFile {
    std::vector<ZipRecord> records;
    std::optional<u16> count;
    std::optional<u32> size, offset;
    std::string comment, behind_directory, behind_end;
    u16 disk = 0;
    std::string wide_end;  // the zip64 records; "" none

    ZipRecord& at(std::string_view name) {
        for (ZipRecord& record : records) {
            if (record.name == name) return record;
        }
        throw std::out_of_range(std::string(name));
    }
    u32 directory_offset() const { return static_cast<u32>(front().size()); }
    u32 directory_size() const { return static_cast<u32>(directory().size()); }

    std::string front(std::vector<u32>* headers = nullptr) const {
        std::string out;
        for (const ZipRecord& r : records) {
            out += r.before;
            if (headers != nullptr) headers->push_back(static_cast<u32>(out.size()));
            const auto bytes = static_cast<u32>(r.data.size());
            const std::string& name = r.local_name ? *r.local_name : r.name;
            out += fields(u32{0x04034b50}, u16{0}, r.local_flags.value_or(r.flags), r.local_method.value_or(r.method), u32{0}, r.local_crc.value_or(r.crc.value_or(crc_of(r.data))),
                          r.local_packed.value_or(bytes), r.local_size.value_or(bytes), static_cast<u16>(name.size()), static_cast<u16>(r.local_extra.size()));
            out += name + r.local_extra + r.data + r.descriptor;
        }
        return out;
    }
    std::string directory() const {
        std::vector<u32> headers;
        (void)front(&headers);
        std::string out;
        for (std::size_t i = 0; i < records.size(); ++i) {
            const ZipRecord& r = records[i];
            const auto bytes = static_cast<u32>(r.data.size());
            out += fields(u32{0x02014b50}, u16{0}, u16{0}, r.flags, r.method, u32{0}, r.crc.value_or(crc_of(r.data)), r.packed.value_or(bytes), r.size.value_or(bytes),
                          static_cast<u16>(r.name.size()), static_cast<u16>(r.extra.size()), static_cast<u16>(r.comment.size()), r.disk, u16{0}, u32{0},
                          r.header.value_or(headers[i]));
            out += r.name + r.extra + r.comment;
        }
        return out;
    }
    std::string bytes() const {
        const auto n = count.value_or(static_cast<u16>(records.size()));
        return front() + directory() + behind_directory + wide_end +
               fields(u32{0x06054b50}, disk, u16{0}, n, n, size.value_or(directory_size()), offset.value_or(directory_offset()), static_cast<u16>(comment.size())) + comment + behind_end;
    }
};

/// The records that torch needs, and a storage "0", "1", ... for each of `storages`.
inline ZipFile checkpoint_of(std::string_view pickle, const std::vector<std::string>& storages = {}) {
    ZipFile file;
    file.records.emplace_back("x/data.pkl", std::string(pickle));
    file.records.emplace_back("x/version", "3\n");
    for (std::size_t i = 0; i < storages.size(); ++i) file.records.emplace_back("x/data/" + std::to_string(i), storages[i]);
    return file;
}

inline Value parse_torch(std::string_view bytes, torch_file::ReadOptions options = {}) {
    return torch_file::parse(std::as_bytes(std::span(bytes)), "x.pt", options);
}

inline std::string torch_refusal(std::string_view bytes, torch_file::ReadOptions options = {}) {
    return message_of<std::runtime_error>([&] { parse_torch(bytes, options); });
}

// Pieces of pickles.

/// A pickle from what lies between PROTO and STOP.
inline std::string pickled(std::string_view body) { return "\x80\2" + std::string(body) + "."; }

inline std::string text(std::string_view text) { return "X" + fields(static_cast<u32>(text.size())) + std::string(text); }
inline std::string global(std::string_view module, std::string_view name) { return "c" + std::string(module) + "\n" + std::string(name) + "\n"; }

inline std::string storage(std::string_view cls, std::string_view key, std::string_view numel, std::string_view location = "cpu") {
    const std::string_view module = cls == "UntypedStorage" ? "torch.storage" : "torch";
    return "(" + text("storage") + global(module, cls) + text(key) + text(location) + std::string(numel) + "tQ";
}
/// _rebuild_tensor_v2; offset, sizes and strides are opcodes.
inline std::string tensor(const std::string& storage, std::string_view offset, std::string_view sizes, std::string_view strides) {
    return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + std::string(offset) + std::string(sizes) + std::string(strides) + "\x89" +
           global("collections", "OrderedDict") + ")RtR";
}
inline std::string int1(unsigned char number) { return std::string("K") + static_cast<char>(number); }

inline Value parse_pickle(std::string_view body, const std::vector<std::string>& storages = {}) {
    return parse_torch(checkpoint_of(pickled(body), storages).bytes());
}
inline std::string pickle_refusal(std::string_view body, const std::vector<std::string>& storages = {}) {
    return torch_refusal(checkpoint_of(pickled(body), storages).bytes());
}

}  // namespace ravine::testing
