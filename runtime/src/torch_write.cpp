#include <ravine/runtime/file.h>
#include <ravine/runtime/text.h>
#include <ravine/runtime/torch_file.h>

#include "pickle_writer.h"
#include "zip_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

namespace ravine::inline v0::torch_file {
namespace {

/// The folder within the file: the path's last component without its suffix. torch writes through a stream, and then
/// calls it "archive", where the path is not ASCII.
std::string folder_for(const std::string& path) {
    if (std::any_of(path.begin(), path.end(), [](char c) { return static_cast<signed char>(c) < 0; })) return "archive";
    const std::size_t slash = path.find_last_of("/\\");
    const std::string file = slash == std::string::npos ? path : path.substr(slash + 1);
    const std::string stem = file.substr(0, std::min(file.rfind('.'), file.size()));
    if (stem.empty() || stem == "..") {
        throw std::invalid_argument(fmt::format("save: the file's name must have something before its suffix, got {}", quoted(path, 300)));
    }
    return stem;
}

std::uint64_t combined(std::uint64_t hash, std::uint64_t value) noexcept {
    return hash ^ (value + 0x9e3779b9 + (hash << 6) + (hash >> 2));
}

/// Forty digits that nobody reads, from the names and the checksums. They are torch's own with libstdc++, whose order of a set
/// torch takes the names in.
std::string serialization_id(std::span<const zip::Written> records) {
    std::unordered_set<std::string> names;
    std::uint64_t by_name = 0, by_content = 0;
    for (const zip::Written& record : records) {
        names.insert(record.name);
        if (record.size > 0) by_content = combined(by_content, record.crc);
    }
    for (const std::string& name : names) by_name = combined(by_name, std::hash<std::string>()(name));
    return fmt::format("{:020}{:020}", by_name, by_content);
}

void put_block(const MemoryBlock& block, zip::Put put) {
    if (block.data == nullptr) visit_bytes(block.tensor, put);
    else put({block.data, static_cast<std::size_t>(block.bytes)});
}

}  // namespace

void write(const Value& tree, const std::string& path) {
    const std::string folder = folder_for(path);
    const pickle::Written written = pickle::write(tree);
    write_file(path, [&](zip::Put put) {
        zip::Writer file(folder, put);
        file.add("data.pkl", written.bytes);
        file.add(".format_version", "1");
        file.add(".storage_alignment", "64");
        file.add("byteorder", "little");
        for (std::size_t i = 0; i < written.blocks.size(); ++i) {
            file.add(fmt::format("data/{}", i), written.blocks[i].bytes, [&](zip::Put to) { put_block(written.blocks[i], to); });
        }
        file.add("version", "3\n");
        file.add(".data/serialization_id", serialization_id(file.records()));
        file.finish();
    });
}

}  // namespace ravine::inline v0::torch_file
