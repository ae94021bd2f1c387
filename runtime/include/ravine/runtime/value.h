#pragma once
#include <ravine/runtime/export.h>
#include <ravine/runtime/tensor.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ravine::inline v0 {

class Value;

/// An ordered list or tuple of values.
using ValueList = std::vector<Value>;
struct List {
    ValueList items;
    List();
    List(std::initializer_list<Value> values);
    explicit List(ValueList values);
    bool operator==(const List& other) const;
};
/// Python's tuple: kept apart from a list so that a file survives a round trip.
struct Tuple {
    ValueList items;
    Tuple();
    Tuple(std::initializer_list<Value> values);
    explicit Tuple(ValueList values);
    bool operator==(const Tuple& other) const;
};

/// A map that keeps the order in which keys were added. Keys are any values, in practice strings and integers.
class RAVINE_API Dict {
  public:
    /// What Python class it is in a file.
    enum class Kind { dict, ordered_dict, counter };
    using Item = std::pair<Value, Value>;

    Dict();
    Dict(std::initializer_list<std::pair<std::string_view, Value>> items);

    std::size_t size() const noexcept;
    bool empty() const noexcept { return size() == 0; }
    const Item* begin() const noexcept;
    const Item* end() const noexcept;

    /// Null if there is no such key.
    const Value* find(const Value& key) const noexcept;
    Value* find(const Value& key) noexcept;
    bool contains(const Value& key) const noexcept;
    /// std::out_of_range with the known keys if there is no such key.
    const Value& at(const Value& key) const;
    /// Replaces the value of an existing key in place, or appends.
    void set(Value key, Value value);
    /// Removes a key; false if there was none.
    bool erase(const Value& key);

    Kind kind = Kind::dict;
    /// Deep equality: same keys in the same order, equal values (tensors: same dtype, shape and bytes), same kind.
    bool operator==(const Dict& other) const;

  private:
    std::vector<Item> items_;
    std::shared_ptr<struct DictIndex> index_;  // of string and integer keys; made when the dict is long
};

/// One node of the tree that a checkpoint is: null, bool, integer, float, string, bytes, tensor, list, tuple or dict.
///
/// Kinds are kept apart (True is not 1, 1 is not 1.0, a tuple is not a list), because a file that goes back to torch
/// must hold what it held. A tensor in a Value is a view: `state_dict` puts the live ones there, `clone` keeps a moment.
class RAVINE_API Value {
  public:
    enum class Kind { null, boolean, integer, floating, string, bytes, tensor, list, tuple, dict };
    struct Bytes {
        std::string data;
        bool operator==(const Bytes&) const = default;
    };

    Value() noexcept = default;
    Value(std::nullptr_t) noexcept {}
    Value(bool value) : value_(value) {}
    template <std::integral I>
        requires(!std::same_as<I, bool>)
    Value(I value) : value_(static_cast<std::int64_t>(value)) {}
    Value(double value) : value_(value) {}
    Value(const char* value) : value_(std::string(value)) {}
    Value(std::string_view value) : value_(std::string(value)) {}
    Value(std::string value) : value_(std::move(value)) {}
    Value(Bytes value) : value_(std::move(value)) {}
    Value(Tensor value) : value_(std::move(value)) {}
    Value(List value) : value_(std::move(value)) {}
    Value(Tuple value) : value_(std::move(value)) {}
    Value(Dict value) : value_(std::move(value)) {}

    Kind kind() const noexcept { return static_cast<Kind>(value_.index()); }
    bool is_null() const noexcept { return kind() == Kind::null; }
    bool is(Kind kind) const noexcept { return this->kind() == kind; }

    /// The value as bool, std::int64_t, double, std::string, Bytes, Tensor, List, Tuple or Dict, exactly as stored.
    /// std::invalid_argument names what is there instead.
    template <class T> const T& as() const;
    template <class T> T& as();
    /// Null if it is something else.
    template <class T> const T* get_if() const noexcept { return std::get_if<T>(&value_); }
    template <class T> T* get_if() noexcept { return std::get_if<T>(&value_); }

    /// An integer or float (or bool, which Python counts as one) as a double. std::invalid_argument otherwise.
    double number() const;
    /// Items of a list or tuple. std::invalid_argument otherwise.
    std::span<const Value> items() const;
    /// A dict's value. std::invalid_argument if this is no dict, std::out_of_range if there is no such key.
    const Value& at(const Value& key) const { return as<Dict>().at(key); }

    /// The same tree with every tensor copied.
    Value clone(const Context& context = {}) const;
    /// Deep equality; NaN equals NaN with the same bits.
    bool operator==(const Value& other) const;

    /// "a float", "a dict", ... for messages.
    static std::string_view name(Kind kind) noexcept;
    /// A short text for messages: `0.1`, `'abc'`, `[1, 2]`, `tensor(float32, (2, 3))`.
    std::string to_string() const;

  private:
    [[noreturn]] void wrong_kind(Kind wanted) const;
    template <class T> static constexpr Kind kind_of();
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Bytes, Tensor, List, Tuple, Dict> value_;
};

inline List::List() = default;
inline List::List(std::initializer_list<Value> values) : items(values) {}
inline List::List(ValueList values) : items(std::move(values)) {}
inline bool List::operator==(const List& other) const { return items == other.items; }
inline Tuple::Tuple() = default;
inline Tuple::Tuple(std::initializer_list<Value> values) : items(values) {}
inline Tuple::Tuple(ValueList values) : items(std::move(values)) {}
inline bool Tuple::operator==(const Tuple& other) const { return items == other.items; }

inline Dict::Dict() = default;
inline std::size_t Dict::size() const noexcept { return items_.size(); }
inline const Dict::Item* Dict::begin() const noexcept { return items_.data(); }
inline const Dict::Item* Dict::end() const noexcept { return items_.data() + items_.size(); }
inline bool Dict::contains(const Value& key) const noexcept { return find(key) != nullptr; }

template <class T> constexpr Value::Kind Value::kind_of() {
    if constexpr (std::same_as<T, bool>) return Kind::boolean;
    else if constexpr (std::same_as<T, std::int64_t>) return Kind::integer;
    else if constexpr (std::same_as<T, double>) return Kind::floating;
    else if constexpr (std::same_as<T, std::string>) return Kind::string;
    else if constexpr (std::same_as<T, Bytes>) return Kind::bytes;
    else if constexpr (std::same_as<T, Tensor>) return Kind::tensor;
    else if constexpr (std::same_as<T, List>) return Kind::list;
    else if constexpr (std::same_as<T, Tuple>) return Kind::tuple;
    else return Kind::dict;
}
template <class T> const T& Value::as() const {
    const T* value = std::get_if<T>(&value_);
    if (value == nullptr) wrong_kind(kind_of<T>());
    return *value;
}
template <class T> T& Value::as() {
    T* value = std::get_if<T>(&value_);
    if (value == nullptr) wrong_kind(kind_of<T>());
    return *value;
}

}  // namespace ravine::inline v0
