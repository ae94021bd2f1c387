#include <ravine/runtime/file.h>
#include <ravine/runtime/text.h>

#include "input_file.h"
#include "safetensors_header.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0 {
namespace {

bool has_suffix(const std::string& path, std::string_view suffix) {
    const std::size_t slash = path.rfind('/');
    const std::string_view file = std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
    return file.size() > suffix.size() && file.ends_with(suffix);
}

}  // namespace

void save(const Value& tree, const std::string& path) {
    if (!has_suffix(path, ".safetensors")) {
        throw std::invalid_argument(fmt::format("save: the file's name must end in .safetensors, got {}", quoted(path, 300)));
    }
    safetensors::write(safetensors::from_tree(tree), path);
}

Value load(const std::string& path, const Context& context) {
    InputFile file(path, "load");
    return safetensors::to_tree(safetensors::read(file, context), path);
}

}  // namespace ravine::inline v0
