#include "targets.h"

#include <ravine/runtime/file.h>

#include <stdexcept>

namespace ravine::fuzz {
namespace {

namespace format = ravine::safetensors;

/// What a file said of a tree is said again in the same words.
void check_again(const Value& tree) {
    const format::File once = format::from_tree(tree);
    const format::File twice = format::from_tree(format::to_tree(once, "again"));
    check(once.metadata == twice.metadata, "a tree that was read must be written alike twice");
    check(once.tensors.size() == twice.tensors.size(), "a tree that was read must keep its tensors");
}

}  // namespace

Outcome safetensors(std::string_view bytes) {
    return outcome_of<std::runtime_error>([&] {
        const format::File file = format::parse(std::as_bytes(std::span(bytes)), "x.safetensors");
        const Value tree = format::to_tree(file, "x.safetensors");
        if (format::has_tree(file)) check_again(tree);
    });
}

}  // namespace ravine::fuzz
