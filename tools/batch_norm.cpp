#include "batch_norm.h"

#include "layer.h"

#include <ravine/runtime/foreach.h>

namespace ravine::tools {
namespace {

foreach::TensorList only(const Tensor& tensor) { return {&tensor, 1}; }

void set_all(const Tensor& tensor, double value, const Context& context) {
    foreach::zero_(only(tensor), context);
    foreach::add_(only(tensor), value, context);
}

}  // namespace

BatchNorm::BatchNorm(std::int64_t features, DType dtype, Device device, const Context& context)
    : context_(context), running_mean_(empty({features}, dtype, device, context)), running_var_(empty({features}, dtype, device, context)),
      batches_(zeros({}, DType::i64)), mean_(empty({features}, dtype, device, context)), inverse_(empty({features}, dtype, device, context)) {
    reset_running_stats();
}

swa::Buffers BatchNorm::buffers(const std::string& name) const {
    return {{name + ".running_mean", running_mean_}, {name + ".running_var", running_var_}, {name + ".num_batches_tracked", batches_}};
}

void BatchNorm::set_buffers(std::span<const swa::Buffer> buffers) {
    running_mean_ = buffers[0].data;
    running_var_ = buffers[1].data;
    batches_ = buffers[2].data;
}

void BatchNorm::reset_running_stats() {
    set_all(running_mean_, 0, context_);
    set_all(running_var_, 1, context_);
    batches_.span<std::int64_t>()[0] = 0;
}

void BatchNorm::reserve(std::int64_t rows) {
    if (rows <= capacity_) return;
    const Device device = running_mean_.device();
    for (Tensor* memory : {&normalised_, &scratch_}) *memory = empty({rows, running_mean_.numel()}, running_mean_.dtype(), device, context_);
    ones_ = empty({rows, 1}, running_mean_.dtype(), device, context_);
    set_all(ones_, 1, context_);
    capacity_ = rows;
}

Tensor BatchNorm::rows_of_memory(const Tensor& memory, const Tensor& like) const { return rows_of(memory, 0, like.shape()[0]); }

void BatchNorm::scale_rows(const Tensor& values, const Tensor& by) const {
    const Tensor factors = rows_of_memory(scratch_, values);
    fill_rows(factors, by, context_);
    foreach::mul_(only(values), only(factors), context_);
}

void BatchNorm::mean_of_rows(const Tensor& matrix, const Tensor& mean) const {
    column_sums(matrix, rows_of_memory(ones_, matrix), mean, context_);
    foreach::mul_(only(mean), 1 / static_cast<double>(matrix.shape()[0]), context_);
}

void BatchNorm::centre(const Tensor& values, const Tensor& mean) const {
    const Tensor means = rows_of_memory(scratch_, values);
    fill_rows(means, mean, context_);
    foreach::sub_(only(values), only(means), context_);
}

void BatchNorm::track(const Tensor& variance, double rows) {
    const auto batches = static_cast<double>(++batches_.span<std::int64_t>()[0]);
    const double share = momentum_.value_or(1 / batches);
    foreach::mul_(only(running_mean_), 1 - share, context_);
    foreach::add_(only(running_mean_), only(mean_), share, context_);
    foreach::mul_(only(running_var_), 1 - share, context_);
    foreach::add_(only(running_var_), only(variance), share * rows / (rows - 1), context_);
}

/// Centres the rows, and takes their statistics.
void BatchNorm::observe(const Tensor& values) {
    mean_of_rows(values, mean_);
    centre(values, mean_);
    const Tensor squares = rows_of_memory(scratch_, values);
    squares.copy_(values, context_);
    foreach::mul_(only(squares), only(values), context_);
    mean_of_rows(squares, inverse_);
    track(inverse_, static_cast<double>(values.shape()[0]));
}

void BatchNorm::forward(const Tensor& values, const Tensor& weight, const Tensor& bias) {
    reserve(values.shape()[0]);
    if (training_) {
        observe(values);
    } else {
        centre(values, running_mean_);
        inverse_.copy_(running_var_, context_);
    }
    foreach::add_(only(inverse_), eps, context_);
    foreach::rsqrt_(only(inverse_), context_);
    scale_rows(values, inverse_);
    if (training_) rows_of_memory(normalised_, values).copy_(values, context_);
    scale_rows(values, weight);
    const Tensor biases = rows_of_memory(scratch_, values);
    fill_rows(biases, bias, context_);
    foreach::add_(only(values), only(biases), context_);
}

/// The input's gradient is weight * inverse * (g - mean(g) - normalised * mean(g * normalised)).
void BatchNorm::backward(const Tensor& gradients, const Tensor& weight, const Tensor& weight_grad, const Tensor& bias_grad) {
    const Tensor ones = rows_of_memory(ones_, gradients), normalised = rows_of_memory(normalised_, gradients), scratch = rows_of_memory(scratch_, gradients);
    const double share = 1 / static_cast<double>(gradients.shape()[0]);
    column_sums(gradients, ones, bias_grad, context_);
    scratch.copy_(gradients, context_);
    foreach::mul_(only(scratch), only(normalised), context_);
    column_sums(scratch, ones, weight_grad, context_);
    fill_rows(scratch, weight_grad, context_);
    foreach::mul_(only(scratch), only(normalised), context_);
    foreach::sub_(only(gradients), only(scratch), share, context_);
    fill_rows(scratch, bias_grad, context_);
    foreach::sub_(only(gradients), only(scratch), share, context_);
    scale_rows(gradients, weight);
    scale_rows(gradients, inverse_);
}

}  // namespace ravine::tools
