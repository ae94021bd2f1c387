#pragma once
#include <ravine/runtime/export.h>
#include <ravine/runtime/tensor.h>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ravine::inline v0 {

struct List;
struct Tuple;
struct Set;
class Dict;

/// One node of the tree that a checkpoint is: null, bool, integer, float, string, bytes, tensor, list, tuple, set or dict.
///
/// Kinds are kept apart (True is not 1, 1 is not 1.0, a tuple is not a list), because a file that goes back to torch
/// must hold what it held. A tensor in a Value is a view: `state_dict` puts the live ones there, `clone` keeps a moment.
/// Sixteen bytes; what is larger than a number lies on the heap. Copies are deep (but for the elements of tensors).
class RAVINE_API Value {
  public:
    enum class Kind : std::uint8_t { null, boolean, integer, floating, string, bytes, tensor, list, tuple, set, dict };
    struct Bytes {
        std::string data;
        bool operator==(const Bytes&) const = default;
    };

    Value() noexcept = default;
    Value(std::nullptr_t) noexcept {}
    /// Exactly bool: a pointer does not become one.
    template <std::same_as<bool> B> Value(B value) noexcept : kind_(Kind::boolean) { boolean_ = value; }
    template <std::integral I>
        requires(!std::same_as<I, bool>)
    Value(I value) noexcept : kind_(Kind::integer), integer_(static_cast<std::int64_t>(value)) {}
    Value(double value) noexcept : kind_(Kind::floating), floating_(value) {}
    Value(const char* value) : Value(std::string(value)) {}
    Value(std::string_view value) : Value(std::string(value)) {}
    Value(std::string value);
    Value(Bytes value);
    Value(Tensor value);
    Value(List value);
    Value(Tuple value);
    Value(Set value);
    Value(Dict value);

    Value(const Value& other);
    /// The moved-from value is null.
    Value(Value&& other) noexcept { swap(other); }
    Value& operator=(const Value& other) {
        Value copy(other);
        swap(copy);
        return *this;
    }
    Value& operator=(Value&& other) noexcept {
        Value taken(std::move(other));
        swap(taken);
        return *this;
    }
    ~Value() {
        if (on_heap()) destroy();
    }
    void swap(Value& other) noexcept {
        std::swap(kind_, other.kind_);
        std::swap(integer_, other.integer_);  // all eight bytes, whatever they mean
    }

    Kind kind() const noexcept { return kind_; }
    bool is_null() const noexcept { return kind_ == Kind::null; }
    bool is(Kind kind) const noexcept { return kind_ == kind; }

    /// The value as bool, std::int64_t, double, std::string, Bytes, Tensor, List, Tuple, Set or Dict, exactly as stored.
    /// std::invalid_argument names what is there instead.
    template <class T> const T& as() const {
        const T* value = get_if<T>();
        if (value == nullptr) wrong_kind(kind_of<T>());
        return *value;
    }
    template <class T> T& as() { return const_cast<T&>(std::as_const(*this).as<T>()); }
    /// Null if it is something else.
    template <class T> const T* get_if() const noexcept;
    template <class T> T* get_if() noexcept { return const_cast<T*>(std::as_const(*this).get_if<T>()); }

    /// An integer or float (or bool, which Python counts as one) as a double. std::invalid_argument otherwise.
    double number() const;
    /// Items of a list, tuple or set. std::invalid_argument otherwise.
    std::span<const Value> items() const;
    /// A dict's value. std::invalid_argument if this is no dict, std::out_of_range if there is no such key.
    const Value& at(const Value& key) const;
    Value& at(const Value& key) { return const_cast<Value&>(std::as_const(*this).at(key)); }

    /// The same tree with every tensor copied.
    Value clone(const Context& context = {}) const;
    /// Deep equality. Floats are equal when their bits are: NaN equals itself, 0.0 is not -0.0. Tensors: same dtype,
    /// shape and bytes of the elements.
    bool operator==(const Value& other) const;

    /// "float", "dict", ... as Python calls it, for messages.
    static std::string_view name(Kind kind) noexcept;
    /// One short printable line for messages: `0.1`, `'abc'`, `[1, 2]`, `tensor(float32, (2, 3))`; long ones are cut.
    std::string to_string() const;

  private:
    template <class T> static constexpr Kind kind_of();
    bool on_heap() const noexcept { return kind_ >= Kind::string; }
    void destroy() noexcept;
    [[noreturn]] void wrong_kind(Kind wanted) const;

