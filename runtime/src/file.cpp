#include <ravine/runtime/file.h>
#include <ravine/runtime/text.h>
#include <ravine/runtime/torch_file.h>

#include "file_format.h"
#include "input_file.h"
#include "safetensors_header.h"
#include "torch_read.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

constexpr std::string_view load_name = "load";

bool has_suffix(const std::string& path, std::string_view suffix) {
    const std::size_t slash = path.rfind('/');
    const std::string_view file = std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
    return file.size() > suffix.size() && file.ends_with(suffix);
}

FileFormat format_of(InputFile& file) {
    const Recognized found = recognize(file);
    if (found.format) return *found.format;
    // What nothing is known of is read as safetensors: its errors say most.
    if (found.name.empty()) return FileFormat::safetensors;
    throw std::runtime_error(fmt::format("{}: the file must be one of safetensors or of torch.save, got {} ({})", load_name, found.name, file.shown()));
}

}  // namespace

FileFormat file_format(const std::string& path) {
    InputFile file(path, load_name);
    return format_of(file);
}

void save(const Value& tree, const std::string& path) {
    constexpr std::array torch_suffixes = {".pt", ".pth", ".bin"};
    if (has_suffix(path, ".safetensors")) return safetensors::write(safetensors::from_tree(tree), path);
    for (const std::string_view suffix : torch_suffixes) {
        if (has_suffix(path, suffix)) return torch_file::write(tree, path);
    }
    throw std::invalid_argument(fmt::format("save: the file's name must end in .safetensors, .pt, .pth or .bin, got {}", quoted(path, 300)));
}

Value load(const std::string& path, const Context& context) {
    InputFile file(path, load_name);
    if (format_of(file) == FileFormat::safetensors) return safetensors::to_tree(safetensors::read(file, context), path);
    return torch_file::read(file, {}, context);
}

}  // namespace ravine::inline v0
