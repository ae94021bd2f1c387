#include "progress.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>

namespace ravine::tools {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr auto quiet_time = std::chrono::seconds(1);
constexpr auto between_bars = std::chrono::milliseconds(100);
constexpr auto between_lines = std::chrono::seconds(5);

std::string duration(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::min(seconds, 1e9) + 0.5);
    if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
    return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

// A line that is wider than the terminal is cut, not wrapped: only one line can be erased again.
constexpr std::string_view erase_line = "\r\x1b[K", cut_lines = "\x1b[?7l", wrap_lines = "\x1b[?7h";

std::string bar(double share) {
    constexpr std::size_t cells = 28;
    const auto full = static_cast<std::size_t>(share * cells);
    return '[' + std::string(full, '#') + std::string(cells - full, '.') + ']';
}

}  // namespace

Progress::Progress(std::FILE* out, std::string what, std::int64_t total, std::string unit)
    : out_(out), what_(std::move(what)), total_(std::max<std::int64_t>(total, 1)), unit_(std::move(unit)), terminal_(out != nullptr && isatty(fileno(out)) == 1), next_(start_ + quiet_time) {}

Progress::~Progress() {
    if (bar_.empty()) return;
    fmt::print(out_, "{}", erase_line);
    std::fflush(out_);
}

void Progress::update(std::int64_t done) {
    if (out_ == nullptr) return;
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + (terminal_ ? Clock::duration(between_bars) : Clock::duration(between_lines));
    show(done, Seconds(now - start_).count());
}

void Progress::print(std::string_view line) {
    if (out_ == nullptr) return;
    fmt::print(out_, "{}{}\n{}", bar_.empty() ? "" : erase_line, line, bar_);
    std::fflush(out_);
    if (!terminal_) next_ = std::max(next_, Clock::now() + between_lines);
}

void Progress::show(std::int64_t done, double seconds) {
    const double rate = static_cast<double>(done) / seconds;
    const double left = done == 0 ? 0 : static_cast<double>(total_ - done) / rate;
    const std::string numbers = fmt::format("{} of {} {}, {:.4g}/s, {} left", done, total_, unit_, rate,
                                            done == 0 ? "?" : duration(left));
    if (terminal_) {
        bar_ = fmt::format("{}{} {} {}{}", cut_lines, what_, bar(static_cast<double>(done) / static_cast<double>(total_)), numbers, wrap_lines);
        fmt::print(out_, "{}{}", erase_line, bar_);
    } else {
        fmt::print(out_, "{}: {}\n", what_, numbers);
    }
    std::fflush(out_);
}

}  // namespace ravine::tools
