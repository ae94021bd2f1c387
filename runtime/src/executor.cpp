#include <ravine/runtime/context.h>

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <stdexcept>

namespace ravine::inline v0 {

struct ThreadExecutor::Arena {
    explicit Arena(int threads) : arena(threads == 0 ? tbb::task_arena::automatic : threads) {}
    tbb::task_arena arena;
};

ThreadExecutor::ThreadExecutor(int threads) {
    if (threads < 0) {
        throw std::invalid_argument(fmt::format("ThreadExecutor: threads must be >= 0, got {}", threads));
    }
    arena_ = std::make_unique<Arena>(threads);
}

ThreadExecutor::~ThreadExecutor() = default;

int ThreadExecutor::concurrency() const noexcept {
    return arena_->arena.max_concurrency();
}

void ThreadExecutor::parallel_for(std::size_t tasks, function_ref<void(std::size_t)> task) {
    if (tasks == 1) return task(0);
    arena_->arena.execute([&] {
        tbb::parallel_for(std::size_t{0}, tasks, [&](std::size_t i) { task(i); }, tbb::simple_partitioner{});
    });
}

}  // namespace ravine::inline v0
