#pragma once
#include <ravine/optim/parameter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace ravine::tools {

/// How well a network does on some examples.
struct Score {
    double loss = 0;  ///< mean cross-entropy
    double accuracy = 0;  ///< the share of right answers
};

/// Some rows of a row-major matrix, as a view of its memory.
Tensor rows_of(const Tensor& matrix, std::int64_t begin, std::int64_t count);

/// A multilayer perceptron with ReLU and cross-entropy: its shape, and the memory to run it. Everything happens on the
/// calling thread, in the dtype of the weights; softmax and sums in double.
class Mlp {
  public:
    /// `sizes`: features, hidden layers, classes.
    Mlp(std::vector<std::int64_t> sizes, DType dtype);

    /// Weights `layers.<i>.weight` (outputs, inputs) and `layers.<i>.bias` with gradients, uniform within
    /// 1 / sqrt(inputs) like torch's Linear.
    Parameters make_parameters(std::uint64_t seed) const;
    std::int64_t weights() const;

    /// Writes the gradients of the mean loss over a batch: `inputs` are rows of features in the network's dtype.
    void learn(const Parameters& parameters, const Tensor& inputs, std::span<const std::int32_t> labels);
    /// Of any number of rows.
    Score score(const Parameters& parameters, const Tensor& inputs, std::span<const std::int32_t> labels);

  private:
    std::size_t layers() const { return sizes_.size() - 1; }
    void reserve(std::int64_t rows);
    /// The first rows of a layer's outputs, or of their gradients.
    static Tensor matrix(const std::vector<Tensor>& memory, std::size_t layer, std::int64_t rows) { return rows_of(memory[layer], 0, rows); }
    void forward(const Parameters& parameters, const Tensor& inputs);
    void backward(const Parameters& parameters, const Tensor& inputs);

    std::vector<std::int64_t> sizes_;
    DType dtype_;
    std::int64_t capacity_ = 0;
    std::vector<Tensor> outputs_;
    std::vector<Tensor> gradients_;
};

}  // namespace ravine::tools
