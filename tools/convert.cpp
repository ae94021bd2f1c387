#include "convert.h"

#include "inspect_tree.h"

#include <ravine/runtime/file.h>

#include <memory>

namespace ravine::tools {
namespace {

struct ConvertArguments {
    std::string in;
    std::string out;
};

void convert(const ConvertArguments& arguments) {
    const Value tree = load(arguments.in);
    (void)checked_size(tree, arguments.in, "convert");
    save(tree, arguments.out);
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
