#pragma once
#include "batch_norm.h"
#include "layer.h"
#include "loss.h"

#include <ravine/optim/parameter.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ravine::tools {

/// A multilayer perceptron with ReLU and cross-entropy, perhaps with a batch norm before each ReLU: its shape, and the memory to run it. On the CPU everything happens on
/// the calling thread. Layers compute in the dtype of the weights; softmax in double.
class Mlp {
  public:
    /// `sizes`: features, hidden layers, classes. Parameters, gradients and what is between the layers lie on `device`.
    Mlp(std::vector<std::int64_t> sizes, bool has_norms, DType dtype, Device device, const Context& context);

    /// Weights `layers.<i>.weight` (outputs, inputs) and `layers.<i>.bias` with gradients, uniform within
    /// 1 / sqrt(inputs) like torch's Linear; then `norms.<i>.weight`, ones, and `norms.<i>.bias`, zeros, of each norm.
    Parameters make_parameters(std::uint64_t seed) const;
    /// The norms' statistics, `norms.<i>.running_mean` and so on: live tensors.
    swa::Buffers buffers() const;
    /// Keeps statistics in these tensors from now on.
    void set_buffers(const swa::Buffers& buffers);
    std::vector<BatchNorm>& norm_layers() { return norms_; }
    std::int64_t weights() const;
    Device device() const { return device_; }

    /// Writes the gradients of the mean loss over a batch: `inputs` are rows of features in the network's dtype, on the host. Norms see the
    /// statistics of these rows, at least 2.
    void learn(const Parameters& parameters, const Tensor& inputs, std::span<const std::int32_t> labels);
    /// Runs rows, up to the last layer's outputs, which stay here. Norms do as in `learn` or use what they know.
    void run(const Parameters& parameters, const Tensor& inputs, bool training);
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

    /// Parameter 0 or 1 of a layer or of the norm after it.
    static const Parameter& of_layer(const Parameters& parameters, std::size_t layer, std::size_t which) { return parameters[2 * layer + which]; }
    const Parameter& of_norm(const Parameters& parameters, std::size_t layer, std::size_t which) const {
        return parameters[2 * (layers() + layer) + which];
    }
    void add_parameters(Parameters& parameters, const std::string& name, const Tensor& weight, const Tensor& bias) const;

    std::vector<std::int64_t> sizes_;
    DType dtype_;
    Device device_;
    Context context_;
    std::int64_t capacity_ = 0;
    std::vector<Tensor> outputs_;
    std::vector<Tensor> gradients_;
    Tensor ones_;  // one for each row
    std::vector<BatchNorm> norms_;
};

}  // namespace ravine::tools
