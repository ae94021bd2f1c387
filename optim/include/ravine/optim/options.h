#pragma once
#include <ravine/runtime/value.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace ravine::inline v0::optim {

/// Which code makes a step. All give the same bits in f32 and f64; in bf16 and f16 `fused` rounds once per stored tensor,
/// the other two after every operation, like torch. torch's flags `foreach` and `fused` map to it.
enum class Implementation {
    automatic,  ///< fused where the device has it (everywhere on the CPU)
    for_loop,   ///< one tensor after another on the calling thread
    foreach,    ///< operation by operation over cache-sized tiles of the whole list
    fused,      ///< one pass over memory
};

/// "automatic", "for_loop", "foreach", "fused".
RAVINE_API std::string_view name(Implementation implementation) noexcept;
/// std::invalid_argument if there is no such name.
RAVINE_API Implementation implementation_from_name(std::string_view name);

/// The values that an option may have.
struct Bound {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool below_high = false;  ///< high itself is excluded
    bool nan_passes = false;  ///< "not less than" instead of "at least"
    bool first_only = false;  ///< for the caller's own value: what a schedule makes of it later is its business
    bool above_low = false;   ///< low itself is excluded
};
/// low <= x; NaN is refused.
constexpr Bound at_least(double low) { return {.low = low}; }
/// low < x.
constexpr Bound above(double low) { return {.low = low, .above_low = true}; }
/// x <= high.
constexpr Bound at_most(double high) { return {.high = high}; }
/// x < high.
constexpr Bound below(double high) { return {.high = high, .below_high = true}; }
/// not x < low; NaN passes, as where torch tests that way.
constexpr Bound not_below(double low) { return {.low = low, .nan_passes = true}; }
/// low <= x < high.
constexpr Bound within(double low, double high) { return {.low = low, .high = high, .below_high = true}; }
/// low <= x <= high.
constexpr Bound between(double low, double high) { return {.low = low, .high = high}; }
/// The same for what a constructor or a new group is given, anything later: as in torch, a schedule may end a rounding
/// error below zero.
constexpr Bound scheduled(Bound bound) {
    bound.first_only = true;
    return bound;
}
/// Anything.
constexpr Bound unchecked() { return {.nan_passes = true}; }

/// One option: torch's name, the member that holds it, and what it may be.
template <class Options, class Member> struct Field {
    std::string_view name;
    Member Options::*member;
    Bound bound;
    bool floats_only;  ///< integers are refused at construction, as torch refuses integer betas
    bool may_be_missing = std::is_same_v<Member, bool>;  ///< in a state_dict, which then leaves the default
};
template <class Options, class Member>
constexpr Field<Options, Member> field(std::string_view name, Member Options::*member, Bound bound = unchecked(),
                                       bool floats_only = false) {
    return {name, member, bound, floats_only};
}

/// An option that state_dicts of old versions lack; torch fills in the default.
template <class Options, class Member> constexpr Field<Options, Member> added_later(Field<Options, Member> field) {
    field.may_be_missing = true;
    return field;
}

/// A member that torch shows as a flag of its own, `foreach` or `fused`.
template <class Options> struct FlagField {
    std::string_view name;
    Implementation Options::*member;
    Implementation flag;
};
template <class Options>
constexpr FlagField<Options> flag(std::string_view name, Implementation Options::*member, Implementation which) {
    return {name, member, which};
}

/// A field with its type erased; `options` points to the aggregate.
struct FieldInfo {
    std::string_view name;
    Value (*get)(const void* options);
    /// Writes a value. Empty, or what it must be ("a float").
    std::string (*set)(void* options, const Value& value, bool constructing);
    /// Empty, or the complaint "lr must be >= 0, got -1". `first` is for options that the caller gives.
    std::string (*check)(const void* options, bool first);
    Implementation flag;  ///< which one a flag field stands for; for_loop for plain fields
    void (*set_implementation)(void* options, Implementation implementation);  ///< of a flag field
    void (*copy)(const void* from, void* to);
    bool may_be_missing;  ///< in a state_dict
};

