#pragma once
#include "options_body.h"

namespace ravine::inline v0::sched {

/// `done / whole` as doubles.
inline double part(std::int64_t done, std::int64_t whole) { return static_cast<double>(done) / static_cast<double>(whole); }

/// The factor of a warm-up after `epoch` of `iters` epochs; at negative ones that at its start.
inline double warmup(double start_factor, std::int64_t epoch, std::int64_t iters) {
    return start_factor + (1 - start_factor) * part(epoch < 0 ? 0 : epoch, iters);
}

inline std::string start_factor_complaint(double start_factor) {
    return must(start_factor >= 0 && start_factor <= 1, "start_factor must be from 0 to 1", start_factor);
}

}  // namespace ravine::inline v0::sched
