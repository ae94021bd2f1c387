#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace ravine::inline v0 {

/// Rounding to nearest and denormals kept while it lives: worker threads inherit nothing, and a host may have set another
/// mode on the calling one.
class DefaultFloatingPoint {
  public:
#if defined(__x86_64__)
    DefaultFloatingPoint() noexcept : mode_(_mm_getcsr()) {
        if ((mode_ & control) != standard) _mm_setcsr((mode_ & ~control) | standard);
    }
    ~DefaultFloatingPoint() {
        if ((mode_ & control) != standard) _mm_setcsr(mode_);
    }

  private:
    static constexpr unsigned control = 0xffc0;   // everything but the sticky exception flags
    static constexpr unsigned standard = 0x1f80;  // all exceptions masked
    unsigned mode_;
#else
    DefaultFloatingPoint() noexcept {}
#endif
    DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
    DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;
};

}  // namespace ravine::inline v0
