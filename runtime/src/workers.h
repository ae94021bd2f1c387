#pragma once
#include <ravine/runtime/plan.h>

#include <optional>
#include <span>

namespace ravine::inline v0 {

/// Who does the work of one call: the context's executor, else threads of its own; the calling thread alone where the
/// tensors are small.
class Workers {
  public:
    Workers(std::span<const Tensor> tensors, const Context& context) {
        std::int64_t elements = 0;
        for (const Tensor& tensor : tensors) elements += tensor.numel();
        if (elements < Plan::serial_elements) executor_ = &serial_;
        else if (context.executor != nullptr) executor_ = context.executor;
        else executor_ = &own_.emplace();
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    Executor& executor() noexcept { return *executor_; }

  private:
    SerialExecutor serial_;
    std::optional<ThreadExecutor> own_;
    Executor* executor_;
};

}  // namespace ravine::inline v0
