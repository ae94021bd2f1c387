#pragma once

namespace ravine::tools {

/// Counts the calls of `operator new` by any thread of the process while it lives. One at a time.
class AllocationCount {
  public:
    AllocationCount() noexcept;
    ~AllocationCount();
    AllocationCount(const AllocationCount&) = delete;
    AllocationCount& operator=(const AllocationCount&) = delete;

    long so_far() const noexcept;
};

}  // namespace ravine::tools
