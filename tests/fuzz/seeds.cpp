#include "seeds.h"

#include "extended_json.h"
#include "pickle_writer.h"

#include <ravine/runtime/file.h>
#include <ravine/runtime/torch_file.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace ravine::fuzz {
namespace {

struct Seed {
    const char* name;
    Value tree;
};

/// With zeros behind the values, to the bytes that every record of the pickle's target has.
template <class T> Tensor row(std::initializer_list<T> values) {
    const Tensor tensor = zeros({record_bytes / sizeof(T)}, dtype_of<T>::value);
    std::copy(values.begin(), values.end(), tensor.span<T>().begin());
    return tensor;
}

Dict model() {
    Dict result = {{"weight", row({1.0F, 2.0F}).view({8, 2})}, {"flags", row<bool>({true, false})}, {"count", row<std::int64_t>({5})}};
    result.kind = Dict::Kind::ordered_dict;
    result.metadata = Dict{{"", Dict{{"version", 1}}}};
    return result;
}

Dict optimizer() {
    Dict state;
    state.set(0, Dict{{"step", row({3.0F})}, {"exp_avg", row({0.5F, 0.25F})}});
    const Dict group = {{"lr", 0.001}, {"betas", Tuple{0.9, 0.999}}, {"foreach", nullptr}, {"params", List{0}}, {"param_names", List{"weight"}}};
    return {{"state", state}, {"param_groups", List{group}}};
}

Dict scheduler() {
    Dict counter;
    counter.kind = Dict::Kind::counter;
    counter.set(30, 2);
    return {{"milestones", counter}, {"gamma", 0.1}, {"_last_lr", List{0.1}}, {"last_epoch", 0}};
}

std::array<Seed, 6> seeds() {
    const Tensor shared = row({1.0F, 2.0F, 3.0F});
    return {Seed{"empty", Dict()},
            Seed{"model", Dict{{"model", model()}}},
            Seed{"optimizer", optimizer()},
            Seed{"run", Dict{{"model", model()}, {"optimizer", optimizer()}, {"scheduler", scheduler()}, {"epoch", 3}}},
            Seed{"shared", Dict{{"a", shared}, {"b", shared}, {"c", borrow(shared.span<float>().data() + 1, {2})}}},
            Seed{"values", List{1, 300, -5, 1 << 20, {}, true, -2.5, "text", Value::Bytes{"\xff"}, Tuple{}, Tuple{1, 2, 3, 4}, Set{List{"s"}.items}}}};
}

void write_bytes(const std::string& path, std::string_view bytes) {
    write_file(path, [&](auto put) { put(std::as_bytes(std::span(bytes))); });
}

std::string text_of(const Value& tree) {
    return to_extended_json(
        tree, "", [](const Tensor&, const std::string&) { return std::string("w"); }, [](const Dict&) { return std::string(); });
}

}  // namespace

void write_seeds(const std::string& folder) {
    for (const char* target : {"safetensors", "extended_json", "torch_file", "torch_pickle", "torch_zip"}) {
        std::filesystem::create_directories(folder + "/" + target);
    }
    for (const auto& [name, tree] : seeds()) {
        const auto path = [&, name = name](const char* target, const char* suffix) { return folder + "/" + target + "/" + name + suffix; };
        save(tree, path("safetensors", ".safetensors"));
        save(tree, path("torch_file", ".pt"));
        save(tree, path("torch_zip", ".zip.pt"));
        write_bytes(path("torch_pickle", ".pkl"), pickle::write(tree).bytes);
        write_bytes(path("extended_json", ".json"), text_of(tree));
    }
}

}  // namespace ravine::fuzz
