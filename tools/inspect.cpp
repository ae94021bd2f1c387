#include "inspect.h"

#include "inspect_json.h"
#include "inspect_tree.h"
#include "output.h"

#include <ravine/runtime/file.h>

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>

namespace ravine::tools {
namespace {

struct InspectArguments {
    std::string file;
    bool json = false;
    bool raw = false;
    std::optional<std::int64_t> values;
};

/// The file as it is, without what the metadata say.
Value plain_tree(const safetensors::File& file) {
    Dict tree;
    for (const auto& [name, tensor] : file.tensors) tree.set(name, tensor);
    if (file.has_metadata) {
        Dict metadata;
        for (const auto& [key, text] : file.metadata) metadata.set(key, text);
        tree.set("__metadata__", std::move(metadata));
    }
    return tree;
}

std::string class_name(const safetensors::File& file) {
    for (const auto& [key, text] : file.metadata) {
        if (key == "optim.class") return text;
    }
    return {};
}

std::string text_for_people(const safetensors::File& file, const Value& tree, std::int64_t values) {
    std::size_t bytes = 0;
    for (const auto& [name, tensor] : file.tensors) bytes += tensor.nbytes();
    return fmt::format("safetensors, {} tensors, {} bytes\n", file.tensors.size(), bytes) + tree_text(tree, values) +
           optimizer_summaries(tree, class_name(file));
}

void inspect(const InspectArguments& arguments) {
    if (arguments.values.value_or(0) < 0) {
        throw std::invalid_argument(fmt::format("inspect: --values must be at least 0, got {}", *arguments.values));
    }
    const std::int64_t values = arguments.values.value_or(-1);  // no tensor shows its elements
    const safetensors::File file = safetensors::read(arguments.file);
    const bool as_tree = safetensors::has_tree(file) && !arguments.raw;
    const Value tree = as_tree ? safetensors::to_tree(file, arguments.file) : plain_tree(file);
    const std::string text = arguments.json
                                 ? fmt::format("{{\"format\": \"safetensors\", \"value\": {}}}\n", inspect_json(tree, values))
                                 : text_for_people(file, tree, values);
    write_text(text, "-", "inspect");
    for (const std::string& line : not_finite(tree)) fmt::print(stderr, "ravine: warning: inspect: {}\n", line);
}

}  // namespace

void add_inspect(CommandLine& program) {
    Command command = program.add_command("inspect", "Print what is in a checkpoint");
    const auto arguments = std::make_shared<InspectArguments>();
    command.required("FILE", arguments->file, "a safetensors file", "");
    command.flag("--json", arguments->json, "print JSON");
    command.flag("--raw", arguments->raw, "print the plain file, not the tree that ravine wrote into it");
    command.option("--values", arguments->values, "print the elements of tensors of at most N elements", "N");
    command.run([arguments] { inspect(*arguments); });
}

}  // namespace ravine::tools
