#pragma once
#include "kinds.h"

#include <ravine/optim/options.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace ravine::inline v0::sched {

/// Stands for required options until they are read.
struct Unset {
    template <class T> operator required<T>() const { return T{}; }
};
template <class Options, class... Placeholders> Options defaults() {
    if constexpr (requires { Options{Placeholders{}...}; }) return Options{Placeholders{}...};
    else return defaults<Options, Placeholders..., Unset>();
}

template <class T> inline constexpr bool is_required = false;
template <class T> inline constexpr bool is_required<required<T>> = true;

template <class Options> constexpr auto option_names() {
    return std::apply([](const auto&... field) { return std::array{field.name...}; }, Options::fields());
}

/// The options aggregate of a class from torch's names. std::out_of_range for an unknown name, std::invalid_argument for a
/// required option that is missing or a value of the wrong kind.
template <class Options> Options options_from(std::string_view who, const Dict& given) {
    constexpr auto names = option_names<Options>();
    static_assert(names.size() == optim::detail::member_count<Options>(),
                  "every member of an options struct needs a line in fields()");
    for (const Dict::Item& item : given) {
        const std::string* name = item.first.get_if<std::string>();
        if (name != nullptr && std::find(names.begin(), names.end(), *name) != names.end()) continue;
        throw std::out_of_range(
            fmt::format("{}: an option must be one of {}, got {}", who, fmt::join(names, ", "), item.first.to_string()));
    }
    Options options = defaults<Options>();
    const auto read = [&]<class Member>(const optim::Field<Options, Member>& field) {
        const Value* value = given.find(field.name);
        if (value == nullptr) {
            if (!is_required<Member>) return;
            throw std::invalid_argument(
                fmt::format("{}: {} must be given ({}), got no such option", who, field.name, Kind<Member>::wanted));
        }
        if (Kind<Member>::read(*value, options.*field.member)) return;
        throw std::invalid_argument(
            fmt::format("{}: {} must be {}, got {}", who, field.name, Kind<Member>::wanted, shown(*value)));
    };
    std::apply([&](const auto&... field) { (read(field), ...); }, Options::fields());
    return options;
}

}  // namespace ravine::inline v0::sched
