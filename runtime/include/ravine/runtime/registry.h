#pragma once
#include <ravine/runtime/export.h>

#include <string_view>
#include <vector>

namespace ravine::inline v0 {

/// Whether two texts differ at most in the case of ASCII letters.
RAVINE_API bool same_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// std::out_of_range: "ravine: <what> must be one of <known>, got <name>".
[[noreturn]] RAVINE_API void unknown_name(std::string_view what, const std::vector<std::string_view>& known, std::string_view name);

/// The entry with this `name` in any case, of a list whose entries have a member `name`. `what` is for the error: "an
/// optimizer". std::out_of_range with the known names.
template <class Entries> const auto& find_entry(const Entries& entries, std::string_view what, std::string_view name) {
    std::vector<std::string_view> known;
    for (const auto& entry : entries) {
        if (same_ignoring_case(entry.name, name)) return entry;
        known.push_back(entry.name);
    }
    unknown_name(what, known, name);
}

/// The names of all entries, in their order.
template <class Entries> std::vector<std::string_view> entry_names(const Entries& entries) {
    std::vector<std::string_view> result;
    for (const auto& entry : entries) result.push_back(entry.name);
    return result;
}

}  // namespace ravine::inline v0
