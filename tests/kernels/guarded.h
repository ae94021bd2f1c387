#pragma once
#include "formats.h"

#include <cstring>

namespace ravine::testing {

/// A buffer at a chosen distance from an aligned address, between elements that nobody may touch.
template <class T> class Guarded {
  public:
    Guarded(const std::vector<T>& values, std::size_t misalignment) : memory_(values.size() + 2 * guard + misalignment, sentinel()), first_(guard + misalignment), count_(values.size()) {
        std::copy(values.begin(), values.end(), data());
    }
    T* data() { return memory_.data() + first_; }
    const T* data() const { return memory_.data() + first_; }

    bool guards_survive() const {
        for (std::size_t i = 0; i < memory_.size(); ++i) {
            const bool inside = i >= first_ && i < first_ + count_;
            if (!inside && bits_of(memory_[i]) != bits_of(sentinel())) return false;
        }
        return true;
    }
    bool holds(const std::vector<T>& values) const { return count_ == 0 || std::memcmp(data(), values.data(), count_ * sizeof(T)) == 0; }

  private:
    static constexpr std::size_t guard = 40;
    static T sentinel() { return from_bits<T>(static_cast<Bits<T>>(0x5a5a5a5a5a5a5a5a)); }
    std::vector<T> memory_;
    std::size_t first_, count_;
};

}  // namespace ravine::testing
