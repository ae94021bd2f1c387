#include "interrupted.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <exception>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ravine::testing {
namespace {

constexpr int threw = 1, could_not = 2;

[[noreturn]] void run_and_exit(const std::function<void()>& f) {
    try {
        f();
    } catch (const std::exception&) {
        ::_exit(threw);
    }
    ::_exit(0);
}

int wait_for(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

/// Lets the kernel answer for itself.
bool answer(const std::vector<int>& calls, int error) {
    std::vector<sock_filter> program = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const int call : calls) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace

int status_of_child(const std::function<void()>& f) {
    const pid_t child = ::fork();
    if (child == 0) run_and_exit(f);
    return wait_for(child);
}

bool kill_at(std::size_t at, const std::function<void()>& f) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(could_not);
        ::raise(SIGSTOP);
        run_and_exit(f);
    }
    int status = wait_for(child);
    for (std::size_t stop = 0; WIFSTOPPED(status); ++stop) {
        if (stop == at) {
            ::kill(child, SIGKILL);
            return WIFSIGNALED(wait_for(child));
        }
        ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
        status = wait_for(child);
    }
    return false;
}

bool can_trace() {
    return kill_at(0, [] {});
}

bool fails_with(const std::vector<int>& calls, int error, const std::function<void()>& f) {
    const int status = status_of_child([&] {
        if (!answer(calls, error)) ::_exit(could_not);
        f();
    });
    return WIFEXITED(status) && WEXITSTATUS(status) == threw;
}

}  // namespace ravine::testing
