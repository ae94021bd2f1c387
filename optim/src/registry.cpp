#include <ravine/optim/adamw.h>
#include <ravine/optim/sgd.h>

#include "group_access.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ravine::inline v0::optim {
namespace {

struct Entry {
    std::string_view name;
    detail::BodyPointer (*make)(Parameters params, const Dict& options, const Context& context);
};

template <class A> detail::BodyPointer make_as(Parameters params, const Dict& options, const Context& context) {
    const Algorithm& algorithm = algorithm_of<A>();
    std::shared_ptr<Group> defaults = algorithm.make_group();
    GroupAccess::assign(*defaults, options, true, false, "");
    return detail::make_elementwise(algorithm, std::move(params), std::move(defaults), context);
}

// Sorted. An explicit list: a static library would drop objects that register themselves.
constexpr std::array entries = {
    Entry{"Adam", make_as<AdamAlgorithm>},
    Entry{"AdamW", make_as<AdamWAlgorithm>},
    Entry{"SGD", make_as<SGDAlgorithm>},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

const Entry& find(std::string_view name) {
    const auto same = [&](const Entry& entry) {
        return std::equal(name.begin(), name.end(), entry.name.begin(), entry.name.end(),
                          [](char a, char b) { return lower(a) == lower(b); });
    };
    const auto found = std::find_if(entries.begin(), entries.end(), same);
    if (found != entries.end()) return *found;
    throw std::out_of_range(
        fmt::format("ravine: an optimizer must be one of {}, got {}", fmt::join(names(), ", "), Value(name).to_string()));
}

}  // namespace

Optimizer make(std::string_view name, Parameters params, const Dict& options, const Context& context) {
    return Optimizer(find(name).make(std::move(params), options, context));
}

std::vector<std::string_view> names() {
    std::vector<std::string_view> result;
    for (const Entry& entry : entries) result.push_back(entry.name);
    return result;
}

std::string_view class_name(std::string_view name) { return find(name).name; }

}  // namespace ravine::inline v0::optim
