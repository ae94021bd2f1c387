#pragma once
#include <cstdint>

namespace ravine::tools {

/// Random numbers that are the same on every machine (splitmix64), in streams that have nothing to do with each other.
class Generator {
  public:
    Generator(std::uint64_t seed, std::uint64_t stream) : state_(mixed(mixed(seed) + stream)) {}

    std::uint64_t next() { return mixed(state_ += 0x9e3779b97f4a7c15u); }
    /// From 0 to below 1, a multiple of 2^-53.
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
    /// From 0 to below `limit`.
    std::uint64_t below(std::uint64_t limit) { return next() % limit; }

  private:
    static std::uint64_t mixed(std::uint64_t x) {
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
        x = (x ^ x >> 27) * 0x94d049bb133111ebu;
        return x ^ x >> 31;
    }

    std::uint64_t state_;
};

}  // namespace ravine::tools
