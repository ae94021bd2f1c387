#pragma once
#include <ravine/runtime/value.h>
#include <ravine/sched/function.h>
#include <ravine/sched/milestones.h>
#include <ravine/sched/per_group.h>
#include <ravine/sched/required.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::inline v0::sched {

/// How a C++ type stands in options and in a state_dict: `wanted` for messages, `read` false for another kind.
template <class T> struct Kind;

template <> struct Kind<bool> {
    static constexpr std::string_view wanted = "a bool";
    static bool read(const Value& value, bool& out);
};
template <> struct Kind<std::int64_t> {
    static constexpr std::string_view wanted = "an integer";
    static bool read(const Value& value, std::int64_t& out);
};
template <> struct Kind<double> {
    static constexpr std::string_view wanted = "a number";
    static bool read(const Value& value, double& out);
};
/// A number that stays an integer or a float.
template <> struct Kind<Value> {
    static constexpr std::string_view wanted = "a number";
    static bool read(const Value& value, Value& out);
};
template <> struct Kind<std::string> {
    static constexpr std::string_view wanted = "a string";
    static bool read(const Value& value, std::string& out);
};
template <> struct Kind<std::vector<double>> {
    static constexpr std::string_view wanted = "a list of numbers";
    static bool read(const Value& value, std::vector<double>& out);
};
template <> struct Kind<std::vector<std::int64_t>> {
    static constexpr std::string_view wanted = "a list of integers";
    static bool read(const Value& value, std::vector<std::int64_t>& out);
};
/// In a state_dict a Counter: epoch to number of times.
template <> struct Kind<Milestones> {
    static constexpr std::string_view wanted = "a list of integers";
    static bool read(const Value& value, Milestones& out);
};
template <> struct Kind<PerGroup> {
    static constexpr std::string_view wanted = "a number or a list of them";
    static bool read(const Value& value, PerGroup& out);
};
template <> struct Kind<Function> {
    static constexpr std::string_view wanted = R"(a function, {"table": [...]} or {"power": [base, exponent_scale]})";
    static bool read(const Value& value, Function& out);
};
template <> struct Kind<Functions> {
    static constexpr std::string_view wanted =
        R"(a function, {"table": [...]} or {"power": [base, exponent_scale]}, or a list of them)";
    static bool read(const Value& value, Functions& out);
};
template <class T> struct Kind<required<T>> {
    static constexpr std::string_view wanted = Kind<T>::wanted;
    static bool read(const Value& value, required<T>& out) { return Kind<T>::read(value, out.value); }
};
template <class T> struct Kind<std::optional<T>> {
    static constexpr std::string_view wanted = Kind<T>::wanted;
    static bool read(const Value& value, std::optional<T>& out);
};
/// For options without a default, while they are read.
template <class T> T placeholder() { return T{}; }
template <> inline PerGroup placeholder<PerGroup>() { return 0; }
template <> inline Functions placeholder<Functions>() {
    return [](std::int64_t) { return 0.0; };
}
template <> inline Function placeholder<Function>() {
    return [](std::int64_t) { return 0.0; };
}

template <class T> bool Kind<std::optional<T>>::read(const Value& value, std::optional<T>& out) {
    T parsed = placeholder<T>();
    if (!value.is_null() && !Kind<T>::read(value, parsed)) return false;
    out.reset();
    if (!value.is_null()) out = std::move(parsed);
    return true;
}

template <class T> Value to_value(const T& member) { return Value(member); }
template <class T> Value to_value(const required<T>& member) { return Value(member.value); }
template <class T> Value to_value(const std::optional<T>& member) { return member ? Value(*member) : Value(); }
Value to_value(const std::vector<double>& member);
Value to_value(const std::vector<std::int64_t>& member);
Value to_value(const Milestones& member);

/// "'abc' (a string)", for messages.
std::string shown(const Value& value);

}  // namespace ravine::inline v0::sched
