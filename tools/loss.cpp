#include "loss.h"

#include "elements.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ravine::tools {
namespace {

std::size_t columns_of(const Tensor& matrix) { return static_cast<std::size_t>(matrix.shape()[1]); }

/// A row of logits as probabilities; answers log(sum(exp(logit - largest))) + largest.
double softmax(std::span<double> row) {
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (double& value : row) sum += std::exp(value - largest);
    const double log_sum = largest + std::log(sum);
    for (double& value : row) value = std::exp(value - log_sum);
    return log_sum;
}

}  // namespace

void loss_gradient(const Tensor& logits, std::span<const std::int32_t> labels, const Tensor& gradient) {
    with_type(logits.dtype(), [&](auto zero) {
        using T = decltype(zero);
        const auto from = logits.span<const T>();
        const auto to = gradient.span<T>();
        std::vector<double> row(columns_of(logits));
        for (std::size_t r = 0; r < labels.size(); ++r) {
            const std::size_t begin = r * row.size();
            for (std::size_t c = 0; c < row.size(); ++c) row[c] = to_double(from[begin + c]);
            softmax(row);
            row[static_cast<std::size_t>(labels[r])] -= 1;
            for (std::size_t c = 0; c < row.size(); ++c) to[begin + c] = from_double<T>(row[c] / static_cast<double>(labels.size()));
        }
    });
}

void add_score(const Tensor& logits, std::span<const std::int32_t> labels, Score& total) {
    with_type(logits.dtype(), [&](auto zero) {
        const auto from = logits.span<const decltype(zero)>();
        std::vector<double> row(columns_of(logits));
        for (std::size_t r = 0; r < labels.size(); ++r) {
            for (std::size_t c = 0; c < row.size(); ++c) row[c] = to_double(from[r * row.size() + c]);
            const auto label = static_cast<std::size_t>(labels[r]);
            const double logit = row[label];
            const auto answer = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
            total.accuracy += answer == label && !std::isnan(logit);
            total.loss += softmax(row) - logit;
        }
    });
}

}  // namespace ravine::tools
