#include <ravine/runtime/value.h>
#include <ravine/runtime/text.h>

#include "strided.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

constexpr std::array<std::string_view, 11> kind_names = {"None",   "bool", "int",   "float", "str", "bytes",
                                                         "Tensor", "list", "tuple", "set",   "dict"};

/// Calls f with the type of what a heap kind holds.
template <class F> auto with_heap_type(Value::Kind kind, F f) {
    switch (kind) {
    case Value::Kind::string: return f(std::type_identity<std::string>());
    case Value::Kind::bytes: return f(std::type_identity<Value::Bytes>());
    case Value::Kind::tensor: return f(std::type_identity<Tensor>());
    case Value::Kind::list: return f(std::type_identity<List>());
    case Value::Kind::tuple: return f(std::type_identity<Tuple>());
    case Value::Kind::set: return f(std::type_identity<Set>());
    default: return f(std::type_identity<Dict>());
    }
}

/// Elements in row-major order, whatever the strides are.
bool same_elements(const Tensor& a, const Tensor& b) {
    const auto on_device = [](const Tensor& tensor) { return tensor.device().type != DeviceType::cpu; };
    if (on_device(a) || on_device(b)) return same_elements(a.to(Device{}), b.to(Device{}));
    if (a.is_contiguous() && b.is_contiguous()) return std::memcmp(a.data(), b.data(), a.nbytes()) == 0;
    constexpr std::int64_t tile = 256;
    const std::size_t item = item_size(a.dtype());
    std::byte left[tile * 16], right[tile * 16];
    const StridedCursor from_a(a.shape(), a.strides()), from_b(b.shape(), b.strides());
    for (std::int64_t first = 0; first < a.numel(); first += tile) {
        const std::int64_t count = std::min(tile, a.numel() - first);
        from_a.gather(static_cast<const std::byte*>(a.data()), first, count, item, left);
        from_b.gather(static_cast<const std::byte*>(b.data()), first, count, item, right);
        if (std::memcmp(left, right, static_cast<std::size_t>(count) * item) != 0) return false;
    }
    return true;
}

bool same_tensor(const Tensor& a, const Tensor& b) {
    if (!a.defined() || !b.defined()) return a.defined() == b.defined();
    if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
    return a.is_same_view(b) || a.numel() == 0 || same_elements(a, b);
}

ValueList cloned(const ValueList& items, const Context& context) {
    ValueList copies;
    copies.reserve(items.size());
    for (const Value& item : items) copies.push_back(item.clone(context));
    return copies;
}

}  // namespace

Value::Value(std::string value) : kind_(Kind::string), heap_(new std::string(std::move(value))) {}
Value::Value(Bytes value) : kind_(Kind::bytes), heap_(new Bytes(std::move(value))) {}
Value::Value(Tensor value) : kind_(Kind::tensor), heap_(new Tensor(std::move(value))) {}
Value::Value(List value) : kind_(Kind::list), heap_(new List(std::move(value))) {}
Value::Value(Tuple value) : kind_(Kind::tuple), heap_(new Tuple(std::move(value))) {}
Value::Value(Set value) : kind_(Kind::set), heap_(new Set(std::move(value))) {}
Value::Value(Dict value) : kind_(Kind::dict), heap_(new Dict(std::move(value))) {}

Value::Value(const Value& other) : kind_(other.kind_), integer_(other.integer_) {
    if (!on_heap()) return;
    heap_ = with_heap_type(kind_, [&]<class T>(std::type_identity<T>) -> void* {
        return new T(*static_cast<const T*>(other.heap_));
    });
}

void Value::destroy() noexcept {
    with_heap_type(kind_, [&]<class T>(std::type_identity<T>) { delete static_cast<T*>(heap_); });
}

void Value::wrong_kind(Kind wanted) const {
    throw std::invalid_argument(
        fmt::format("Value: the kind must be {}, got {} ({})", name(wanted), name(kind()), to_string()));
}

std::string_view Value::name(Kind kind) noexcept {
    return kind_names[static_cast<std::size_t>(kind)];
}

double Value::number() const {
    if (kind_ == Kind::integer) return static_cast<double>(integer_);
    if (kind_ == Kind::boolean) return boolean_ ? 1 : 0;
    return as<double>();
}

