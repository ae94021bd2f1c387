#include <ravine/optim/muon.h>

#include "parameter_body.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <stdexcept>

namespace ravine::inline v0::optim {
namespace {

/// Goes back to the last `*` where what follows it does not fit.
bool matches(std::string_view pattern, std::string_view name) {
    std::size_t p = 0, n = 0, star = std::string_view::npos, taken = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = n;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace

MuonSplit split_for_muon(const Parameters& parameters, std::span<const std::string_view> except) {
    MuonSplit result;
    std::vector<bool> used(except.size());
    for (const Parameter& parameter : parameters) {
        if (!except.empty() && !parameter.has_name()) {
            throw std::invalid_argument(fmt::format("split_for_muon: parameters must have names where patterns are given, got {}", describe(parameter)));
        }
        bool excepted = false;
        for (std::size_t i = 0; i < except.size(); ++i) {
            if (!matches(except[i], parameter.name())) continue;
            excepted = true;
            used[i] = true;
        }
        (parameter.data().dim() == 2 && !is_complex(parameter.data().dtype()) && !excepted ? result.matrices : result.others).push_back(parameter);
    }
    for (std::size_t i = 0; i < except.size(); ++i) {
        if (!used[i]) throw std::invalid_argument(fmt::format("split_for_muon: a pattern must match a parameter's name, got {}", quoted(except[i])));
    }
    return result;
}

}  // namespace ravine::inline v0::optim