    Kind kind_ = Kind::null;
    union {
        std::int64_t integer_ = 0;
        bool boolean_;
        double floating_;
        void* heap_;
    };
};

using ValueList = std::vector<Value>;

/// A Python list.
struct List {
    ValueList items;
    List() = default;
    List(std::initializer_list<Value> values) : items(values) {}
    explicit List(ValueList values) : items(std::move(values)) {}
    bool operator==(const List&) const = default;
};

/// Python's tuple: kept apart from a list so that a file survives a round trip.
struct Tuple {
    ValueList items;
    Tuple() = default;
    Tuple(std::initializer_list<Value> values) : items(values) {}
    explicit Tuple(ValueList values) : items(std::move(values)) {}
    bool operator==(const Tuple&) const = default;
};

/// A Python set, in the order of the file.
struct Set {
    ValueList items;
    Set() = default;
    explicit Set(ValueList values) : items(std::move(values)) {}
    bool operator==(const Set&) const = default;
};

/// A map that keeps the order in which keys were added. Keys are any values, in practice strings and integers. Finding a
/// key takes constant time, also when a hostile file chose the keys.
class RAVINE_API Dict {
  public:
    /// What Python class it is in a file.
    enum class Kind : std::uint8_t { dict, ordered_dict, counter };
    using Item = std::pair<Value, Value>;

    Dict() = default;
    Dict(std::initializer_list<std::pair<std::string_view, Value>> items);

    std::size_t size() const noexcept { return items_.size(); }
    bool empty() const noexcept { return items_.empty(); }
    const Item* begin() const noexcept { return items_.data(); }
    const Item* end() const noexcept { return items_.data() + items_.size(); }

    /// Null if there is no such key. What it points to lives until the next `set` of a new key or `erase`.
    const Value* find(const Value& key) const noexcept;
    Value* find(const Value& key) noexcept { return const_cast<Value*>(std::as_const(*this).find(key)); }
    bool contains(const Value& key) const noexcept { return find(key) != nullptr; }
    /// std::out_of_range with the known keys if there is no such key.
    const Value& at(const Value& key) const;
    Value& at(const Value& key) { return const_cast<Value&>(std::as_const(*this).at(key)); }
    /// Replaces the value of an existing key in place, or appends.
    void set(Value key, Value value);
    /// Appends and returns true, or changes nothing if the key is there.
    bool insert(Value key, Value value);
    /// Removes a key; false if there was none.
    bool erase(const Value& key);

    Kind kind = Kind::dict;
    /// What an OrderedDict carries as its attribute `_metadata` (a model's state dict: its modules' versions), or null.
    Value metadata;

    /// Deep equality: same keys in the same order, equal values, same kind and metadata.
    bool operator==(const Dict& other) const;

  private:
    std::size_t position(const Value& key) const noexcept;
    std::size_t slot_of(const Value& key) const noexcept;
    void append(Value&& key, Value&& value);
    void rebuild_index(std::size_t expected);

    std::vector<Item> items_;
    std::vector<std::size_t> slots_;  // positions + 1 by hash of the key; empty while the dict is short
};

template <class T> constexpr Value::Kind Value::kind_of() {
    if constexpr (std::same_as<T, bool>) return Kind::boolean;
    else if constexpr (std::same_as<T, std::int64_t>) return Kind::integer;
    else if constexpr (std::same_as<T, double>) return Kind::floating;
    else if constexpr (std::same_as<T, std::string>) return Kind::string;
    else if constexpr (std::same_as<T, Bytes>) return Kind::bytes;
    else if constexpr (std::same_as<T, Tensor>) return Kind::tensor;
    else if constexpr (std::same_as<T, List>) return Kind::list;
    else if constexpr (std::same_as<T, Tuple>) return Kind::tuple;
    else if constexpr (std::same_as<T, Set>) return Kind::set;
    else {
        static_assert(std::same_as<T, Dict>, "a Value holds no such type");
        return Kind::dict;
    }
}

template <class T> const T* Value::get_if() const noexcept {
    if (kind_ != kind_of<T>()) return nullptr;
    if constexpr (std::same_as<T, bool>) return &boolean_;
    else if constexpr (std::same_as<T, std::int64_t>) return &integer_;
    else if constexpr (std::same_as<T, double>) return &floating_;
    else return static_cast<const T*>(heap_);
}

}  // namespace ravine::inline v0
