#include "lbfgs_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace ravine::inline v0::optim {
namespace {

constexpr std::array<std::string_view, 8> loop_keys = {"d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss"};

Value value_of(Number number, Device device, const Context& context) {
    if (!number.is_tensor()) return number.value();
    const Tensor scalar = scalar_tensor(number.value(), number.dtype(), context);
    return device == Device{} ? scalar : scalar.to(device, context);
}

/// torch's diagonal begins as the integer 1.
Value diagonal_value(Number diagonal, Device device, const Context& context) {
    if (!diagonal.is_tensor() && diagonal.value() == 1) return std::int64_t{1};
    return value_of(diagonal, device, context);
}

/// Reads the slots of a state one by one; what is wrong goes to the complaints.
class Reader {
  public:
    Reader(const LoadedState& loaded, std::int64_t numel, DType dtype, Device device, const LoadRules& rules, const Context& context, Complaints& complaints)
        : slots_(*loaded.slots), where_(loaded.where), numel_(numel), dtype_(dtype), device_(device), rules_(rules), context_(context), complaints_(complaints) {}

    bool has(std::string_view key) const { return slots_.contains(key); }
    bool is_null(std::string_view key) const { return slots_.at(key).is_null(); }

    std::int64_t count(std::string_view key) {
        const Value* value = slots_.find(key);
        const std::int64_t* number = value == nullptr ? nullptr : value->get_if<std::int64_t>();
        if (number != nullptr && *number >= 0) return *number;
        refuse(key, "a count", value);
        return 0;
    }

    Number number(std::string_view key) { return number(key, slots_.at(key), true); }
    double loss(std::string_view key) { return number(key, slots_.at(key), true).value(); }
    Tensor vector(std::string_view key) { return vector(key, slots_.at(key)); }

    std::vector<Tensor> vectors(std::string_view key) {
        std::vector<Tensor> result;
        for (const Value& item : items(key)) result.push_back(vector(key, item));
        return result;
    }
    std::vector<Number> scalars(std::string_view key) {
        std::vector<Number> result;
        for (const Value& item : items(key)) result.push_back(number(key, item, false));
        return result;
    }
    LBFGSHistory::Alphas alphas(std::string_view key) {
        LBFGSHistory::Alphas result;
        for (const Value& item : items(key)) {
            if (item.is_null()) result.emplace_back();
            else result.emplace_back(number(key, item, false));
        }
        return result;
    }

    void refuse(std::string_view key, std::string_view must, const Value* got) {
        complaints_.add(fmt::format("{}: {} must be {}, got {}", where_, key, must, got == nullptr ? "none" : got->to_string()));
    }
    void check_keys() {
        for (const auto& [key, value] : slots_) {
            const auto* name = key.get_if<std::string>();
            const bool known = name != nullptr && (*name == "func_evals" || *name == "n_iter" || *name == "al" ||
                                                   std::find(loop_keys.begin(), loop_keys.end(), *name) != loop_keys.end());
            if (!known && (name == nullptr || !rules_.passes_unknown)) complaints_.add(fmt::format("{}: {} must be no part of it, got {}", where_, key.to_string(), value.to_string()));
        }
    }

  private:
    std::span<const Value> items(std::string_view key) {
        const Value& value = slots_.at(key);
        if (value.is(Value::Kind::list) || value.is(Value::Kind::tuple)) return value.items();
        refuse(key, "a list", &value);
        return {};
    }

    Number number(std::string_view key, const Value& value, bool may_be_plain) {
        if (may_be_plain && (value.is(Value::Kind::integer) || value.is(Value::Kind::floating))) return value.number();
        const Tensor* tensor = value.get_if<Tensor>();
        if (tensor != nullptr && tensor->defined() && tensor->numel() == 1 && fits(*tensor)) return {tensor->item(context_), dtype_};
        refuse(key, fmt::format("{}a {} tensor of one element", may_be_plain ? "a number or " : "", ravine::name(dtype_)), &value);
        return 0;
    }

