#include "inspect_tree.h"

#include "inspect_json.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>

namespace ravine::tools {
namespace {

std::string component(const Value& key) {
    const auto* text = key.get_if<std::string>();
    return text != nullptr ? printable(*text) : key.to_string();
}

bool is_container(const Value& value) {
    return value.is(Value::Kind::list) || value.is(Value::Kind::tuple) || value.is(Value::Kind::set);
}

/// Calls visit(path, value) for every value of the tree, containers before what they hold.
template <class Visit> void walk(const Value& value, const std::string& path, Visit& visit) {
    visit(path, value);
    const std::string prefix = path.empty() ? "" : path + ".";
    if (const auto* dict = value.get_if<Dict>()) {
        for (const auto& [key, item] : *dict) walk(item, prefix + component(key), visit);
    } else if (is_container(value)) {
        std::size_t i = 0;
        for (const Value& item : value.items()) walk(item, prefix + std::to_string(i++), visit);
    }
}

class TreeText {
  public:
    TreeText(std::int64_t values, function_ref<void(std::string_view)> put) : values_(values), put_(put) {}
    void print(const std::string& label, const std::string& path, const Value& value, std::size_t depth);
    void flush() {
        put_(text);
        text.clear();
    }

  private:
    void print_container(const std::string& path, const Value& value, std::size_t depth);
    void print_tensor(const std::string& path, const Tensor& tensor);
    const std::string& first_path(const std::string& path, const Tensor& tensor);

    std::string text;
    std::int64_t values_;
    function_ref<void(std::string_view)> put_;
    struct Seen {
        std::uintptr_t end;
        std::string path;
    };
    std::map<std::uintptr_t, Seen> seen_;  // memory by its first byte, none over another
};

/// A list of plain values is one line.
bool is_flat(const Value& value) {
    if (!is_container(value)) return false;
    return std::none_of(value.items().begin(), value.items().end(), [](const Value& item) {
        return is_container(item) || item.is(Value::Kind::dict) || item.is(Value::Kind::tensor);
    });
}

void TreeText::print(const std::string& label, const std::string& path, const Value& value, std::size_t depth) {
    constexpr std::size_t piece = 1 << 16;
    if (text.size() > piece) flush();
    text += fmt::format("{:{}}{}", "", 2 * depth, label);
    if (const auto* tensor = value.get_if<Tensor>()) return print_tensor(path, *tensor);
    if (value.is(Value::Kind::dict) || (is_container(value) && !is_flat(value))) return print_container(path, value, depth);
    text += value.to_string() + '\n';
}

void TreeText::print_container(const std::string& path, const Value& value, std::size_t depth) {
    const std::string prefix = path.empty() ? "" : path + ".";
    const auto* dict = value.get_if<Dict>();
    text += fmt::format("{} of {}\n", Value::name(value.kind()), dict != nullptr ? dict->size() : value.items().size());
    if (dict != nullptr) {
        for (const auto& [key, item] : *dict) print(component(key) + ": ", prefix + component(key), item, depth + 1);
        return;
    }
    std::size_t i = 0;
    for (const Value& item : value.items()) {
        const std::string index = std::to_string(i++);
        print(index + ": ", prefix + index, item, depth + 1);
    }
}

void TreeText::print_tensor(const std::string& path, const Tensor& tensor) {
    text += fmt::format("{} {} {} bytes", name(tensor.dtype()), printable(tensor.shape().to_string()), tensor.nbytes());
    if (const std::string& first = first_path(path, tensor); first != path) text += fmt::format(", shares the memory of {}", first);
    if (tensor.numel() <= values_) text += ' ' + elements_json(tensor);
    text += '\n';
}

/// Where a tensor of the same memory stood first.
const std::string& TreeText::first_path(const std::string& path, const Tensor& tensor) {
    if (tensor.numel() == 0) return path;
    std::int64_t last = 0;
    for (std::size_t d = 0; d < tensor.dim(); ++d) last += (tensor.shape()[d] - 1) * tensor.strides()[d];
    const auto begin = reinterpret_cast<std::uintptr_t>(tensor.data());
    const std::uintptr_t end = begin + static_cast<std::uintptr_t>(last + 1) * item_size(tensor.dtype());
    const auto next = seen_.upper_bound(begin);
    if (next != seen_.begin() && std::prev(next)->second.end > begin) return std::prev(next)->second.path;
    if (next != seen_.end() && next->first < end) return next->second.path;
    return seen_.emplace_hint(next, begin, Seen{end, path})->second.path;
}

struct Odd {
    std::size_t nans = 0;
    std::size_t infinities = 0;
};

/// Counts by the bits: all ones in the exponent.
template <class Word> Odd count_odd(const Tensor& tensor, Word exponent, Word fraction) {
    Odd odd;
    visit_bytes(tensor, [&](std::span<const std::byte> bytes) {
        for (std::size_t i = 0; i < bytes.size(); i += sizeof(Word)) {
            Word word;
            std::memcpy(&word, bytes.data() + i, sizeof word);
            if ((word & exponent) != exponent) continue;
            ++((word & fraction) != 0 ? odd.nans : odd.infinities);
        }
    });
    return odd;
}

/// Each of the 256 values is looked at once.
Odd count_odd_bytes(const Tensor& tensor) {
    std::array<std::uint8_t, 256> every = {};
    std::iota(every.begin(), every.end(), std::uint8_t{0});
    const Tensor values = borrow(static_cast<void*>(every.data()), tensor.dtype(), {every.size()}).to(DType::f64);
    Odd odd;
    visit_bytes(tensor, [&](std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) {
            const double value = values.span<const double>()[std::to_integer<std::size_t>(byte)];
            odd.nans += std::isnan(value);
            odd.infinities += std::isinf(value);
        }
    });
    return odd;
}

Odd count_odd(const Tensor& tensor) {
    switch (tensor.dtype()) {
    case DType::f64:
    case DType::c128: return count_odd<std::uint64_t>(tensor, 0x7ff0000000000000, 0xfffffffffffff);
    case DType::f32:
    case DType::c64: return count_odd<std::uint32_t>(tensor, 0x7f800000, 0x7fffff);
    case DType::bf16: return count_odd<std::uint16_t>(tensor, 0x7f80, 0x7f);
    case DType::f16: return count_odd<std::uint16_t>(tensor, 0x7c00, 0x3ff);
    default: return is_float8(tensor.dtype()) ? count_odd_bytes(tensor) : Odd{};
    }
}

bool is_optimizer(const Value& value) {
    const auto* dict = value.get_if<Dict>();
    const Value* state = dict == nullptr ? nullptr : dict->find("state");
    const Value* groups = dict == nullptr ? nullptr : dict->find("param_groups");
    if (state == nullptr || groups == nullptr || !state->is(Value::Kind::dict) || !groups->is(Value::Kind::list)) return false;
    return std::all_of(groups->items().begin(), groups->items().end(), [](const Value& group) {
        const auto* options = group.get_if<Dict>();
        const Value* ids = options == nullptr ? nullptr : options->find("params");
        return ids != nullptr && ids->is(Value::Kind::list);
    });
}

TreeSize size_of(const Value& value) {
    TreeSize size;
    auto add = [&](const std::string&, const Value& one) {
        const auto* tensor = one.get_if<Tensor>();
        if (tensor == nullptr) return;
        ++size.tensors;
        size.bytes = std::min<std::uint64_t>(size.bytes, std::numeric_limits<std::int64_t>::max()) + tensor->nbytes();
    };
    walk(value, "", add);
    return size;
}

/// "1 group", "2 groups".
std::string counted(std::size_t count, std::string_view what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); }

