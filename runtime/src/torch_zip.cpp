#include "torch_read.h"

#include <ravine/runtime/text.h>

#include "pickle_machine.h"
#include "pickle_tree.h"
#include "torch_refusal.h"
#include "torch_storages.h"
#include "zip_reader.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace ravine::inline v0::torch_file {
namespace {

constexpr std::uint64_t longest_small_record = 64;

class ZipCheckpoint {
  public:
    ZipCheckpoint(ByteSource& source, const ReadOptions& options, const Context& context) : file_(source.shown()), context_(context), zip_(source, options.crc) {}
    Value read();

  private:
    void check_kind() const;
    void check_version();
    bool is_big_endian();
    std::string small_text(const zip::Record& record);
    const zip::Record& storage_record(std::string_view key) const { return *zip_.find(fmt::format("data/{}", key)); }
    std::vector<std::shared_ptr<Storage>> read_storages(const pickle::Content& content, bool big_endian);
    void check_others(const pickle::Content& content);

    const std::string& file_;
    const Context& context_;
    zip::Reader zip_;
};

Value ZipCheckpoint::read() {
    check_kind();
    check_version();
    const bool big_endian = is_big_endian();
    const zip::Record& record = *zip_.find("data.pkl");
    if (record.size > pickle::longest_pickle) refuse(fmt::format("a pickle must have at most {} bytes", pickle::longest_pickle), std::to_string(record.size), zip_.where(record));
    const std::string bytes = zip_.text(record);
    pickle::Setting setting;
    setting.where = zip_.where(record);
    setting.record_bytes = [&](std::string_view key) -> std::optional<std::uint64_t> {
        const zip::Record* storage = zip_.find(fmt::format("data/{}", key));
        if (storage == nullptr) return {};
        return storage->size;
    };
    const pickle::Content content = pickle::Machine(bytes, setting).run();
    pickle::Tree tree(content, setting.where);
    tree.check();
    const auto storages = read_storages(content, big_endian);
    check_others(content);
    return tree.build(storages);
}

/// By what is in it, never by trying: a file must not be one thing to us and another to torch.
void ZipCheckpoint::check_kind() const {
    if (zip_.has_in_any_case("constants.pkl")) refuse(must_be_of_torch_save, a_torch_script, file_);
    for (const std::string_view name : {"archive_format", "archive_version", "serialized_exported_program.json", "models/model.json"}) {
        if (zip_.has_in_any_case(name)) refuse(must_be_of_torch_save, fmt::format("an archive of torch.export ({})", name), file_);
    }
    if (zip_.find("data.pkl") == nullptr) refuse(must_be_of_torch_save, "another one, without data.pkl", file_);
}

std::string ZipCheckpoint::small_text(const zip::Record& record) {
    if (record.size > longest_small_record) refuse(fmt::format("the record must have at most {} bytes", longest_small_record), std::to_string(record.size), zip_.where(record));
    return zip_.text(record);
}

void ZipCheckpoint::check_version() {
    const zip::Record* record = zip_.find("version");
    if (record == nullptr) record = zip_.find(".data/version");
    if (record == nullptr) refuse("the file must have a record version", "none", file_);
    const std::string text = small_text(*record);
    constexpr std::string_view space = " \t\n\r\f\v";
    const std::size_t begin = std::min(text.find_first_not_of(space), text.size()), end = text.find_last_not_of(space) + 1;
    int version = 0;
    const char* last = text.data() + std::max(begin, end);
    const auto [stop, error] = std::from_chars(text.data() + begin, last, version);
    if (error != std::errc() || stop != last || version < 1 || version > 10) refuse("the version must be an integer from 1 to 10", quoted(text), zip_.where(*record));
}

bool ZipCheckpoint::is_big_endian() {
    const zip::Record* record = zip_.find("byteorder");
    if (record == nullptr) return false;
    const std::string text = small_text(*record);
    if (text != "little" && text != "big") refuse("the byte order must be little or big", quoted(text), zip_.where(*record));
    return text == "big";
}

/// In the order of the file.
std::vector<std::shared_ptr<Storage>> ZipCheckpoint::read_storages(const pickle::Content& content, bool big_endian) {
    std::vector<std::size_t> order(content.storages.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<const zip::Record*> records;
    for (const pickle::StorageContent& storage : content.storages) records.push_back(&storage_record(storage.key));
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return records[a]->data < records[b]->data; });
    std::vector<std::shared_ptr<Storage>> storages(content.storages.size());
    for (const std::size_t i : order) {
        storages[i] = make_storage(content.storages[i], context_);
        const std::span<std::byte> bytes = bytes_of(*storages[i], content.storages[i]);
        zip_.read(*records[i], bytes);
        make_native(bytes, content.storages[i], big_endian, zip_.where(*records[i]));
    }
    return storages;
}

/// A file with a damaged record is a damaged file, also where nothing needs the record.
void ZipCheckpoint::check_others(const pickle::Content& content) {
    std::vector<bool> seen(zip_.records().size());
    const zip::Record* first = zip_.records().data();
    for (const pickle::StorageContent& storage : content.storages) seen[static_cast<std::size_t>(&storage_record(storage.key) - first)] = true;
    for (const zip::Record& record : zip_.records()) {
        if (!seen[static_cast<std::size_t>(&record - first)]) zip_.check(record);
    }
}

}  // namespace

Value read_zip(ByteSource& source, const ReadOptions& options, const Context& context) {
    return ZipCheckpoint(source, options, context).read();
}

}  // namespace ravine::inline v0::torch_file
