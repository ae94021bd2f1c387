#include "seeds.h"
#include "targets.h"

#include "pickle_machine.h"
#include "pickle_tree.h"
#include "pickle_writer.h"
#include "torch_storages.h"

#include <stdexcept>

namespace ravine::fuzz {
namespace {

/// Every storage whose key is one character has a record, of zeros.
Value read_pickle(std::string_view bytes) {
    pickle::Setting setting;
    setting.where = "x.pt";
    setting.record_bytes = [](std::string_view key) {
        return key.size() == 1 ? std::optional(std::uint64_t{record_bytes}) : std::nullopt;
    };
    const pickle::Content content = pickle::Machine(bytes, setting).run();
    pickle::Tree tree(content, setting.where);
    tree.check();
    std::vector<std::shared_ptr<Storage>> storages;
    for (const pickle::StorageContent& storage : content.storages) {
        check(storage.bytes == record_bytes, "a storage must have the bytes of its record");
        storages.push_back(ravine::torch_file::make_storage(storage, {}));
        const auto memory = ravine::torch_file::bytes_of(*storages.back(), storage);
        std::fill(memory.begin(), memory.end(), std::byte{});
    }
    return tree.build(storages);
}

}  // namespace

Outcome torch_pickle(std::string_view bytes) {
    return outcome_of<std::runtime_error>([&] {
        const Value tree = read_pickle(bytes);
        static_cast<void>(tree.to_string());  // looks at every element
        static_cast<void>(tree.clone());
    });
}

}  // namespace ravine::fuzz
