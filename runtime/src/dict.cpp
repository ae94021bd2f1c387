#include <ravine/runtime/value.h>

#include "hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

/// Below, comparing all keys is faster than hashing one.
constexpr std::size_t longest_without_index = 16;
constexpr std::size_t none = static_cast<std::size_t>(-1);

void add_word(SecretHash& hash, std::uint64_t word) noexcept {
    hash.add(word >> 32);
    hash.add(word & 0xffffffff);
}

void add_value(SecretHash& hash, const Value& value) noexcept {
    hash.add(static_cast<std::uint64_t>(value.kind()));
    if (const auto* text = value.get_if<std::string>()) return hash.add_bytes(*text);
    if (const auto* bytes = value.get_if<Value::Bytes>()) return hash.add_bytes(bytes->data);
    if (const auto* integer = value.get_if<std::int64_t>()) return add_word(hash, static_cast<std::uint64_t>(*integer));
    if (const auto* floating = value.get_if<double>()) return add_word(hash, std::bit_cast<std::uint64_t>(*floating));
    if (const auto* boolean = value.get_if<bool>()) return hash.add(*boolean ? 1 : 0);
    if (const auto* tuple = value.get_if<Tuple>()) {
        hash.add(tuple->items.size());
        for (const Value& item : tuple->items) add_value(hash, item);
    }
    // Other kinds are no keys in Python: they collide and are compared.
}

std::size_t hash_of(const Value& key) noexcept {
    SecretHash hash;
    add_value(hash, key);
    return static_cast<std::size_t>(hash.value());
}

}  // namespace

Dict::Dict(std::initializer_list<std::pair<std::string_view, Value>> items) {
    for (const auto& [key, value] : items) set(key, value);
}

/// The slot of the key, or the free one where it belongs.
std::size_t Dict::slot_of(const Value& key) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash_of(key) & mask;
    while (slots_[slot] != 0 && !(items_[slots_[slot] - 1].first == key)) slot = (slot + 1) & mask;
    return slot;
}

std::size_t Dict::position(const Value& key) const noexcept {
    if (!slots_.empty()) return slots_[slot_of(key)] - 1;
    const auto found = std::find_if(items_.begin(), items_.end(), [&](const Item& item) { return item.first == key; });
    return found == items_.end() ? none : static_cast<std::size_t>(found - items_.begin());
}

const Value* Dict::find(const Value& key) const noexcept {
    const std::size_t found = position(key);
    return found == none ? nullptr : &items_[found].second;
}

const Value& Dict::at(const Value& key) const {
    if (const Value* value = find(key)) return *value;
    constexpr std::size_t shown = 9;  // one more than is printed
    ValueList known;
    for (std::size_t i = 0; i < std::min(size(), shown); ++i) known.push_back(items_[i].first);
    throw std::out_of_range(
        fmt::format("dict: the key must be one of {}, got {}", Value(List(std::move(known))).to_string(), key.to_string()));
}

void Dict::set(Value key, Value value) {
    const std::size_t found = position(key);
    if (found == none) append(std::move(key), std::move(value));
    else items_[found].second = std::move(value);
}

bool Dict::insert(Value key, Value value) {
    if (position(key) != none) return false;
    append(std::move(key), std::move(value));
    return true;
}

bool Dict::erase(const Value& key) {
    const std::size_t found = position(key);
    if (found == none) return false;
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(found));
    if (!slots_.empty()) rebuild_index(items_.size());
    return true;
}

void Dict::append(Value&& key, Value&& value) {
    const std::size_t size = items_.size() + 1;
    const bool wants_index = size > longest_without_index;
    if (wants_index && slots_.size() < 2 * size) rebuild_index(2 * size);
    items_.emplace_back(std::move(key), std::move(value));
    if (wants_index) slots_[slot_of(items_.back().first)] = size;
}

/// At most half of the slots are taken, so that a probe ends soon.
void Dict::rebuild_index(std::size_t expected) {
    [[maybe_unused]] const SecretHash drawn;  // may throw, the first time; later ones do not
    std::vector<std::size_t> slots;
    slots.resize(std::bit_ceil(2 * std::max(expected, longest_without_index)));
    slots_.swap(slots);
    for (std::size_t i = 0; i < items_.size(); ++i) slots_[slot_of(items_[i].first)] = i + 1;
}

bool Dict::operator==(const Dict& other) const {
    return kind == other.kind && metadata == other.metadata && items_ == other.items_;
}

}  // namespace ravine::inline v0
