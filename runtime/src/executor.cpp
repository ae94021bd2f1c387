#include <ravine/runtime/context.h>

#include "thread_sanitizer.h"

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <stdexcept>

namespace ravine::inline v0 {

namespace {

/// oneTBB prints a warning when an arena asks for more threads than the process may use.
int usable(int threads) {
    const auto limit = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
    return std::min(threads, static_cast<int>(limit));
}

}  // namespace

struct ThreadExecutor::Arena {
    explicit Arena(int threads)
        : arena(threads == 0 ? tbb::task_arena::automatic : usable(threads)),
          concurrency(threads == 0 ? arena.max_concurrency() : threads) {}
    tbb::task_arena arena;
    int concurrency;
};

ThreadExecutor::ThreadExecutor(int threads) {
    if (threads < 0) {
        throw std::invalid_argument(fmt::format("ThreadExecutor: threads must be >= 0, got {}", threads));
    }
    arena_ = std::make_unique<Arena>(threads);
}

ThreadExecutor::~ThreadExecutor() = default;

int ThreadExecutor::concurrency() const noexcept {
    return arena_->concurrency;
}

void ThreadExecutor::parallel_for(std::size_t tasks, function_ref<void(std::size_t)> task) {
    if (tasks == 1) return task(0);
    const auto run = [&](std::size_t i) {
        thread_sanitizer::task_begins();
        task(i);
        thread_sanitizer::task_ends();
    };
    thread_sanitizer::before_tasks();
    arena_->arena.execute([&] { tbb::parallel_for(std::size_t{0}, tasks, run, tbb::simple_partitioner{}); });
    thread_sanitizer::after_tasks();
}

}  // namespace ravine::inline v0
