#include "pickle_writer.h"

#include <ravine/runtime/text.h>

#include "pickle_machine.h"
#include "pickle_opcodes.h"
#include "pickle_stream.h"
#include "pickle_tree.h"

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::pickle {
namespace {

constexpr std::size_t batch = 1000;  // Python's pickler closes a mark after so many items

[[noreturn]] void refuse_at(std::string_view what, std::string_view got, const std::string& place) {
    throw std::invalid_argument(fmt::format("save: {}, got {} (at {})", what, got, place.empty() ? "the root" : printable(place, 300)));
}

/// The tensors of a tree in the order in which they are written, with their paths; checks what can be checked of each value.
class Walk {
  public:
    void visit(const Value& value);
    std::vector<Tensor> tensors;
    std::vector<std::string> places;

  private:
    void visit_at(const std::string& component, const Value& value);
    void visit_dict(const Dict& dict);
    void check_key(const Value& key) const;
    void check_text(std::string_view text) const;
    void visit_tensor(const Tensor& tensor);

    std::string place_;
    int depth_ = 0;
};

void Walk::visit(const Value& value) {
    const bool container = value.kind() >= Value::Kind::list;
    if (container && depth_ >= deepest_container) refuse_at(fmt::format("containers must be at most {} inside one another", deepest_container), "more", place_);
    if (const auto* text = value.get_if<std::string>()) check_text(*text);
    if (const auto* bytes = value.get_if<Value::Bytes>(); bytes != nullptr && bytes->data.size() > longest_string / 2) {
        refuse_at(fmt::format("bytes must be at most {}", longest_string / 2), std::to_string(bytes->data.size()), place_);
    }
    if (const auto* tensor = value.get_if<Tensor>()) visit_tensor(*tensor);
    if (const auto* dict = value.get_if<Dict>()) return visit_dict(*dict);
    if (!container) return;
    std::size_t i = 0;
    for (const Value& item : value.items()) visit_at(std::to_string(i++), item);
}

void Walk::visit_at(const std::string& component, const Value& value) {
    const std::size_t length = place_.size();
    if (!place_.empty()) place_ += '.';
    place_ += component;
    ++depth_;
    visit(value);
    --depth_;
    place_.resize(length);
}

void Walk::visit_dict(const Dict& dict) {
    const bool ordered = dict.kind == Dict::Kind::ordered_dict;
    if (!ordered && !dict.metadata.is_null()) refuse_at("only an OrderedDict can have _metadata", "a dict that has it", place_);
    for (const auto& [key, value] : dict) {
        check_key(key);
        const auto* text = key.get_if<std::string>();
        const bool counts = key.is(Value::Kind::integer) && value.is(Value::Kind::integer);
        if (dict.kind == Dict::Kind::counter && !counts) refuse_at("a Counter must count integers", fmt::format("{} for {}", value.to_string(), key.to_string()), place_);
        visit_at(text != nullptr ? *text : key.to_string(), value);
    }
    if (!dict.metadata.is_null()) visit_at("_metadata", dict.metadata);
}

void Walk::check_key(const Value& key) const {
    if (const auto* tuple = key.get_if<Tuple>()) {
        for (const Value& item : tuple->items) check_key(item);
    } else if (const auto* text = key.get_if<std::string>()) {
        check_text(*text);
    } else if (!key.is(Value::Kind::integer)) {
        refuse_at("a dict's key must be an integer, a string or a tuple of them", key.to_string(), place_);
    }
}

void Walk::check_text(std::string_view text) const {
    if (!is_utf8(text)) refuse_at("text must be UTF-8", quoted(text), place_);
    if (text.size() > longest_string) refuse_at(fmt::format("text must have at most {} bytes", longest_string), std::to_string(text.size()), place_);
}

void Walk::visit_tensor(const Tensor& tensor) {
    if (!tensor.defined()) refuse_at("a tensor must be defined", "an undefined one", place_);
    if (tensor.dim() > most_dimensions) refuse_at(fmt::format("a tensor must have at most {} dimensions", most_dimensions), std::to_string(tensor.dim()), place_);
    tensors.push_back(tensor);
    places.push_back(place_);
}

class TreePickler {
  public:
    explicit TreePickler(const SharedMemory& memory) : memory_(memory) {}
    std::string write(const Value& tree);

  private:
    void save(const Value& value);
    void save_bytes(const std::string& bytes);
    void save_list(std::span<const Value> items);
    void save_tuple(std::span<const Value> items);
    void save_set(std::span<const Value> items);
    void save_dict(const Dict& dict);
    void save_plain_items(const Dict& dict);
    void save_ordered_items(const Dict& dict);
    void save_tensor(const Tensor& tensor);
    void save_storage(const BlockView& view, bool untyped);
    template <class Items, class Save> void save_tuple_of(const Items& items, Save save_item);

    const SharedMemory& memory_;
    std::size_t tensors_ = 0;
    Stream out_;
};

std::string TreePickler::write(const Value& tree) {
    out_.opcode(opcode::protocol);
    out_.opcode(2);
    save(tree);
    out_.opcode(opcode::stop);
    return out_.take();
}

void TreePickler::save(const Value& value) {
    switch (value.kind()) {
    case Value::Kind::null: out_.opcode(opcode::none); break;
    case Value::Kind::boolean: out_.opcode(value.as<bool>() ? opcode::new_true : opcode::new_false); break;
    case Value::Kind::integer: out_.integer(value.as<std::int64_t>()); break;
    case Value::Kind::floating: out_.real(value.as<double>()); break;
    case Value::Kind::string: out_.text(value.as<std::string>()); break;
    case Value::Kind::bytes: save_bytes(value.as<Value::Bytes>().data); break;
    case Value::Kind::tensor: save_tensor(value.as<Tensor>()); break;
    case Value::Kind::list: save_list(value.items()); break;
    case Value::Kind::tuple: save_tuple(value.items()); break;
    case Value::Kind::set: save_set(value.items()); break;
    case Value::Kind::dict: save_dict(value.as<Dict>()); break;
    }
}

/// Empty bytes too are text here: torch's reader of untrusted files refuses the form that torch itself writes for them.
void TreePickler::save_bytes(const std::string& bytes) {
    std::string characters;
    for (const char byte : bytes) append_utf8(characters, static_cast<unsigned char>(byte));
    out_.global("_codecs", "encode");
    out_.text(characters);
    out_.text("latin1");
    out_.opcode(opcode::tuple2);
    out_.remember();
    out_.opcode(opcode::reduce);
    out_.remember();
}

void TreePickler::save_list(std::span<const Value> items) {
    out_.opcode(opcode::empty_list);
    out_.remember();
    if (items.size() == 1) {
        save(items[0]);
        out_.opcode(opcode::append);
        return;
    }
    for (std::size_t first = 0; first < items.size(); first += batch) {
        out_.opcode(opcode::mark);
        for (const Value& item : items.subspan(first, std::min(batch, items.size() - first))) save(item);
        out_.opcode(opcode::appends);
    }
}

template <class Items, class Save> void TreePickler::save_tuple_of(const Items& items, Save save_item) {
    constexpr unsigned char short_forms[] = {opcode::empty_tuple, opcode::tuple1, opcode::tuple2, opcode::tuple3};
    const std::size_t count = items.size();
    if (count > 3) out_.opcode(opcode::mark);
    for (const auto& item : items) save_item(item);
    out_.opcode(count > 3 ? static_cast<unsigned char>(opcode::tuple) : short_forms[count]);
    if (count > 0) out_.remember();
}

void TreePickler::save_tuple(std::span<const Value> items) {
    save_tuple_of(items, [this](const Value& item) { save(item); });
}

void TreePickler::save_set(std::span<const Value> items) {
    out_.global("__builtin__", "set");
    save_list(items);
    out_.opcode(opcode::tuple1);
    out_.remember();
    out_.opcode(opcode::reduce);
    out_.remember();
}

void TreePickler::save_dict(const Dict& dict) {
    if (dict.kind == Dict::Kind::ordered_dict) {
        out_.global("collections", "OrderedDict");
        out_.opcode(opcode::empty_tuple);
        out_.opcode(opcode::reduce);
        out_.remember();
        save_ordered_items(dict);
        if (dict.metadata.is_null()) return;
        Dict attributes;
        attributes.set("_metadata", dict.metadata);
        save_dict(attributes);
        out_.opcode(opcode::build);
        return;
    }
    const bool counter = dict.kind == Dict::Kind::counter;
    if (counter) out_.global("collections", "Counter");
    out_.opcode(opcode::empty_dict);
    out_.remember();
    save_plain_items(dict);
    if (!counter) return;
    out_.opcode(opcode::tuple1);
    out_.remember();
    out_.opcode(opcode::reduce);
    out_.remember();
}

/// Python knows a dict's size beforehand, and looks for a next batch after every full one.
void TreePickler::save_plain_items(const Dict& dict) {
    const auto save_pair = [this](const Dict::Item& item) {
        save(item.first);
        save(item.second);
    };
    if (dict.empty()) return;
    if (dict.size() == 1) {
        save_pair(*dict.begin());
        out_.opcode(opcode::set_item);
        return;
    }
    const Dict::Item* item = dict.begin();
    std::size_t count = batch;
    while (count == batch) {
        out_.opcode(opcode::mark);
        for (count = 0; count < batch && item != dict.end(); ++count) save_pair(*item++);
        out_.opcode(opcode::set_items);
    }
}

/// An OrderedDict gives its items one by one: a batch of one has no mark.
void TreePickler::save_ordered_items(const Dict& dict) {
    for (const Dict::Item* item = dict.begin(); item != dict.end();) {
        const auto count = std::min(batch, static_cast<std::size_t>(dict.end() - item));
        if (count > 1) out_.opcode(opcode::mark);
        for (const Dict::Item* last = item + count; item != last; ++item) {
            save(item->first);
            save(item->second);
        }
        out_.opcode(count > 1 ? opcode::set_items : opcode::set_item);
    }
}

void TreePickler::save_tensor(const Tensor& tensor) {
    const BlockView& view = memory_.views[tensors_++];
    const bool untyped = storage_class_of(tensor.dtype()).empty();
    const auto save_integer = [this](std::int64_t number) { out_.integer(number); };
    out_.global("torch._utils", untyped ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2");
    out_.opcode(opcode::mark);
    save_storage(view, untyped);
    out_.integer(view.first);
    save_tuple_of(tensor.shape(), save_integer);
    save_tuple_of(view.strides, save_integer);
    out_.opcode(opcode::new_false);
    out_.global("collections", "OrderedDict");
    out_.opcode(opcode::empty_tuple);
    out_.opcode(opcode::reduce);
    out_.remember();
    if (untyped) out_.global("torch", name(tensor.dtype()));
    out_.opcode(opcode::tuple);
    out_.remember();
    out_.opcode(opcode::reduce);
    out_.remember();
}

void TreePickler::save_storage(const BlockView& view, bool untyped) {
    const MemoryBlock& block = memory_.blocks[view.block];
    out_.opcode(opcode::mark);
    out_.text("storage");
    if (untyped) out_.global("torch.storage", "UntypedStorage");
    else out_.global("torch", storage_class_of(block.dtype));
    out_.key(view.block);
    out_.text("cpu");
    out_.integer(static_cast<std::int64_t>(untyped ? block.bytes : block.bytes / item_size(block.dtype)));
    out_.opcode(opcode::tuple);
    out_.remember();
    out_.opcode(opcode::persistent);
}

}  // namespace

Written write(const Value& tree) {
    Walk walk;
    walk.visit(tree);
    SharedMemory memory = find_shared_memory(walk.tensors, [&](std::size_t i) { return printable(walk.places[i]); });
    Written written;
    written.bytes = TreePickler(memory).write(tree);
    if (written.bytes.size() > longest_pickle) refuse_at(fmt::format("the pickle must have at most {} bytes", longest_pickle), std::to_string(written.bytes.size()), "");
    written.blocks = std::move(memory.blocks);
    return written;
}

}  // namespace ravine::inline v0::pickle
