#pragma once
// oneTBB is not instrumented: the thread sanitizer does not see that a task begins after the call that spawns it, and ends
// before that call returns. This says so. It orders tasks with their callers, not with one another.

#if defined(__SANITIZE_THREAD__)
#define RAVINE_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RAVINE_THREAD_SANITIZER
#endif
#endif

#if defined(RAVINE_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
#endif

namespace ravine::inline v0::thread_sanitizer {

#if defined(RAVINE_THREAD_SANITIZER)
// Only their addresses count. Objects of a call would do for it, but a task would have to read where they are first.
inline char spawned, done;
inline void before_tasks() noexcept { __tsan_release(&spawned); }
inline void task_begins() noexcept { __tsan_acquire(&spawned); }
inline void task_ends() noexcept { __tsan_release(&done); }
inline void after_tasks() noexcept { __tsan_acquire(&done); }
#else
inline void before_tasks() noexcept {}
inline void task_begins() noexcept {}
inline void task_ends() noexcept {}
inline void after_tasks() noexcept {}
#endif

}  // namespace ravine::inline v0::thread_sanitizer