std::string group_text(const Dict& group) {
    std::string options;
    for (const auto& [key, value] : group) {
        if (key == Value("params") || key == Value("param_names")) continue;
        options += fmt::format(", {} {}", component(key), value.to_string());
    }
    const Value* names = group.find("param_names");
    return fmt::format("{}{}{}\n", counted(group.at("params").items().size(), "parameter"), names != nullptr ? ' ' + names->to_string() : "", options);
}

std::string summary(const std::string& path, const Dict& optimizer, const std::string& class_name) {
    const std::span<const Value> groups = optimizer.at("param_groups").items();
    const Value& state = optimizer.at("state");
    std::size_t parameters = 0;
    for (const Value& group : groups) parameters += group.at("params").items().size();
    std::string text = "\noptimizer";
    if (!class_name.empty()) text.append(" ").append(printable(class_name));
    if (!path.empty()) text.append(" at ").append(path);
    text += fmt::format(": {}, {}, {} of them with state, {} bytes of state\n", counted(groups.size(), "group"), counted(parameters, "parameter"),
                        state.as<Dict>().size(), size_of(state).bytes);
    for (std::size_t g = 0; g < groups.size(); ++g) text += fmt::format("  group {}: {}", g, group_text(groups[g].as<Dict>()));
    return text;
}

}  // namespace

void tree_text(const Value& tree, std::int64_t values, function_ref<void(std::string_view)> put) {
    TreeText printer(values, put);
    printer.print("", "", tree, 0);
    printer.flush();
}

TreeSize checked_size(const Value& tree, const std::string& path, std::string_view who) {
    const TreeSize size = size_of(tree);
    const std::uint64_t limit = 4 * std::filesystem::file_size(path) + (std::uint64_t{1} << 30);
    if (size.bytes <= limit) return size;
    throw std::invalid_argument(fmt::format("{}: the elements of all tensors must have at most {} bytes in a file of this size, got {} ({})", who, limit, size.bytes, path));
}

std::string optimizer_summaries(const Value& tree, const std::string& class_name) {
    std::string text;
    auto add = [&](const std::string& path, const Value& value) {
        if (is_optimizer(value)) text += summary(path, value.as<Dict>(), class_name);
    };
    walk(tree, "", add);
    return text;
}

std::vector<std::string> not_finite(const Value& tree) {
    std::vector<std::string> lines;
    auto add = [&](const std::string& path, const Value& value) {
        const auto* tensor = value.get_if<Tensor>();
        const Odd odd = tensor == nullptr ? Odd() : count_odd(*tensor);
        if (odd.nans + odd.infinities == 0) return;
        lines.push_back(fmt::format("tensor '{}' has {} NaN and {} infinities among {} elements", path, odd.nans, odd.infinities, tensor->numel()));
    };
    walk(tree, "", add);
    return lines;
}

}  // namespace ravine::tools
