#include "torch_storages.h"

#include "torch_refusal.h"

#include <algorithm>

namespace ravine::inline v0::torch_file {

std::shared_ptr<Storage> make_storage(const pickle::StorageContent& storage, const Context& context) {
    return std::make_shared<Storage>(std::max<std::size_t>(static_cast<std::size_t>(storage.bytes), 1), Device{}, Storage::Kind::pageable, context);
}

std::span<std::byte> bytes_of(const Storage& memory, const pickle::StorageContent& storage) {
    return {static_cast<std::byte*>(memory.data), static_cast<std::size_t>(storage.bytes)};
}

void make_native(std::span<std::byte> bytes, const pickle::StorageContent& storage, bool big_endian, std::string_view where) {
    if (!storage.dtype) return;  // no tensor sees it
    const std::size_t number = item_size(real_dtype(*storage.dtype));
    if (big_endian && number > 1) {
        for (std::size_t i = 0; i + number <= bytes.size(); i += number) std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i), bytes.begin() + static_cast<std::ptrdiff_t>(i + number));
    }
    if (*storage.dtype != DType::boolean) return;
    const auto odd = std::find_if(bytes.begin(), bytes.end(), [](std::byte byte) { return byte > std::byte{1}; });
    if (odd != bytes.end()) refuse("bools must be bytes 0 and 1", fmt::format("{} at element {}", static_cast<int>(*odd), odd - bytes.begin()), where);
}

}  // namespace ravine::inline v0::torch_file
