#pragma once
// The scalars of an update, made where the update runs: for steps that a device counts itself, because nobody on the host
// knows whether one was skipped, or because a graph replays them.

#include <ravine/kernels/chunk.h>
#include <ravine/kernels/powers.h>
#include <ravine/kernels/scalar.h>

struct CUstream_st;  // what a cudaStream_t points to

namespace ravine::inline v0::kernels {

/// What the host knows of such a step.
struct StepRequest {
    alignas(8) unsigned char hyper[96];     ///< the rule's Hyper
    alignas(16) unsigned char switches[16];  ///< the rule's Switches, those of a first step
};

/// What the update reads.
struct StepScalars {
    double terms[max_terms];
    alignas(16) unsigned char switches[16];
};

/// Everything that the making of the scalars is handed. All pointers point into device memory.
struct ScalarsLaunch {
    StepRequest request;
    const unsigned char* hyper;  ///< null, or what replaces request.hyper
    const float* found_inf;      ///< null, or: unless 0, the step does not count
    double* count;               ///< finished steps: one more afterwards; behind it the numbers that the rule carries on
    StepScalars* out;
};

/// Starts the making of the scalars on a stream and returns the driver's error code, 0 if there is none.
using ScalarsKernel = int(const ScalarsLaunch& launch, CUstream_st* stream) noexcept;

/// Powers of a number in [0, 1] to a whole exponent, by squaring in twice the precision: rounded correctly but in one of
/// some million cases, on every machine alike. The C library's pow is off by an ulp in about one of a hundred; other powers
/// are left to it.
struct StepPower {
    using arithmetic = scalar<double>;
    struct Pair {
        double high, low;
    };
    RAVINE_HD static Pair product(Pair a, Pair b) {
        const double high = a.high * b.high;
        double low = arithmetic::fma(a.high, b.high, -high);
        low = arithmetic::fma(a.high, b.low, low);
        low = arithmetic::fma(a.low, b.high, low);
        const double sum = high + low;
        return {sum, low - (sum - high)};
    }
    RAVINE_HD double operator()(double base, double exponent) const {
        const bool is_known = exponent >= 0 && exponent <= 0x1p53 && base >= 0 && base <= 1;  // false for NaN
        if (!is_known || exponent != static_cast<double>(static_cast<unsigned long long>(exponent))) return powers::power(base, exponent);
        Pair result{1, 0}, square{base, 0};
        for (auto n = static_cast<unsigned long long>(exponent); n != 0; n >>= 1) {
            if ((n & 1) != 0) result = product(result, square);
            square = product(square, square);
        }
        return result.high;
    }
    RAVINE_HD double root(double value) const { return arithmetic::sqrt(value); }
};

/// Counts a step and makes its scalars: the work of one thread.
template <class Rule> RAVINE_HD void make_scalars(const ScalarsLaunch& launch) {
    if (launch.found_inf != nullptr && *launch.found_inf != 0) return;
    const double step = *launch.count + 1;
    *launch.count = step;
    typename Rule::Hyper hyper;
    __builtin_memcpy(&hyper, launch.hyper != nullptr ? launch.hyper : launch.request.hyper, sizeof hyper);
    typename Rule::Switches switches;
    __builtin_memcpy(&switches, launch.request.switches, sizeof switches);
    if constexpr (requires { switches.first; }) switches.first = switches.first && step == 1;
    scalars_of<Rule> scalars;
    if constexpr (scalar_count<Rule> > 0) __builtin_memcpy(&scalars, launch.count + 1, sizeof scalars);
    const typename Rule::template Terms<double> terms = make_terms<Rule>(hyper, step, switches, scalars, StepPower());
    if constexpr (scalar_count<Rule> > 0) __builtin_memcpy(launch.count + 1, &scalars, sizeof scalars);
    __builtin_memcpy(launch.out->terms, &terms, sizeof terms);
    __builtin_memcpy(launch.out->switches, &switches, sizeof switches);
}

/// What makes the scalars of a family of rules on a device; defined where its kernels are.
template <class Family> struct scalars_kernel {
    static ScalarsKernel* const start;
};

}  // namespace ravine::inline v0::kernels
