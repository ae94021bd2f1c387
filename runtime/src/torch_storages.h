#pragma once
#include "pickle_content.h"
#include "storage.h"

#include <memory>

namespace ravine::inline v0::torch_file {

/// New memory for the bytes of a storage.
std::shared_ptr<Storage> make_storage(const pickle::StorageContent& storage, const Context& context);

std::span<std::byte> bytes_of(const Storage& memory, const pickle::StorageContent& storage);

/// Makes of the bytes of a file numbers of this machine: turns them if they have their high byte first, and refuses bools that
/// are neither 0 nor 1, which C++ must not see. `where` is for messages.
void make_native(std::span<std::byte> bytes, const pickle::StorageContent& storage, bool big_endian, std::string_view where);

}  // namespace ravine::inline v0::torch_file
