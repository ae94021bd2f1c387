#include "files.h"
#include "interrupted.h"

#include <cerrno>
#include <csignal>
#include <vector>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace ravine::testing {

/// Several calls of write in each format: tensors of their own and small ones between them.
const Value large_tree = Dict{{"a", zeros({100'000}, DType::f32)}, {"b", zeros({3}, DType::f64)}, {"c", zeros({70'000}, DType::f32)}, {"d", zeros({300}, DType::f16)}};
constexpr const char* saved_names[] = {"x.safetensors", "x.pt"};

/// A folder with an old file, over which a new one is to be saved.
struct Saving {
    explicit Saving(const char* name) : path(folder.path(name)) {
        save(large_tree, path);
        fresh = bytes_of(path);
        save(Dict{{"old", 1}}, path);
        old = bytes_of(path);
    }
    void save_new() const { save(large_tree, path); }
    /// As before any save, whatever a process left that could not clean up.
    void start_again() const {
        for (const auto& entry : std::filesystem::directory_iterator(folder.path(""))) std::filesystem::remove(entry.path());
        put_bytes(path, old);
    }
    bool is_untouched() const { return bytes_of(path) == old && folder.size() == 1; }

    TemporaryFolder folder;
    std::string path, old, fresh;
};

TEST_CASE("a process that is killed at any system call of a save leaves the old file or the new one, whole") {
    if (!can_trace()) {
        MESSAGE("no process may trace another one here: not tried");
        return;
    }
    for (const char* name : saved_names) {
        const Saving saving(name);
        CAPTURE(name);
        std::size_t before = 0, after = 0;
        while (kill_at(before + after, [&] { saving.save_new(); })) {
            const std::string left = bytes_of(saving.path);
            REQUIRE((left == saving.old || left == saving.fresh));
            ++(left == saving.old ? before : after);
            saving.start_again();
        }
        CHECK(bytes_of(saving.path) == saving.fresh);
        CHECK(before > 10);
        CHECK(after > 1);
    }
}

TEST_CASE("a process that is killed by a write over any limit leaves the old file whole") {
    for (const char* name : saved_names) {
        const Saving saving(name);
        CAPTURE(name);
        for (rlim_t limit = 0; limit < saving.fresh.size(); limit += 50'000) {
            const int status = status_of_child([&] {
                const rlimit most = {limit, limit}, no_core = {0, 0};
                ::setrlimit(RLIMIT_CORE, &no_core);
                ::setrlimit(RLIMIT_FSIZE, &most);
                saving.save_new();
            });
            CHECK(WIFSIGNALED(status));
            CHECK(bytes_of(saving.path) == saving.old);
            saving.start_again();
        }
    }
}

TEST_CASE("a disk that is full at any byte leaves the old file whole and nothing else") {
    for (const char* name : saved_names) {
        const Saving saving(name);
        CAPTURE(name);
        std::vector<rlim_t> limits = {1, 100, saving.fresh.size() - 1};
        for (rlim_t limit = 0; limit < saving.fresh.size(); limit += 50'000) limits.push_back(limit);
        for (const rlim_t limit : limits) {
            const int status = status_of_child([&] {
                ::signal(SIGXFSZ, SIG_IGN);
                const rlimit most = {limit, limit};
                ::setrlimit(RLIMIT_FSIZE, &most);
                saving.save_new();
            });
            CHECK(WIFEXITED(status));
            CHECK(WEXITSTATUS(status) == 1);
            CHECK(saving.is_untouched());
        }
    }
}

TEST_CASE("a system call that fails leaves the old file whole and nothing else") {
    std::vector<int> renames = {SYS_renameat2};
#ifdef SYS_rename
    renames.push_back(SYS_rename);
#endif
#ifdef SYS_renameat
    renames.push_back(SYS_renameat);
#endif
    struct Failure {
        std::vector<int> calls;
        int error;
    };
    const Failure failures[] = {{{SYS_write}, ENOSPC}, {{SYS_write}, EDQUOT}, {{SYS_write}, EIO}, {{SYS_fsync}, EIO}, {{SYS_fsync}, ENOSPC}, {{SYS_close}, EIO},
                                {{SYS_fchmod}, EPERM}, {renames, EIO},        {renames, EXDEV},   {{SYS_openat}, EMFILE}, {{SYS_openat}, EROFS}};
    for (const char* name : saved_names) {
        const Saving saving(name);
        CAPTURE(name);
        for (const Failure& failure : failures) {
            CAPTURE(failure.calls[0]);
            CAPTURE(failure.error);
            CHECK(fails_with(failure.calls, failure.error, [&] { saving.save_new(); }));
            CHECK(saving.is_untouched());
        }
    }
}

}  // namespace ravine::testing
