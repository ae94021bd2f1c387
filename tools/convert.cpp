#include "convert.h"

#include "inspect_tree.h"

#include <ravine/runtime/file.h>
#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <memory>

namespace ravine::tools {
namespace {

struct ConvertArguments {
    std::string in;
    std::string out;
};

/// A file's tree; `left_out` has the keys of metadata that are no part of it. That a file is for torch is no loss.
Value read_tree(const std::string& path, std::vector<std::string>& left_out) {
    if (file_format(path) != FileFormat::safetensors) return load(path);
    const safetensors::File file = safetensors::read(path);
    for (const auto& [key, text] : file.metadata) {
        if (!safetensors::has_tree(file) && key != "format") left_out.push_back(ravine::quoted(key));
    }
    return safetensors::to_tree(file, path);
}

void convert(const ConvertArguments& arguments) {
    std::vector<std::string> left_out;
    const Value tree = read_tree(arguments.in, left_out);
    (void)checked_size(tree, arguments.in, "convert");
    save(tree, arguments.out);
    if (!left_out.empty()) fmt::print(stderr, "ravine: warning: convert: metadata are no part of a tree, and left out: {}\n", fmt::join(left_out, ", "));
}

}  // namespace

void add_convert(CommandLine& program) {
    Command command = program.add_command("convert", "Write a checkpoint in the other format: torch's, or safetensors");
    const auto arguments = std::make_shared<ConvertArguments>();
    command.required("IN", arguments->in, "a safetensors file, or one of torch.save", "");
    command.required("OUT", arguments->out, "the new file: .pt, .pth, .bin or .safetensors", "");
    command.run([arguments] { convert(*arguments); });
}

}  // namespace ravine::tools
