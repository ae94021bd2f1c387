#pragma once
#include "hash.h"
#include "zip_directory.h"

#include <ravine/runtime/torch_file.h>

#include <unordered_map>

namespace ravine::inline v0::zip {

/// A record of a file.
struct Record {
    std::string_view name;  ///< below the file's one folder
    std::uint64_t data;     ///< where its bytes begin
    std::uint64_t size;
    std::uint32_t crc;
};

/// The records of a zip file that holds nothing else: stored, in one folder, each name once, none over another. All that is
/// so is checked at once; checksums when a record is read. std::runtime_error.
class Reader {
  public:
    Reader(ByteSource& source, torch_file::Crc crc);

    std::span<const Record> records() const noexcept { return records_; }
    /// Null if there is none of this name.
    const Record* find(std::string_view name) const;
    /// Whether there is a record of this name, in whatever case: some readers do not care.
    bool has_in_any_case(std::string_view lower) const { return by_name_.contains(std::string(lower)); }

    /// Reads a whole record; `into` has its size.
    void read(const Record& record, std::span<std::byte> into);
    std::string text(const Record& record);
    /// Reads a record for its checksum alone.
    void check(const Record& record);
    /// "x.pt, record data/0", for messages.
    std::string where(const Record& record) const;

  private:
    void add(const DirectoryEntry& entry);
    std::uint64_t check_header(const DirectoryEntry& entry);
    void check_header_extra(std::string_view extra, const DirectoryEntry& entry) const;
    std::uint64_t end_of_descriptor(const DirectoryEntry& entry, std::uint64_t begin);
    void check_extents() const;
    void check_crc(const Record& record, std::uint32_t crc) const;

    ByteSource& source_;
    torch_file::Crc crc_;
    Directory directory_;
    std::vector<Record> records_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> extents_;
    std::unordered_map<std::string, std::size_t, SecretStringHash> by_name_;  // in lower case
};

}  // namespace ravine::inline v0::zip
