#pragma once
#include "loss.h"

#include <ravine/optim/parameter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace ravine::tools {

/// Some rows of a row-major matrix, as a view of its memory.
Tensor rows_of(const Tensor& matrix, std::int64_t begin, std::int64_t count);

/// A multilayer perceptron with ReLU and cross-entropy: its shape, and the memory to run it. On the CPU everything happens on
/// the calling thread. Layers compute in the dtype of the weights; softmax in double.
class Mlp {
  public:
    /// `sizes`: features, hidden layers, classes. Parameters, gradients and what is between the layers lie on `device`.
    Mlp(std::vector<std::int64_t> sizes, DType dtype, Device device, const Context& context);

    /// Weights `layers.<i>.weight` (outputs, inputs) and `layers.<i>.bias` with gradients, uniform within
    /// 1 / sqrt(inputs) like torch's Linear.
    Parameters make_parameters(std::uint64_t seed) const;
    std::int64_t weights() const;
    Device device() const { return device_; }

    /// Writes the gradients of the mean loss over a batch: `inputs` are rows of features in the network's dtype, on the host.
    void learn(const Parameters& parameters, const Tensor& inputs, std::span<const std::int32_t> labels);
    /// Of any number of rows.
    Score score(const Parameters& parameters, const Tensor& inputs, std::span<const std::int32_t> labels);

  private:
    std::size_t layers() const { return sizes_.size() - 1; }
    bool on_host() const { return device_.type == DeviceType::cpu; }
    /// The tensor itself if it is there already.
    Tensor on_device(const Tensor& tensor) const { return on_host() ? tensor : tensor.to(device_, context_); }
    void reserve(std::int64_t rows);
    /// The first rows of a layer's outputs, or of their gradients.
    static Tensor matrix(const std::vector<Tensor>& memory, std::size_t layer, std::int64_t rows) { return rows_of(memory[layer], 0, rows); }
    /// The last layer's outputs, on the host.
    Tensor logits(std::int64_t rows) const;
    void forward(const Parameters& parameters, const Tensor& inputs);
    void backward(const Parameters& parameters, const Tensor& inputs);

    std::vector<std::int64_t> sizes_;
    DType dtype_;
    Device device_;
    Context context_;
    std::int64_t capacity_ = 0;
    std::vector<Tensor> outputs_;
    std::vector<Tensor> gradients_;
    Tensor ones_;  // one for each row
};

}  // namespace ravine::tools
