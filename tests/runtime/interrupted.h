#pragma once
// Calls in a child process that is interrupted: at a system call, or by one that fails.

#include <cstddef>
#include <functional>
#include <vector>

namespace ravine::testing {

/// How a child ended, as `waitpid` says, that runs `f`: exit status 0, or 1 if it threw.
int status_of_child(const std::function<void()>& f);

/// Runs `f` in a child that is killed at the moment number `at`: the start, then before and after each of its system calls. False if it
/// ended before. The child is traced: `can_trace` says whether that is allowed here.
bool kill_at(std::size_t at, const std::function<void()>& f);
bool can_trace();

/// Whether `f` throws in a child whose kernel answers `error` to those system calls.
bool fails_with(const std::vector<int>& calls, int error, const std::function<void()>& f);

}  // namespace ravine::testing
