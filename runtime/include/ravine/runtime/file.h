#pragma once
#include <ravine/runtime/value.h>

#include <string>
#include <string_view>
#include <vector>

namespace ravine::inline v0 {

enum class FileFormat : std::uint8_t {
    safetensors,
    torch_zip,    ///< torch.save since torch 1.6: `.pt`, `.pth`, `.bin`
    torch_legacy  ///< torch.save before that: read, but not written
};

/// What a file is, by its first bytes. std::runtime_error, with what it seems to be, if it is none of these.
RAVINE_API FileFormat file_format(const std::string& path);

/// Writes a tree to a file, in the format of its suffix: `.safetensors`, or torch's for `.pt`, `.pth` and `.bin`. The file is written beside its final name, synced
/// and renamed, so that a crash at any moment leaves the old file or the new one, whole. Identical trees give identical
/// bytes. std::runtime_error (disk, permissions), std::invalid_argument (an unknown suffix, something that the format
/// cannot hold, with its path in the tree).
RAVINE_API void save(const Value& tree, const std::string& path);

/// Reads what `save` or torch.save wrote (see torch_file.h for how safe that is), or any safetensors file (a dict of tensors by
/// name). The format is known from the content.
/// Every byte is checked before anything is returned; time and memory are linear in the file's size. std::runtime_error
/// names the file, the key and the reason.
RAVINE_API Value load(const std::string& path, const Context& context = {});

namespace safetensors {

/// The plain content of a safetensors file.
struct File {
    std::vector<std::pair<std::string, Tensor>> tensors;          ///< in the order of the data
    std::vector<std::pair<std::string, std::string>> metadata;    ///< in the order of the header
    bool has_metadata = false;                                    ///< `__metadata__` was there, perhaps empty
};

/// Reads a file by copy. `name` stands for the file in messages. Errors as `load`.
RAVINE_API File read(const std::string& path, const Context& context = {});
/// Parses bytes that are already in memory; the tensors are copies.
RAVINE_API File parse(std::span<const std::byte> bytes, std::string_view name, const Context& context = {});
/// Writes tensors and metadata (tensors on a device in the order of its default stream) atomically, in the reference's order (largest alignment first, then by name; metadata by
/// key). std::invalid_argument names what the format cannot hold; otherwise errors as `write_file`.
RAVINE_API void write(const File& file, const std::string& path);

/// A tree as tensors and metadata (docs/formats.md), and back. Equal views of the same memory are one tensor in the file
/// and share memory again; views that overlap otherwise become tensors of their own. `to_tree` answers a dict of tensors
/// for files that no mapping describes. std::invalid_argument with the path in the tree; std::runtime_error with the
/// metadata key.
RAVINE_API File from_tree(const Value& tree);
RAVINE_API Value to_tree(const File& file, std::string_view name);
/// Whether the metadata describe a tree.
RAVINE_API bool has_tree(const File& file) noexcept;

}  // namespace safetensors

/// Writes bytes beside `path`, syncs and renames. std::runtime_error; the old file is untouched then.
RAVINE_API void write_file(const std::string& path, function_ref<void(function_ref<void(std::span<const std::byte>)>)> produce);

}  // namespace ravine::inline v0
