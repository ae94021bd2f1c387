#pragma once
#include "json_value.h"

#include <ravine/optim/optimizer.h>
#include <ravine/sched/registry.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::tools {

/// What a file says, and its path for messages.
struct SpecText {
    std::string path;  ///< "-": stdin
    std::string text;
};

/// Reads a file of bounded size, or stdin for "-". std::runtime_error, beginning with `who`.
SpecText read_spec_text(const std::string& path, std::string_view who);

/// A class by its name and its constructor's options: `{"type": "AdamW", "lr": 0.1}`.
struct ClassSpec {
    std::string type;
    Dict options;
};

/// An element of `groups`: `{"params": ["w"], "lr": 0.1}`.
struct GroupSpec {
    std::optional<std::vector<std::string>> params;
    Dict options;
};

/// A spec file: one JSON object with keys that the subcommand knows. Strict: UTF-8, no duplicate keys, nothing after the
/// object, bounded depth. What it refuses is a std::invalid_argument that names the subcommand, the key and the file.
class Spec {
  public:
    Spec(std::string who, const SpecText& text, std::initializer_list<std::string_view> known);

    const std::string& path() const { return path_; }
    /// Null if the key is absent or null.
    const Json* find(std::string_view key) const;

    ClassSpec optimizer() const;
    /// None if the key is absent. Where groups do not choose parameters, `params` is an unknown key.
    std::optional<std::vector<GroupSpec>> groups(bool with_params) const;
    /// One object or a list of objects; empty if the key is absent.
    std::vector<ClassSpec> schedulers() const;
    /// At least 0 and at most `largest_steps`.
    std::optional<std::int64_t> steps() const;
    std::optional<std::string> string(std::string_view key) const;
    std::optional<optim::Implementation> implementation() const;

    /// "<who>: <what>, got <got> (<file>)".
    [[noreturn]] void refuse(std::string_view what, std::string_view got) const;

    static constexpr std::int64_t largest_steps = 10'000'000;

  private:
    ClassSpec class_spec(const Json& json, std::string_view key) const;
    GroupSpec group_spec(const Json& json, std::string_view key, bool with_params) const;
    std::vector<std::string> names(const Json& json, std::string_view key) const;
    Value value(const Json& json, const std::string& key) const;

    std::string who_;
    std::string path_;
    Json root_;
};

/// Refuses what a subcommand was given: std::invalid_argument of "who: what, got got".
[[noreturn]] void refuse(std::string_view who, std::string_view what, std::string_view got);

/// std::invalid_argument if that class of optimizers needs a closure, where `who` has gradients only.
void check_needs_no_closure(std::string_view optimizer, std::string_view who);

std::vector<sched::LRScheduler> make_schedulers(const std::vector<ClassSpec>& specs, optim::Optimizer& optimizer);

/// Keeps warnings until the call has succeeded, each text once.
class Warnings final : public LogSink {
  public:
    void warn(LogCode code, std::string_view text) override;
    /// One line each on stderr: `ravine: warning: <text>`.
    void print() const;

  private:
    struct Entry {
        std::string text;
        std::int64_t times;
    };
    std::vector<Entry> entries_;
};

}  // namespace ravine::tools
