#include "kinds.h"

#include "python_math.h"

#include <fmt/format.h>

#include <algorithm>

namespace ravine::inline v0::sched {
namespace {

bool is_sequence(const Value& value) { return value.is(Value::Kind::list) || value.is(Value::Kind::tuple); }

template <class T> bool read_exactly(const Value& value, T& out) {
    const T* found = value.get_if<T>();
    if (found != nullptr) out = *found;
    return found != nullptr;
}

template <class T> bool read_each(const Value& value, std::vector<T>& out) {
    if (!is_sequence(value)) return false;
    out.clear();
    for (const Value& item : value.items()) {
        T parsed = placeholder<T>();
        if (!Kind<T>::read(item, parsed)) return false;
        out.push_back(std::move(parsed));
    }
    return true;
}

/// The value at min(x, last); a negative x counts from the end, as in Python.
struct Table {
    std::vector<double> values;
    double operator()(std::int64_t x) const {
        const auto size = static_cast<std::int64_t>(values.size());
        if (x < -size) throw std::invalid_argument(fmt::format("table: the epoch must be at least {}, got {}", -size, x));
        return values[static_cast<std::size_t>(x < 0 ? x + size : std::min(x, size - 1))];
    }
};

/// base ** (x * scale).
struct Power {
    double base;
    double scale;
    double operator()(std::int64_t x) const { return power("power", "base", base, static_cast<double>(x) * scale); }
};

}  // namespace

bool Kind<bool>::read(const Value& value, bool& out) { return read_exactly(value, out); }

bool Kind<std::int64_t>::read(const Value& value, std::int64_t& out) { return read_exactly(value, out); }

bool Kind<std::string>::read(const Value& value, std::string& out) { return read_exactly(value, out); }

bool Kind<double>::read(const Value& value, double& out) {
    const Tensor* tensor = value.get_if<Tensor>();
    // Where torch had a tensor as lr, its schedulers keep tensors.
    const bool holds_number =
        tensor != nullptr && tensor->defined() && tensor->numel() == 1 && is_floating_point(tensor->dtype());
    if (holds_number) out = tensor->item();
    else if (value.is(Value::Kind::integer) || value.is(Value::Kind::floating)) out = value.number();
    else return false;
    return true;
}

bool Kind<Value>::read(const Value& value, Value& out) {
    double number = 0;
    if (!Kind<double>::read(value, number)) return false;
    out = value.is(Value::Kind::integer) ? value : Value(number);
    return true;
}

bool Kind<std::vector<double>>::read(const Value& value, std::vector<double>& out) { return read_each(value, out); }

bool Kind<std::vector<std::int64_t>>::read(const Value& value, std::vector<std::int64_t>& out) { return read_each(value, out); }

bool Kind<Milestones>::read(const Value& value, Milestones& out) {
    const Dict* counter = value.get_if<Dict>();
    if (counter == nullptr) {
        std::vector<std::int64_t> epochs;
        if (!read_each(value, epochs)) return false;
        out = epochs;
        return true;
    }
    std::vector<Milestones::Count> counts;
    for (const auto& [epoch, times] : *counter) {
        auto& count = counts.emplace_back();
        const bool integers = Kind<std::int64_t>::read(epoch, count.first) && Kind<std::int64_t>::read(times, count.second);
        constexpr std::int64_t most = std::int64_t{1} << 31;  // so that no sum of them overflows
        if (!integers || count.second < 0 || count.second > most) return false;
    }
    out = Milestones(std::move(counts));
    return true;
}

bool Kind<PerGroup>::read(const Value& value, PerGroup& out) {
    if (is_sequence(value)) {
        std::vector<double> numbers;
        if (!read_each(value, numbers)) return false;
        out = PerGroup(std::move(numbers));
        return true;
    }
    double number = 0;
    if (!Kind<double>::read(value, number)) return false;
    out = number;
    return true;
}

bool Kind<Function>::read(const Value& value, Function& out) {
    const Dict* dict = value.get_if<Dict>();
    if (dict == nullptr || dict->size() != 1) return false;
    std::vector<double> numbers;
    if (!read_each(dict->begin()->second, numbers)) return false;
    const Value& name = dict->begin()->first;
    if (name == Value("table") && !numbers.empty()) out = Table{std::move(numbers)};
    else if (name == Value("power") && numbers.size() == 2) out = Power{numbers[0], numbers[1]};
    else return false;
    return true;
}

bool Kind<Functions>::read(const Value& value, Functions& out) {
    if (is_sequence(value)) {
        std::vector<Function> functions;
        if (!read_each(value, functions)) return false;
        out = Functions(std::move(functions));
        return true;
    }
    Function function = placeholder<Function>();
    if (!Kind<Function>::read(value, function)) return false;
    out = Functions(std::move(function));
    return true;
}

Value to_value(const std::vector<double>& member) { return List(ValueList(member.begin(), member.end())); }

Value to_value(const std::vector<std::int64_t>& member) { return List(ValueList(member.begin(), member.end())); }

Value to_value(const Milestones& member) {
    Dict counter;
    counter.kind = Dict::Kind::counter;
    for (const auto& [epoch, times] : member.counts()) counter.set(epoch, times);
    return counter;
}

std::string shown(const Value& value) { return fmt::format("{} ({})", value.to_string(), Value::name(value.kind())); }

}  // namespace ravine::inline v0::sched
