#pragma once
#include <ravine/runtime/tensor.h>

#include <cstdint>
#include <span>

namespace ravine::tools {

/// How well a network does on some examples.
struct Score {
    double loss = 0;      ///< mean cross-entropy
    double accuracy = 0;  ///< the share of right answers
};

/// The gradient of the mean cross-entropy by the logits, a row for each label; both matrices on the host, perhaps the same
/// one. Softmax in double.
void loss_gradient(const Tensor& logits, std::span<const std::int32_t> labels, const Tensor& gradient);

/// Adds the losses of the rows, and the number of right answers.
void add_score(const Tensor& logits, std::span<const std::int32_t> labels, Score& total);

}  // namespace ravine::tools
