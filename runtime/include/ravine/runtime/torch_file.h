#pragma once
#include <ravine/runtime/value.h>

#include <span>
#include <string>
#include <string_view>

namespace ravine::inline v0::torch_file {

/// What is done about the checksums of a file's records. torch itself checks none.
enum class Crc : std::uint8_t {
    verify,      ///< every record must have its checksum
    allow_zero,  ///< the same, but 0 stands for "none": torch writes that when its user turns checksums off
    skip         ///< not looked at
};

struct ReadOptions {
    Crc crc = Crc::verify;
};

/// Reads what `torch.save` wrote, the zip format of torch 1.6 and later or the stream before it, by copy, onto the host. Nothing in a
/// file is called and no name in it is looked up: the pickle is read by a machine that knows tensors, numbers, text, bytes and
/// Python's containers, and refuses all else by its name and byte. Tensors that shared memory share it again; whether a tensor
/// is a Parameter or requires a gradient is not kept. Time and memory are linear in the file's size.
/// std::runtime_error names the file, what is wrong, and the byte.
RAVINE_API Value read(const std::string& path, const ReadOptions& options = {}, const Context& context = {});
/// The same from bytes in memory, which are not needed afterwards. `name` stands for the file in messages.
RAVINE_API Value parse(std::span<const std::byte> bytes, std::string_view name, const ReadOptions& options = {}, const Context& context = {});

/// Writes a tree as `torch.save` of torch 2.8 does, byte for byte if equal strings were one object there, so that
/// `torch.load(path, weights_only=True)` reads it. The tensors (those on a device in the order of its default stream) are read while the file is
/// written; views that overlap are written as views of one storage, others as they are without what lies between their elements. The name of the
/// folder in the file is that of `path` without its suffix. Written as `write_file` does. std::invalid_argument, with the
/// path in the tree, for what the format cannot hold; otherwise errors as `write_file`.
RAVINE_API void write(const Value& tree, const std::string& path);

}  // namespace ravine::inline v0::torch_file
