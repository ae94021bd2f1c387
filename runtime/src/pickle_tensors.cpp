#include "pickle_machine.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace ravine::inline v0::pickle {
namespace {

constexpr std::size_t longest_key = 64, longest_location = 64;

bool is_storage_key(std::string_view key) {
    const auto fits = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-'; };
    return !key.empty() && key.size() <= longest_key && std::all_of(key.begin(), key.end(), fits);
}

}  // namespace

/// The only persistent ids are those of storages; their bytes lie elsewhere in the file.
void Machine::persistent_id() {
    const Ref id = pop();
    const bool fits = is(id, Node::Kind::tuple) && node(id).range.count == setting_.id_members;
    if (!fits) refuse(fmt::format("a persistent id must be a tuple of {}", setting_.id_members), shown(id));
    const auto members = content_.members_of(node(id));
    if (!is_text(members[0], "storage")) refuse("a persistent id must be a storage's", shown(members[0]));
    add_storage(storage_of(members));
}

StorageContent Machine::storage_of(std::span<const Ref> id) const {
    if (!is(id[1], Node::Kind::storage_class)) refuse("a storage must have a class", shown(id[1]));
    const auto text_of = [&](Ref ref) { return is(ref, Node::Kind::string) ? content_.text_of(node(ref)) : std::string_view(); };
    const std::string_view key = text_of(id[2]), location = text_of(id[3]);
    if (!is_storage_key(key)) refuse(fmt::format("a storage's key must be at most {} letters, digits, _ and -", longest_key), shown(id[2]));
    const bool place = !location.empty() && location.size() <= longest_location && printable(location) == location;
    if (!place) refuse(fmt::format("a storage's location must be at most {} printable characters", longest_location), shown(id[3]));
    if (!is_size(id[4])) refuse("a storage's number of elements must be an integer >= 0", shown(id[4]));
    if (id.size() > 5 && !is(id[5], Node::Kind::null)) refuse("a storage must be no view of another", shown(id[5]));
    StorageContent storage;
    storage.key = key;
    storage.offset = static_cast<std::uint32_t>(opcode_);
    storage.untyped = node(id[1]).detail == untyped_class;
    if (!storage.untyped) storage.dtype = static_cast<DType>(node(id[1]).detail);
    const std::int64_t item = storage.untyped ? 1 : static_cast<std::int64_t>(item_size(*storage.dtype)), numel = node(id[4]).integer;
    if (numel > std::numeric_limits<std::int64_t>::max() / item) refuse("a storage's bytes must have at most 63 bits", fmt::format("{} elements", numel));
    storage.bytes = static_cast<std::uint64_t>(numel * item);
    return storage;
}

void Machine::add_storage(const StorageContent& storage) {
    const auto [found, fresh] = storages_.emplace(storage.key, static_cast<std::uint32_t>(content_.storages.size()));
    const std::uint32_t index = found->second;
    if (!fresh) {
        const StorageContent& known = content_.storages[index];
        const bool same = known.untyped == storage.untyped && (storage.untyped || known.dtype == storage.dtype) && known.bytes == storage.bytes;
        if (!same) refuse("a storage must have the class and size that it had before", fmt::format("others for key {}", quoted(storage.key)));
        return push(Node::indexed(Node::Kind::storage, index));
    }
    if (setting_.record_bytes) {
        const auto bytes = setting_.record_bytes(storage.key);
        if (!bytes) refuse("a storage must have its record in the file", fmt::format("none for key {}", quoted(storage.key)));
        if (*bytes != storage.bytes) refuse(fmt::format("the record of storage {} must have {} bytes", quoted(storage.key), storage.bytes), fmt::format("{}", *bytes));
    }
    content_.storages.push_back(storage);
    push(Node::indexed(Node::Kind::storage, index));
}

void Machine::call_tensor(Function function, std::span<const Ref> arguments) {
    check_tensor_arguments(function, arguments);
    TensorContent tensor = {};
    tensor.storage = node(arguments[0]).index;
    tensor.first = node(arguments[1]).integer;
    tensor.sizes = arguments[2];
    tensor.strides = arguments[3];
    tensor.dtype = dtype_of_tensor(function, arguments);
    check_view(tensor);
    if (content_.tensors.size() == most_tensors) refuse(fmt::format("a file must have at most {} tensors", most_tensors), "more");
    content_.tensors.push_back(tensor);
    push(Node::indexed(Node::Kind::tensor, static_cast<std::uint32_t>(content_.tensors.size() - 1)));
}

