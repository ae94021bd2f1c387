#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace ravine::tools {

/// Shows how far a long piece of work is: on a terminal a bar with rate and time left, otherwise a plain line now and then.
/// Nothing in the first second. The bar goes when the object goes, so that an error after it stands alone.
class Progress {
  public:
    /// `out` is stdout, or stderr where stdout takes the result; null is silence. "<what> 3 of 12 <unit>".
    Progress(std::FILE* out, std::string what, std::int64_t total, std::string unit = "steps");
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// `done` of `total` are finished. Cheap enough to be called after every step.
    void update(std::int64_t done);
    /// A line of its own that stays, above the bar. Where there is no bar it says how far the work is, and puts off the next
    /// plain line.
    void print(std::string_view line);

  private:
    using Clock = std::chrono::steady_clock;
    void show(std::int64_t done, double seconds);

    std::FILE* out_;
    std::string what_;
    std::int64_t total_;
    std::string unit_;
    bool terminal_;
    Clock::time_point start_ = Clock::now();
    Clock::time_point next_;
    std::string bar_;  // what the terminal's last line shows; empty: nothing of ours
};

}  // namespace ravine::tools
