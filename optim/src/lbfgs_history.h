#pragma once
#include "lbfgs_number.h"

#include <ravine/runtime/tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ravine::inline v0::optim {

/// The steps `s` between points and the changes `y` of the gradient along them, oldest first: what stands for the inverse of
/// the Hessian. Tensors are flat vectors, shared with whoever copies the history; none is written after it was pushed.
class LBFGSHistory {
  public:
    struct Pair {
        Tensor y, s;
        Number ro;  ///< 1 / (y . s)
    };
    /// The factors of the last recursion, newest pair first to be set: torch keeps them.
    using Alphas = std::vector<std::optional<Number>>;

    const std::vector<Pair>& pairs() const noexcept { return pairs_; }
    /// The integer 1 until there is a pair.
    Number diagonal() const noexcept { return diagonal_; }

    /// What a file says.
    LBFGSHistory(std::vector<Pair> pairs, Number diagonal) : pairs_(std::move(pairs)), diagonal_(diagonal) {}
    LBFGSHistory() = default;

    /// Takes a pair in and drops the oldest if there are `most` already; passes over one with too little curvature.
    void push(Tensor y, Tensor s, std::int64_t most, const Context& context);
    /// -H * gradient. Sets `alphas`, which grow if need be.
    Tensor direction(const Tensor& gradient, Alphas& alphas, const Context& context) const;

  private:
    std::vector<Pair> pairs_;
    Number diagonal_ = 1;
};

/// a . b, in their dtype.
Number dot(const Tensor& a, const Tensor& b, const Context& context);
/// The vector with the other sign.
Tensor negative(const Tensor& vector, const Context& context);

}  // namespace ravine::inline v0::optim