    Tensor vector(std::string_view key, const Value& value) {
        const Tensor* tensor = value.get_if<Tensor>();
        if (tensor == nullptr || !tensor->defined() || !(tensor->shape() == Shape{numel_}) || !fits(*tensor)) {
            refuse(key, fmt::format("a {} tensor of shape ({},)", ravine::name(dtype_), numel_), &value);
            return {};
        }
        Tensor own = empty({numel_}, dtype_, device_, context_);
        own.copy_(tensor->dtype() == dtype_ ? *tensor : tensor->to(dtype_, context_), context_);
        return own;
    }
    bool fits(const Tensor& tensor) const { return tensor.dtype() == dtype_ || (rules_.cast && is_floating_point(tensor.dtype())); }

    const Dict& slots_;
    const std::string& where_;
    const std::int64_t numel_;
    const DType dtype_;
    const Device device_;
    const LoadRules& rules_;
    const Context& context_;
    Complaints& complaints_;
};

/// What a step leaves at the end of its loop.
void read_loop(Reader& reader, LBFGSState& state, const Dict& slots) {
    state.direction = reader.vector("d");
    state.t = reader.number("t");
    const std::vector<Tensor> y = reader.vectors("old_dirs"), s = reader.vectors("old_stps");
    const std::vector<Number> ro = reader.scalars("ro");
    if (y.size() != s.size() || y.size() != ro.size()) {
        return reader.refuse("old_stps and ro", fmt::format("as long as old_dirs, {}", y.size()), &slots.at("ro"));
    }
    std::vector<LBFGSHistory::Pair> pairs;
    for (std::size_t i = 0; i < y.size(); ++i) pairs.push_back({y[i], s[i], ro[i]});
    state.history = LBFGSHistory(std::move(pairs), reader.number("H_diag"));
    state.previous_gradient = reader.vector("prev_flat_grad");
    state.previous_loss = reader.loss("prev_loss");
}

}  // namespace

Dict LBFGSState::to_dict(std::int64_t history_size, Device device, const Context& context) const {
    Dict result;
    if (!exists) return result;
    result.set("func_evals", func_evals);
    result.set("n_iter", n_iter);
    if (alphas) {
        List items;
        for (const auto& alpha : *alphas) items.items.push_back(alpha ? value_of(*alpha, device, context) : Value());
        items.items.resize(std::max(alphas->size(), static_cast<std::size_t>(history_size)));
        result.set("al", std::move(items));
    }
    if (!finished) return result;
    if (!direction.defined()) {
        for (const std::string_view key : loop_keys) result.set(key, Value());
        return result;
    }
    List y, s, ro;
    for (const LBFGSHistory::Pair& pair : history.pairs()) {
        y.items.emplace_back(pair.y);
        s.items.emplace_back(pair.s);
        ro.items.push_back(value_of(pair.ro, device, context));
    }
    result.set("d", direction);
    result.set("t", value_of(t, device, context));
    result.set("old_dirs", std::move(y));
    result.set("old_stps", std::move(s));
    result.set("ro", std::move(ro));
    result.set("H_diag", diagonal_value(history.diagonal(), device, context));
    result.set("prev_flat_grad", previous_gradient);
    result.set("prev_loss", previous_loss);
    return result;
}

LBFGSState read_lbfgs_state(const LoadedState& loaded, std::int64_t numel, DType dtype, Device device, const LoadRules& rules, const Context& context,
                            Complaints& complaints) {
    LBFGSState state;
    if (loaded.slots->empty()) return state;
    Reader reader(loaded, numel, dtype, device, rules, context, complaints);
    reader.check_keys();
    state.exists = true;
    state.func_evals = reader.count("func_evals");
    state.n_iter = reader.count("n_iter");
    if (reader.has("al")) state.alphas = reader.alphas("al");
    const auto is_there = [&](std::string_view key) { return reader.has(key); };
    if (std::none_of(loop_keys.begin(), loop_keys.end(), is_there) && state.n_iter == 0) return state;
    for (const std::string_view key : loop_keys) {
        if (!is_there(key)) reader.refuse(key, "given", nullptr);
    }
    if (!std::all_of(loop_keys.begin(), loop_keys.end(), is_there)) return state;
    state.finished = true;
    const bool nothing_yet = std::all_of(loop_keys.begin(), loop_keys.end(), [&](std::string_view key) { return reader.is_null(key); });
    if (nothing_yet && state.n_iter == 0) return state;
    read_loop(reader, state, *loaded.slots);
    return state;
}

}  // namespace ravine::inline v0::optim
