#include "../complaints.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace ravine::testing {
namespace {

void check_every_task_once(Executor& executor) {
    for (const std::size_t tasks : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{1000}}) {
        std::vector<std::atomic<int>> calls(tasks);
        executor.parallel_for(tasks, [&](std::size_t i) { calls[i].fetch_add(1); });
        for (const auto& count : calls) CHECK(count.load() == 1);
    }
}

}  // namespace

TEST_CASE("executors call every task once") {
    SerialExecutor serial;
    ThreadExecutor automatic, one(1), two(2), many(7);
    for (Executor* executor : std::initializer_list<Executor*>{&serial, &automatic, &one, &two, &many}) check_every_task_once(*executor);
}

TEST_CASE("the serial executor stays on the calling thread and in order") {
    SerialExecutor serial;
    std::vector<std::size_t> order;
    const std::thread::id caller = std::this_thread::get_id();
    serial.parallel_for(5, [&](std::size_t i) {
        CHECK((std::this_thread::get_id() == caller));
        order.push_back(i);
    });
    CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4});
    CHECK(serial.concurrency() == 1);
}

TEST_CASE("an executor has the threads that it was asked for, at least one") {
    CHECK(ThreadExecutor(3).concurrency() == 3);
    CHECK(ThreadExecutor().concurrency() >= 1);
    CHECK(contains(message_of<std::invalid_argument>([] { ThreadExecutor negative(-1); }), "ThreadExecutor: threads must be >= 0, got -1"));
}

TEST_CASE("two executors work at the same time from two threads") {
    std::atomic<int> sum = 0;
    const auto work = [&] {
        ThreadExecutor executor(2);
        for (int round = 0; round < 50; ++round) executor.parallel_for(8, [&](std::size_t) { sum.fetch_add(1); });
    };
    std::thread other(work);
    work();
    other.join();
    CHECK(sum.load() == 2 * 50 * 8);
}

}  // namespace ravine::testing
