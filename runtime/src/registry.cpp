#include <ravine/runtime/registry.h>
#include <ravine/runtime/text.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0 {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

void unknown_name(std::string_view what, const std::vector<std::string_view>& known, std::string_view name) {
    throw std::out_of_range(fmt::format("ravine: {} must be one of {}, got {}", what, fmt::join(known, ", "), quoted(name)));
}

}  // namespace ravine::inline v0
