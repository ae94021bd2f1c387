#pragma once
#include <ravine/kernels/isa.h>
#include <ravine/runtime/device.h>
#include <ravine/runtime/export.h>
#include <ravine/runtime/function_ref.h>

#include <cstddef>
#include <memory>
#include <string_view>

struct CUstream_st;  // what a cudaStream_t points to

namespace ravine::inline v0::optim {
class StepHooks;  // optim/hooks.h; nothing below the optimizers looks into it
}  // namespace ravine::inline v0::optim

namespace ravine::inline v0 {

/// Runs independent tasks. A host may bring its own; it is called by one thread at a time.
class RAVINE_API Executor {
  public:
    virtual ~Executor();
    /// How many tasks can run at the same time, at least 1.
    virtual int concurrency() const noexcept = 0;
    /// Calls `task(i)` once for each i below `tasks`, in any order and on any threads, and returns when all are done.
    /// Tasks do not throw.
    virtual void parallel_for(std::size_t tasks, function_ref<void(std::size_t)> task) = 0;
};

/// Everything on the calling thread, in order.
class RAVINE_API SerialExecutor final : public Executor {
  public:
    int concurrency() const noexcept override { return 1; }
    void parallel_for(std::size_t tasks, function_ref<void(std::size_t)> task) override;
};

/// A oneTBB arena of its own. Threads come from oneTBB's pool and sleep between steps.
class RAVINE_API ThreadExecutor final : public Executor {
  public:
    /// `threads` includes the calling one; 0 means as many as the process may use. Negative: std::invalid_argument.
    explicit ThreadExecutor(int threads = 0);
    ~ThreadExecutor() override;
    int concurrency() const noexcept override;
    void parallel_for(std::size_t tasks, function_ref<void(std::size_t)> task) override;

  private:
    struct Arena;
    std::unique_ptr<Arena> arena_;
};

/// Where state and temporaries come from.
class RAVINE_API Allocator {
  public:
    virtual ~Allocator();
    /// At least `bytes` bytes on `device`, aligned to 64; throws std::bad_alloc when there are none.
    virtual void* allocate(std::size_t bytes, Device device) = 0;
    /// Takes back what `allocate` gave, with the same arguments.
    virtual void deallocate(void* memory, std::size_t bytes, Device device) noexcept = 0;
};

/// What a warning is about.
enum class LogCode { order_violation, epoch_deprecated, get_lr_outside_step, duplicate_parameter, not_finite, other };

/// Receives warnings. The library never prints.
class RAVINE_API LogSink {
  public:
    virtual ~LogSink();
    virtual void warn(LogCode code, std::string_view text) = 0;
};

/// What a host may replace: the last constructor argument of whatever owns memory or runs work. Null means ours: a oneTBB
/// arena of its own, aligned `new`, the default stream, silence, no hooks. What is given must outlive its users.
struct Context {
    Executor* executor = nullptr;
    Allocator* allocator = nullptr;
    CUstream_st* stream = nullptr;
    LogSink* log = nullptr;
    optim::StepHooks* step_hooks = nullptr;  ///< called around every step of an optimizer with this context
};

/// The best instruction set that this CPU has. The environment variable RAVINE_ISA (scalar, avx2, avx512 or best) chooses
/// another one; std::runtime_error if the CPU lacks it, std::invalid_argument if there is no such name.
RAVINE_API Isa default_isa();
/// Whether this CPU can run kernels of that set.
RAVINE_API bool is_available(Isa isa) noexcept;
/// "scalar", "avx2", "avx512".
RAVINE_API std::string_view name(Isa isa) noexcept;
/// From its name; "best" is the best available one. Errors as for `default_isa`.
RAVINE_API Isa isa_from_name(std::string_view name);

}  // namespace ravine::inline v0
