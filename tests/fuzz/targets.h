#pragma once
// What a fuzzer calls: functions that give bytes to a part of the project that must stand whatever they are.

#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace ravine::fuzz {

/// A promise that did not hold. No error of the library, so that nothing catches it.
class Broken final : public std::exception {
  public:
    explicit Broken(std::string what) : what_(std::move(what)) {}
    const char* what() const noexcept override { return what_.c_str(); }

  private:
    std::string what_;
};

/// What became of the bytes.
enum class Outcome { taken, refused };

using Function = Outcome(std::string_view bytes);

// Each refuses by the errors that its part promises, with a message that fits one line; any other end is a finding.
Function safetensors;    ///< a file, the tree in it, and back
Function extended_json;  ///< the text of a tree
Function torch_zip;      ///< the container of torch's files
Function torch_pickle;   ///< a pickle in one, and back
Function torch_file;     ///< a file of torch.save in any format
Function replay_spec;    ///< a spec of replay for a small recording, and a few steps
Function schedule_spec;
Function minimize_spec;

struct Target {
    std::string_view name;
    Function* run;
};

/// All of them.
std::span<const Target> targets() noexcept;

/// Calls what reads, and looks at how it refuses if it does.
template <class... Errors, class F> Outcome outcome_of(F&& read);

/// Throws Broken if a message has what a terminal would obey.
void check_message(std::string_view text);

template <class... Errors, class F> Outcome outcome_of(F&& read) {
    try {
        read();
        return Outcome::taken;
    } catch (const std::exception& error) {
        if (!(... || (dynamic_cast<const Errors*>(&error) != nullptr))) throw;
        check_message(error.what());
        return Outcome::refused;
    }
}

inline void check(bool holds, const char* promise) {
    if (!holds) throw Broken(promise);
}

}  // namespace ravine::fuzz
