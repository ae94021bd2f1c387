#include <ravine/runtime/text.h>

#include "hash.h"
#include "safetensors_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

namespace ravine::inline v0::safetensors {
namespace {

struct Output {
    const std::string* name;
    const Tensor* tensor;
    std::size_t rank;
};

[[noreturn]] void refuse(std::string_view what, std::string_view got, const std::string& path) {
    throw std::invalid_argument(fmt::format("safetensors: {}, got {} ({})", what, got, printable(path, 300)));
}

void check_name(const std::string& name, const std::string& path) {
    const std::string shown = quoted(name);
    if (name.empty() || name == metadata_name) refuse("a tensor's name must be neither empty nor __metadata__", shown, path);
    if (name.size() > longest_name) refuse(fmt::format("a tensor's name must have at most {} bytes", longest_name), shown, path);
    if (!is_utf8(name)) refuse("a tensor's name must be UTF-8", shown, path);
}

std::size_t checked_rank(const std::string& name, const Tensor& tensor, const std::string& path) {
    const auto must = [&](std::string_view what) { return fmt::format("tensor {} {}", quoted(name), what); };
    if (!tensor.defined()) refuse(must("must be defined"), "an undefined one", path);
    const auto rank = rank_of(tensor.dtype());
    if (!rank) refuse(must("must have a dtype of safetensors"), ravine::name(tensor.dtype()), path);
    return *rank;
}

/// The tensors in the reference's order: largest alignment first, then by name.
std::vector<Output> sorted_outputs(const File& file, const std::string& path) {
    std::vector<Output> outputs;
    std::unordered_set<std::string_view, SecretStringHash> seen;
    for (const auto& [name, tensor] : file.tensors) {
        check_name(name, path);
        if (!seen.insert(name).second) refuse("a tensor's name must be there once", quoted(name) + " twice", path);
        outputs.push_back({&name, &tensor, checked_rank(name, tensor, path)});
    }
    std::sort(outputs.begin(), outputs.end(), [](const Output& a, const Output& b) {
        return a.rank != b.rank ? a.rank > b.rank : *a.name < *b.name;
    });
    return outputs;
}

void append_metadata(std::string& json, const File& file, const std::string& path) {
    auto sorted = file.metadata;
    std::sort(sorted.begin(), sorted.end());
    json += "\"__metadata__\":{";
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const auto& [key, value] = sorted[i];
        const std::string shown = quoted(key);
        if (i > 0 && key == sorted[i - 1].first) refuse("a metadata key must be there once", shown + " twice", path);
        if (key.size() > longest_name) refuse(fmt::format("a metadata key must have at most {} bytes", longest_name), shown, path);
        if (!is_utf8(key) || !is_utf8(value)) refuse("metadata must be UTF-8", quoted(is_utf8(key) ? value : key), path);
        if (i > 0) json += ',';
        append_json_string(json, key);
        json += ':';
        append_json_string(json, value);
    }
    json += '}';
}

std::string make_header(const File& file, std::span<const Output> outputs, const std::string& path) {
    std::string json = "{";
    if (file.has_metadata || !file.metadata.empty()) append_metadata(json, file, path);
    std::uint64_t position = 0;
    for (const Output& output : outputs) {
        if (json.size() > 1) json += ',';
        append_json_string(json, *output.name);
        const std::uint64_t end = position + output.tensor->nbytes();
        const Shape& shape = output.tensor->shape();
        fmt::format_to(std::back_inserter(json), R"(:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                       dtype_names()[output.rank].name, fmt::join(shape.begin(), shape.end(), ","), position, end);
        position = end;
    }
    json += '}';
    json.resize((json.size() + 7) / 8 * 8, ' ');
    if (json.size() > longest_header) {
        refuse(fmt::format("the header must have at most {} bytes", longest_header), std::to_string(json.size()), path);
    }
    return json;
}

}  // namespace

void write(const File& file, const std::string& path) {
    const std::vector<Output> outputs = sorted_outputs(file, path);
    const std::string header = make_header(file, outputs, path);
    write_file(path, [&](function_ref<void(std::span<const std::byte>)> put) {
        const std::uint64_t length = header.size();
        put(std::as_bytes(std::span(&length, 1)));
        put(std::as_bytes(std::span(header)));
        for (const Output& output : outputs) visit_bytes(*output.tensor, put);
    });
}

}  // namespace ravine::inline v0::safetensors
