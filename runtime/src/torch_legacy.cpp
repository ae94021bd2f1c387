#include "torch_read.h"

#include <ravine/runtime/text.h>

#include "pickle_machine.h"
#include "pickle_tree.h"
#include "torch_refusal.h"
#include "torch_storages.h"

#include <algorithm>

namespace ravine::inline v0::torch_file {
namespace {

constexpr std::size_t magic_bytes = 15;  // the first pickle, by which the format is known
constexpr std::int64_t legacy_version = 1001;

/// Five pickles one after another, the fourth of which is the object, then the storages in the order of the fifth.
class LegacyCheckpoint {
  public:
    LegacyCheckpoint(ByteSource& source, const Context& context);
    Value read();

  private:
    pickle::Content next_pickle();
    /// A pickle without tensors.
    Value next_value();
    void check_head();
    std::vector<std::shared_ptr<Storage>> read_storages(const pickle::Content& content, const Value& keys);
    std::shared_ptr<Storage> read_storage(const pickle::StorageContent& storage);
    void take(std::span<std::byte> into);

    ByteSource& source_;
    const Context& context_;
    std::string where_;
    std::string bytes_;        // of the pickles, as many as they may have
    std::uint64_t at_ = magic_bytes;
};

LegacyCheckpoint::LegacyCheckpoint(ByteSource& source, const Context& context)
    : source_(source), context_(context), where_(source.shown()),
      bytes_(static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), pickle::longest_pickle)), '\0') {
    source.read_at(0, std::as_writable_bytes(std::span(bytes_)));
}

Value LegacyCheckpoint::read() {
    check_head();
    const pickle::Content content = next_pickle();
    pickle::Tree tree(content, where_);
    tree.check();
    const Value keys = next_value();
    const auto storages = read_storages(content, keys);
    if (at_ != source_.size()) refuse("nothing may follow the storages", fmt::format("{} bytes", source_.size() - at_), where_, at_);
    return tree.build(storages);
}

pickle::Content LegacyCheckpoint::next_pickle() {
    pickle::Setting setting;
    setting.where = where_;
    setting.first_byte = static_cast<std::size_t>(at_);
    setting.id_members = 6;
    setting.something_follows = true;
    pickle::Content content = pickle::Machine(std::string_view(bytes_).substr(static_cast<std::size_t>(at_)), setting).run();
    at_ += content.end;
    return content;
}

Value LegacyCheckpoint::next_value() {
    const pickle::Content content = next_pickle();
    if (!content.storages.empty()) refuse("this pickle must have no storages", "one", where_);
    pickle::Tree tree(content, where_);
    tree.check();
    return tree.build({});
}

void LegacyCheckpoint::check_head() {
    if (const Value version = next_value(); !(version == Value(legacy_version))) refuse(fmt::format("the legacy format's version must be {}", legacy_version), version.to_string(), where_);
    const Value machine = next_value();
    const Dict* dict = machine.get_if<Dict>();
    const Value* little = dict == nullptr ? nullptr : dict->find("little_endian");
    if (little == nullptr || !(*little == Value(true))) refuse("a legacy file must be little-endian", machine.to_string(), where_);
}

std::vector<std::shared_ptr<Storage>> LegacyCheckpoint::read_storages(const pickle::Content& content, const Value& keys) {
    std::unordered_map<std::string_view, std::size_t, SecretStringHash> by_key;
    for (std::size_t i = 0; i < content.storages.size(); ++i) by_key.emplace(content.storages[i].key, i);
    const List* list = keys.get_if<List>();
    if (list == nullptr || list->items.size() != by_key.size()) {
        refuse(fmt::format("a legacy file must list the keys of its {} storages", by_key.size()), keys.to_string(), where_);
    }
    std::vector<std::shared_ptr<Storage>> storages(content.storages.size());
    for (const Value& key : list->items) {
        const auto* text = key.get_if<std::string>();
        const auto found = text == nullptr ? by_key.end() : by_key.find(*text);
        if (found == by_key.end() || storages[found->second] != nullptr) refuse("a legacy file must list each storage once", key.to_string(), where_);
        storages[found->second] = read_storage(content.storages[found->second]);
    }
    return storages;
}

std::shared_ptr<Storage> LegacyCheckpoint::read_storage(const pickle::StorageContent& storage) {
    const std::uint64_t begin = at_;
    std::uint64_t count = 0;
    take(std::as_writable_bytes(std::span(&count, 1)));
    const std::uint64_t wanted = storage.bytes / (storage.untyped ? 1 : item_size(*storage.dtype));
    if (count != wanted) refuse(fmt::format("storage {} must have {} elements", quoted(storage.key), wanted), std::to_string(count), where_, begin);
    if (storage.bytes > source_.size() - at_) refuse(fmt::format("storage {} must lie within the file", quoted(storage.key)), fmt::format("{} bytes", storage.bytes), where_, at_);
    std::shared_ptr<Storage> memory = make_storage(storage, context_);
    const std::span<std::byte> bytes = bytes_of(*memory, storage);
    take(bytes);
    make_native(bytes, storage, false, where_);
    return memory;
}

void LegacyCheckpoint::take(std::span<std::byte> into) {
    if (into.size() > source_.size() - at_) refuse("the file must be whole", "its end within the storages", where_, at_);
    source_.read_at(at_, into);
    at_ += into.size();
}

}  // namespace

Value read_legacy(ByteSource& source, const Context& context) {
    return LegacyCheckpoint(source, context).read();
}

}  // namespace ravine::inline v0::torch_file
