#include "lbfgs_history.h"

#include <ravine/runtime/foreach.h>
#include <ravine/runtime/linalg.h>

namespace ravine::inline v0::optim {
namespace {

constexpr double least_curvature = 1e-10;

/// self + alpha * other, in place.
void add(const Tensor& self, const Tensor& other, Number alpha, const Context& context) {
    foreach::add_(std::span(&self, 1), std::span(&other, 1), alpha.value(), context);
}

}  // namespace

Number dot(const Tensor& a, const Tensor& b, const Context& context) { return {linalg::dot(a, b, context), a.dtype()}; }

Tensor negative(const Tensor& vector, const Context& context) { return foreach::neg(std::span(&vector, 1), context)[0]; }

void LBFGSHistory::push(Tensor y, Tensor s, std::int64_t most, const Context& context) {
    const Number curvature = dot(y, s, context);
    if (!(curvature > least_curvature)) return;
    diagonal_ = curvature / dot(y, y, context);
    while (static_cast<std::int64_t>(pairs_.size()) >= most) pairs_.erase(pairs_.begin());
    pairs_.push_back({std::move(y), std::move(s), 1 / curvature});
}

Tensor LBFGSHistory::direction(const Tensor& gradient, Alphas& alphas, const Context& context) const {
    if (alphas.size() < pairs_.size()) alphas.resize(pairs_.size());
    Tensor q = negative(gradient, context);
    for (std::size_t i = pairs_.size(); i-- > 0;) {
        const Number alpha = dot(pairs_[i].s, q, context) * pairs_[i].ro;
        alphas[i] = alpha;
        add(q, pairs_[i].y, -alpha, context);
    }
    foreach::mul_(std::span(&q, 1), diagonal_.value(), context);
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const Number beta = dot(pairs_[i].y, q, context) * pairs_[i].ro;
        add(q, pairs_[i].s, *alphas[i] - beta, context);
    }
    return q;
}

}  // namespace ravine::inline v0::optim