void Machine::check_tensor_arguments(Function function, std::span<const Ref> arguments) const {
    const std::size_t needed = function == Function::rebuild_tensor ? 4 : function == Function::rebuild_tensor_v2 ? 6 : 7;
    const bool with_metadata = function != Function::rebuild_tensor && arguments.size() == needed + 1;
    if (arguments.size() != needed && !with_metadata) refuse(fmt::format("{} must be given {} arguments", name(function), needed), std::to_string(arguments.size()));
    if (!is(arguments[0], Node::Kind::storage)) refuse("a tensor must be given a storage", shown(arguments[0]));
    if (!is_size(arguments[1])) refuse("a tensor's offset must be an integer >= 0", shown(arguments[1]));
    check_sizes(arguments[2], "a tensor's sizes");
    check_sizes(arguments[3], "a tensor's strides");
    const std::size_t dimensions = node(arguments[2]).range.count;
    if (dimensions > most_dimensions || dimensions != node(arguments[3]).range.count) {
        refuse(fmt::format("a tensor must have a size and a stride for each of at most {} dimensions", most_dimensions),
               fmt::format("{} and {}", dimensions, node(arguments[3]).range.count));
    }
    if (function == Function::rebuild_tensor) return;
    if (!is(arguments[4], Node::Kind::boolean)) refuse("requires_grad must be a bool", shown(arguments[4]));
    check_hooks(arguments[5]);
    const bool plain = !with_metadata || is(arguments[needed], Node::Kind::null) || is_empty_dict(arguments[needed]);
    if (!plain) refuse("a tensor must have no conjugate or negative bit: make it a plain one before saving", "metadata");
}

void Machine::check_hooks(Ref ref) const {
    const bool empty = is_empty_dict(ref) && static_cast<Dict::Kind>(node(ref).detail) == Dict::Kind::ordered_dict;
    if (!empty) refuse("a tensor's hooks must be an empty OrderedDict", shown(ref));
}

/// Also gives a storage of bytes the dtype of its tensors, which must be one.
DType Machine::dtype_of_tensor(Function function, std::span<const Ref> arguments) {
    StorageContent& storage = content_.storages[node(arguments[0]).index];
    if (function != Function::rebuild_tensor_v3) {
        if (storage.untyped) refuse(fmt::format("{} must be given a typed storage", name(function)), "an untyped one");
        return *storage.dtype;
    }
    if (!is(arguments[6], Node::Kind::dtype)) refuse("a tensor must be given a dtype", shown(arguments[6]));
    if (!storage.untyped) refuse(fmt::format("{} must be given an untyped storage", name(function)), "a typed one");
    const auto dtype = static_cast<DType>(node(arguments[6]).detail);
    if (storage.dtype.value_or(dtype) != dtype) {
        refuse(fmt::format("a storage's tensors must have one dtype, here {}", name(*storage.dtype)), name(dtype));
    }
    storage.dtype = dtype;
    return dtype;
}

/// A tensor lies within its storage, in arithmetic that does not overflow.
void Machine::check_view(const TensorContent& tensor) const {
    const auto item = static_cast<std::int64_t>(item_size(tensor.dtype));
    const auto elements = static_cast<std::int64_t>(content_.storages[tensor.storage].bytes) / item;
    const auto sizes = content_.members_of(node(tensor.sizes)), strides = content_.members_of(node(tensor.strides));
    const auto outside = [&] { refuse(fmt::format("a tensor must lie within the {} elements of its storage", elements), "one that does not"); };
    std::int64_t numel = 1;
    bool empty = false;
    for (const Ref size : sizes) {
        const std::int64_t count = node(size).integer;
        empty = empty || count == 0;
        if (count > 1 && numel > std::numeric_limits<std::int64_t>::max() / item / count) refuse("a tensor's bytes must have at most 63 bits", "more");
        numel *= std::max<std::int64_t>(count, 1);
    }
    std::int64_t room = elements - tensor.first - (empty ? 0 : 1);
    if (room < 0) outside();
    if (empty) return;
    for (std::size_t d = 0; d < sizes.size(); ++d) {
        const std::int64_t steps = node(sizes[d]).integer - 1, stride = node(strides[d]).integer;
        if (stride > 0 && steps > room / stride) outside();
        room -= steps * stride;
    }
}

/// Whether a tensor was a Parameter is not kept.
void Machine::call_parameter(Function function, std::span<const Ref> arguments) {
    const std::size_t needed = function == Function::rebuild_parameter ? 3 : 4;
    const bool fits = arguments.size() == needed && is(arguments[0], Node::Kind::tensor) && is(arguments[1], Node::Kind::boolean);
    if (!fits) refuse(fmt::format("{} must be given a tensor, a bool and hooks", name(function)), shown(arguments));
    check_hooks(arguments[2]);
    const bool stateless = needed == 3 || is(arguments[3], Node::Kind::null) || is_empty_dict(arguments[3]);
    if (!stateless) refuse("a parameter must have no attributes of its own", shown(arguments[3]));
    push(arguments[0]);
}

}  // namespace ravine::inline v0::pickle
