#pragma once
#include <ravine/runtime/context.h>
#include <ravine/runtime/tensor.h>
#include <ravine/swa/averaged_model.h>

#include <cstdint>
#include <optional>
#include <string>

namespace ravine::tools {

/// torch.nn.BatchNorm1d over the rows of a matrix, in place: what the network and swa::update_bn ask of one. All tensors lie on one
/// device; statistics have the dtype of the values.
class BatchNorm {
  public:
    BatchNorm(std::int64_t features, DType dtype, Device device, const Context& context);

    /// `<name>.running_mean`, `<name>.running_var`, `<name>.num_batches_tracked`: live tensors.
    swa::Buffers buffers(const std::string& name) const;
    /// Other tensors for the running statistics, in the order of `buffers`.
    void set_buffers(std::span<const swa::Buffer> buffers);

    void reset_running_stats();
    std::optional<double> momentum() const { return momentum_; }
    void set_momentum(std::optional<double> momentum) { momentum_ = momentum; }
    void train(bool on) { training_ = on; }

    /// In training mode by the statistics of these rows, at least 2, which the running ones take in; else by the running ones.
    void forward(const Tensor& values, const Tensor& weight, const Tensor& bias);
    /// After a `forward` in training mode with as many rows: `gradients` becomes that of its input.
    void backward(const Tensor& gradients, const Tensor& weight, const Tensor& weight_grad, const Tensor& bias_grad);

  private:
    static constexpr double eps = 1e-5;

    void reserve(std::int64_t rows);
    void centre(const Tensor& values, const Tensor& mean) const;
    void observe(const Tensor& values);
    void track(const Tensor& variance, double rows);
    /// Every row of `values` is multiplied by a vector.
    void scale_rows(const Tensor& values, const Tensor& by) const;
    void mean_of_rows(const Tensor& matrix, const Tensor& mean) const;
    Tensor rows_of_memory(const Tensor& memory, const Tensor& like) const;

    Context context_;
    std::optional<double> momentum_ = 0.1;
    bool training_ = true;
    Tensor running_mean_, running_var_, batches_;
    Tensor mean_, inverse_;        // of the last rows: 1 / sqrt(variance + eps)
    std::int64_t capacity_ = 0;
    Tensor normalised_, scratch_;  // a row for each of the values
    Tensor ones_;
};

}  // namespace ravine::tools
