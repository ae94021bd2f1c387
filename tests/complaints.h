#pragma once
// Catching what the library has to say: for the tests of every floor.
#include <ravine/runtime/context.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::testing {

/// Keeps warnings.
struct Sink : LogSink {
    std::vector<LogCode> codes;
    std::vector<std::string> texts;
    void warn(LogCode code, std::string_view text) override {
        codes.push_back(code);
        texts.emplace_back(text);
    }
};

/// What the callable throws, as text; empty if nothing.
template <class Error> std::string message_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

inline std::string complaint(const std::function<void()>& call) { return message_of<std::invalid_argument>(call); }

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace ravine::testing
