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

/// What a file holds, and what it is called.
struct Inspected {
    std::string_view format;
    Value tree;
    std::string class_name;  // of the optimizer, where the file says it
};

Inspected read_checkpoint(const InspectArguments& arguments) {
    const FileFormat format = file_format(arguments.file);
    if (format == FileFormat::torch_zip) return {"torch-zip", load(arguments.file), {}};
    if (format == FileFormat::torch_legacy) return {"torch-legacy", load(arguments.file), {}};
    const safetensors::File file = safetensors::read(arguments.file);
    const bool as_tree = safetensors::has_tree(file) && !arguments.raw;
    return {"safetensors", as_tree ? safetensors::to_tree(file, arguments.file) : plain_tree(file), class_name(file)};
}

void print_piece(std::string_view text) { write_text(text, "-", "inspect"); }

void print_json(const Inspected& inspected, std::int64_t values) {
    print_piece(fmt::format("{{\"format\": \"{}\", \"value\": ", inspected.format));
    inspect_json(inspected.tree, values, [](std::string_view text) { print_piece(text); });
    print_piece("}\n");
}

void print_for_people(const Inspected& inspected, const TreeSize& size, std::int64_t values) {
    print_piece(fmt::format("{}, {} tensors, {} bytes\n", inspected.format, size.tensors, size.bytes));
    tree_text(inspected.tree, values, [](std::string_view text) { print_piece(text); });
    print_piece(optimizer_summaries(inspected.tree, inspected.class_name));
}

void inspect(const InspectArguments& arguments) {
    if (arguments.values.value_or(0) < 0) {
        throw std::invalid_argument(fmt::format("inspect: --values must be at least 0, got {}", *arguments.values));
    }
    const std::int64_t values = arguments.values.value_or(-1);  // no tensor shows its elements
    const Inspected inspected = read_checkpoint(arguments);
    const TreeSize size = checked_size(inspected.tree, arguments.file, "inspect");
    if (arguments.json) print_json(inspected, values);
    else print_for_people(inspected, size, values);
    for (const std::string& line : not_finite(inspected.tree)) fmt::print(stderr, "ravine: warning: inspect: {}\n", line);
}

}  // namespace

void add_inspect(CommandLine& program) {
    Command command = program.add_command("inspect", "Print what is in a checkpoint");
    const auto arguments = std::make_shared<InspectArguments>();
    command.required("FILE", arguments->file, "a checkpoint: a safetensors file, or one of torch.save", "");
    command.flag("--json", arguments->json, "print JSON");
    command.flag("--raw", arguments->raw, "print the plain safetensors file, not the tree that ravine wrote into it");
    command.option("--values", arguments->values, "print the elements of tensors of at most N elements", "N");
    command.run([arguments] { inspect(*arguments); });
}

}  // namespace ravine::tools