namespace detail {

RAVINE_API std::string check_number(std::string_view name, double value, const Bound& bound);
RAVINE_API Value flag_value(Implementation implementation, Implementation which);
RAVINE_API bool read(const Value& value, double& out, bool floats_only);
RAVINE_API bool read(const Value& value, bool& out, bool floats_only);
RAVINE_API bool read(const Value& value, std::int64_t& out, bool floats_only);
RAVINE_API bool read(const Value& value, std::string& out, bool floats_only);
RAVINE_API std::string indexed(std::string_view name, std::size_t index);

template <class M> struct OptionType {  // a number or a bool
    static Value get(const M& member) { return Value(member); }
    static bool set(M& member, const Value& value, bool floats_only) { return read(value, member, floats_only); }
    static std::string check(std::string_view name, const M& member, const Bound& bound) {
        return check_number(name, static_cast<double>(member), bound);
    }
    static constexpr std::string_view wanted = std::is_same_v<M, bool> ? "a bool" : std::is_same_v<M, double> ? "a number" : "an integer";
};
template <std::size_t n> struct OptionType<std::array<double, n>> {
    static Value get(const std::array<double, n>& member) {
        Tuple tuple;
        for (const double value : member) tuple.items.emplace_back(value);
        return Value(std::move(tuple));
    }
    static bool set(std::array<double, n>& member, const Value& value, bool floats_only) {
        if (!value.is(Value::Kind::list) && !value.is(Value::Kind::tuple)) return false;
        if (value.items().size() != n) return false;
        for (std::size_t i = 0; i < n; ++i) {
            if (!read(value.items()[i], member[i], floats_only)) return false;
        }
        return true;
    }
    static std::string check(std::string_view name, const std::array<double, n>& member, const Bound& bound) {
        for (std::size_t i = 0; i < n; ++i) {
            std::string complaint = check_number(indexed(name, i), member[i], bound);
            if (!complaint.empty()) return complaint;
        }
        return {};
    }
    static constexpr std::string_view wanted = n == 2 ? "two floats" : n == 3 ? "three floats" : "a list of floats of the right length";
};
/// torch's pair of which the first may be None.
template <> struct OptionType<std::pair<std::optional<double>, double>> {
    using Pair = std::pair<std::optional<double>, double>;
    static Value get(const Pair& member) { return Tuple{member.first ? Value(*member.first) : Value(), member.second}; }
    static bool set(Pair& member, const Value& value, bool floats_only) {
        const bool is_pair = (value.is(Value::Kind::list) || value.is(Value::Kind::tuple)) && value.items().size() == 2;
        if (!is_pair || !read(value.items()[1], member.second, floats_only)) return false;
        member.first.reset();
        return value.items()[0].is_null() || read(value.items()[0], member.first.emplace(), floats_only);
    }
    static std::string check(std::string_view name, const Pair& member, const Bound& bound) {
        const std::string complaint = member.first ? check_number(indexed(name, 0), *member.first, bound) : std::string();
        return complaint.empty() ? check_number(indexed(name, 1), member.second, bound) : complaint;
    }
    static constexpr std::string_view wanted = "None or a float, and a float";
};

template <> struct OptionType<std::string> {
    static Value get(const std::string& member) { return Value(member); }
    static bool set(std::string& member, const Value& value, bool floats_only) { return read(value, member, floats_only); }
    static std::string check(std::string_view, const std::string&, const Bound&) { return {}; }
    static constexpr std::string_view wanted = "a string";
};
/// What may also be None.
template <class M> struct OptionType<std::optional<M>> {
    static Value get(const std::optional<M>& member) { return member ? OptionType<M>::get(*member) : Value(); }
    static bool set(std::optional<M>& member, const Value& value, bool floats_only) {
        std::optional<M> read;
        const bool fits = value.is_null() || OptionType<M>::set(read.emplace(), value, floats_only);
        if (fits) member = std::move(read);
        return fits;
    }
    static std::string check(std::string_view name, const std::optional<M>& member, const Bound& bound) {
        return member ? OptionType<M>::check(name, *member, bound) : std::string();
    }
    static constexpr std::string_view wanted = std::is_same_v<M, std::string> ? "a string or None" : "an integer or None";
};
/// For messages.
template <class M> std::string shown_option(const M& member) { return OptionType<M>::get(member).to_string(); }

/// Converts to anything: counts the members of an aggregate.
struct Anything {
    template <class T> operator T() const;
};
template <class T, class... A> constexpr std::size_t member_count() {
    if constexpr (requires { T{A{}..., Anything{}}; }) return member_count<T, A..., Anything>();
    else return sizeof...(A);
}

template <class Options, std::size_t i> constexpr auto field_at = std::get<i>(Options::fields());

template <class Options, std::size_t i> void copy_member(const void* from, void* to) {
    static_cast<Options*>(to)->*field_at<Options, i>.member = static_cast<const Options*>(from)->*field_at<Options, i>.member;
}

template <class Options, std::size_t i> FieldInfo erase() {
    using F = std::remove_cvref_t<decltype(field_at<Options, i>)>;
    if constexpr (std::is_same_v<F, FlagField<Options>>) {
        return {field_at<Options, i>.name,
                [](const void* o) {
                    constexpr const auto& f = field_at<Options, i>;
                    return flag_value(static_cast<const Options*>(o)->*f.member, f.flag);
                },
                [](void*, const Value&, bool) { return std::string(); },
                [](const void*, bool) { return std::string(); },
                field_at<Options, i>.flag,
                [](void* o, Implementation implementation) {
                    static_cast<Options*>(o)->*field_at<Options, i>.member = implementation;
                },
                &copy_member<Options, i>,
                true};
    } else {
        using M = std::remove_cvref_t<decltype(std::declval<Options&>().*field_at<Options, i>.member)>;
        return {field_at<Options, i>.name,
                [](const void* o) {
                    return OptionType<M>::get(static_cast<const Options*>(o)->*field_at<Options, i>.member);
                },
                [](void* o, const Value& value, bool constructing) {
                    constexpr const auto& f = field_at<Options, i>;
                    M parsed = static_cast<const Options*>(o)->*f.member;
                    if (!OptionType<M>::set(parsed, value, constructing && f.floats_only)) {
                        return std::string(OptionType<M>::wanted);
                    }
                    static_cast<Options*>(o)->*f.member = parsed;
                    return std::string();
                },
                [](const void* o, bool first) {
                    constexpr const auto& f = field_at<Options, i>;
                    if (f.bound.first_only && !first) return std::string();
                    return OptionType<M>::check(f.name, static_cast<const Options*>(o)->*f.member, f.bound);
                },
                Implementation::for_loop,
                nullptr,
                &copy_member<Options, i>,
                field_at<Options, i>.may_be_missing};
    }
}

/// How many distinct members the fields cover: the two flags of an implementation are one.
template <class Options> constexpr std::size_t covered_members() {
    return std::apply(
        [](const auto&... f) {
            return (std::size_t{0} + ... +
                    (std::is_same_v<std::remove_cvref_t<decltype(f)>, FlagField<Options>> && f.name == "fused" ? 0u : 1u));
        },
        Options::fields());
}

}  // namespace detail

/// The fields of an options aggregate, in the order of torch's state_dict.
template <class Options> const auto& fields_of() {
    constexpr std::size_t n = std::tuple_size_v<decltype(Options::fields())>;
    static_assert(detail::covered_members<Options>() == detail::member_count<Options>(),
                  "every member of an options struct needs a line in fields()");
    static const auto table = []<std::size_t... i>(std::index_sequence<i...>) {
        return std::array<FieldInfo, n>{detail::erase<Options, i>()...};
    }(std::make_index_sequence<n>{});
    return table;
}

}  // namespace ravine::inline v0::optim
