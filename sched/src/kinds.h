#pragma once
#include <ravine/sched/required.h>
#include <ravine/runtime/value.h>

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
template <> struct Kind<std::vector<double>> {
    static constexpr std::string_view wanted = "a list of numbers";
    static bool read(const Value& value, std::vector<double>& out);
};
template <class T> struct Kind<required<T>> {
    static constexpr std::string_view wanted = Kind<T>::wanted;
    static bool read(const Value& value, required<T>& out) { return Kind<T>::read(value, out.value); }
};

template <class T> Value to_value(const T& member) { return Value(member); }
Value to_value(const std::vector<double>& member);

/// "'abc' (a string)", for messages.
std::string shown(const Value& value);

}  // namespace ravine::inline v0::sched