std::span<const Value> Value::items() const {
    if (const List* list = get_if<List>()) return list->items;
    if (const Tuple* tuple = get_if<Tuple>()) return tuple->items;
    if (const Set* set = get_if<Set>()) return set->items;
    wrong_kind(Kind::list);
}

const Value& Value::at(const Value& key) const {
    return as<Dict>().at(key);
}

Value Value::clone(const Context& context) const {
    if (const Tensor* tensor = get_if<Tensor>()) return tensor->clone(context);
    if (const List* list = get_if<List>()) return List(cloned(list->items, context));
    if (const Tuple* tuple = get_if<Tuple>()) return Tuple(cloned(tuple->items, context));
    if (const Set* set = get_if<Set>()) return Set(cloned(set->items, context));
    const Dict* dict = get_if<Dict>();
    if (dict == nullptr) return *this;
    Dict copy;
    copy.kind = dict->kind;
    copy.metadata = dict->metadata.clone(context);
    for (const auto& [key, value] : *dict) copy.set(key.clone(context), value.clone(context));
    return copy;
}

bool Value::operator==(const Value& other) const {
    if (kind_ != other.kind_) return false;
    if (kind_ == Kind::null) return true;
    if (kind_ == Kind::boolean) return boolean_ == other.boolean_;
    if (!on_heap()) return integer_ == other.integer_;  // floats too: by their bits
    return with_heap_type(kind_, [&]<class T>(std::type_identity<T>) {
        const T& a = *static_cast<const T*>(heap_);
        const T& b = *static_cast<const T*>(other.heap_);
        if constexpr (std::same_as<T, Tensor>) return same_tensor(a, b);
        else return a == b;
    });
}

namespace {

/// Prints what is interesting of a value: the first items, three levels.
class ShortText {
  public:
    void print(const Value& value, int depth);
    std::string text;

  private:
    static constexpr std::size_t most_items = 8;
    static constexpr std::size_t most_bytes = 200;
    static constexpr int most_levels = 3;

    void print(const Dict& dict, int depth);
    void print_items(std::span<const Value> items, std::string_view open, std::string_view close, int depth);
    bool is_full(std::size_t printed, int depth) const {
        return printed == most_items || depth == most_levels || text.size() > most_bytes;
    }
};

void ShortText::print(const Value& value, int depth) {
    switch (value.kind()) {
    case Value::Kind::null: text += "None"; break;
    case Value::Kind::boolean: text += value.as<bool>() ? "True" : "False"; break;
    case Value::Kind::integer: text += std::to_string(value.as<std::int64_t>()); break;
    case Value::Kind::floating: append_double(text, value.as<double>()); break;
    case Value::Kind::string: text += quoted(value.as<std::string>(), 80); break;
    case Value::Kind::bytes: text += fmt::format("bytes({})", value.as<Value::Bytes>().data.size()); break;
    case Value::Kind::tensor: {
        const Tensor& tensor = value.as<Tensor>();
        if (!tensor.defined()) text += "tensor()";
        else text += fmt::format("tensor({}, {})", ravine::name(tensor.dtype()), printable(tensor.shape().to_string(), 80));
        break;
    }
    case Value::Kind::list: print_items(value.items(), "[", "]", depth); break;
    case Value::Kind::tuple: print_items(value.items(), "(", value.items().size() == 1 ? ",)" : ")", depth); break;
    case Value::Kind::set: print_items(value.items(), "set([", "])", depth); break;
    case Value::Kind::dict: print(value.as<Dict>(), depth); break;
    }
}

void ShortText::print_items(std::span<const Value> items, std::string_view open, std::string_view close, int depth) {
    text += open;
    std::size_t printed = 0;
    for (const Value& item : items) {
        if (printed > 0) text += ", ";
        if (is_full(printed, depth)) {
            text += "...";
            break;
        }
        print(item, depth + 1);
        ++printed;
    }
    text += close;
}

void ShortText::print(const Dict& dict, int depth) {
    text += '{';
    std::size_t printed = 0;
    for (const auto& [key, value] : dict) {
        if (printed > 0) text += ", ";
        if (is_full(printed, depth)) {
            text += "...";
            break;
        }
        print(key, depth + 1);
        text += ": ";
        print(value, depth + 1);
        ++printed;
    }
    text += '}';
}

}  // namespace

std::string Value::to_string() const {
    ShortText text;
    text.print(*this, 0);
    return text.text;
}

}  // namespace ravine::inline v0
