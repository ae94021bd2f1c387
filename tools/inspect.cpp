#include "inspect.h"

#include "inspect_json.h"
#include "inspect_tree.h"
#include "output.h"

#include <ravine/runtime/file.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <memory>

namespace ravine::tools {
namespace {

struct Arguments {
    std::string file;
    bool json = false;
    bool raw = false;
    std::int64_t values = -1;  // no tensor shows its elements
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

void inspect(const Arguments& arguments) {
    const safetensors::File file = safetensors::read(arguments.file);
    const bool as_tree = safetensors::has_tree(file) && !arguments.raw;
    const Value tree = as_tree ? safetensors::to_tree(file, arguments.file) : plain_tree(file);
    const std::string text = arguments.json
                                 ? fmt::format("{{\"format\": \"safetensors\", \"value\": {}}}\n", inspect_json(tree, arguments.values))
                                 : text_for_people(file, tree, arguments.values);
    write_text(text, "-", "inspect");
    for (const std::string& line : not_finite(tree)) fmt::print(stderr, "ravine: warning: inspect: {}\n", line);
}

}  // namespace

void add_inspect(CLI::App& program) {
    CLI::App* command = program.add_subcommand("inspect", "Print what is in a checkpoint");
    const auto arguments = std::make_shared<Arguments>();
    command->add_option("FILE", arguments->file, "A safetensors file")->required();
    command->add_flag("--json", arguments->json, "Print JSON");
    command->add_flag("--raw", arguments->raw, "Print the plain file, not the tree that ravine wrote into it");
    command->add_option("--values", arguments->values, "Print the elements of tensors of at most N elements")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber);
    command->callback([arguments] { inspect(*arguments); });
}

}  // namespace ravine::tools
