#pragma once
#include "kinds.h"

#include <ravine/optim/options.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace ravine::inline v0::sched {

/// Stands for options without a default until they are read.
struct Unset {
    template <class T> operator required<T>() const { return T{}; }
    operator Milestones() const { return std::vector<std::int64_t>(); }
    operator PerGroup() const { return placeholder<PerGroup>(); }
    operator Functions() const { return placeholder<Functions>(); }
};
/// How many options, which come first, have no default.
template <class Options, class... Placeholders> constexpr std::size_t required_options() {
    if constexpr (requires { Options{Placeholders{}...}; }) return sizeof...(Placeholders);
    else return required_options<Options, Placeholders..., Unset>();
}
template <class Options> Options defaults() {
    return []<std::size_t... i>(std::index_sequence<i...>) { return Options{((void)i, Unset{})...}; }
    (std::make_index_sequence<required_options<Options>()>());
}
/// How many members an aggregate has, of which the first ones, without a default, are Given. An optional takes `nullopt`,
/// because Anything can become one in two ways.
template <class Options, class... Given> constexpr std::size_t member_count() {
    if constexpr (sizeof...(Given) < required_options<Options>() || requires {
                      Options{std::declval<Given>()..., std::declval<optim::detail::Anything>()};
                  }) {
        return member_count<Options, Given..., optim::detail::Anything>();
    } else if constexpr (requires { Options{std::declval<Given>()..., std::nullopt}; }) {
        return member_count<Options, Given..., std::nullopt_t>();
    } else {
        return sizeof...(Given);
    }
}

template <class Options> constexpr auto option_names() {
    return std::apply([](const auto&... field) { return std::array{field.name...}; }, Options::fields());
}

/// The options aggregate of a class from torch's names. std::out_of_range for an unknown name, std::invalid_argument for a
/// required option that is missing or a value of the wrong kind.
template <class Options> Options options_from(std::string_view who, const Dict& given) {
    constexpr auto names = option_names<Options>();
    static_assert(names.size() == member_count<Options>(), "every member of an options struct needs a line in fields()");
    for (const Dict::Item& item : given) {
        const std::string* name = item.first.get_if<std::string>();
        if (name != nullptr && std::find(names.begin(), names.end(), *name) != names.end()) continue;
        throw std::out_of_range(
            fmt::format("{}: an option must be one of {}, got {}", who, fmt::join(names, ", "), item.first.to_string()));
    }
    Options options = defaults<Options>();
    std::size_t index = 0;
    const auto read = [&]<class Member>(const optim::Field<Options, Member>& field) {
        const Value* value = given.find(field.name);
        const bool is_required = index++ < required_options<Options>();
        if (value == nullptr) {
            if (!is_required) return;
            throw std::invalid_argument(
                fmt::format("{}: {} must be given ({}), got no such option", who, field.name, Kind<Member>::wanted));
        }
        const bool is_refused = field.floats_only && value->is(Value::Kind::integer);
        if (!is_refused && Kind<Member>::read(*value, options.*field.member)) return;
        throw std::invalid_argument(fmt::format("{}: {} must be {}, got {}", who, field.name,
                                                is_refused ? "a float" : Kind<Member>::wanted, shown(*value)));
    };
    std::apply([&](const auto&... field) { (read(field), ...); }, Options::fields());
    return options;
}

}  // namespace ravine::inline v0::sched
