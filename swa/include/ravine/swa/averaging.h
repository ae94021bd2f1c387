#pragma once
#include <ravine/runtime/tensor.h>

#include <cstdint>
#include <functional>
#include <span>

/// How an average takes in another model: the functions of torch.optim.swa_utils, with torch's arithmetic, or your own.
///
/// p is an averaged tensor, q the model's, n how many models p is made of. Every form rounds each of its operations to the
/// dtype (16-bit tensors compute in float32); `decay`, 1 - decay and n + 1 are doubles, rounded to the type that computes. So
/// p + (q - p) / (n + 1) and lerp(p, q, 1 / (n + 1)) differ in last bits, and so do both forms of the exponential average. lerp is
/// that of `foreach::lerp`. Complex tensors are averaged like their parts (torch's complex lerp has no fused multiply-add).
///
/// Integers are computed in float32, but q - p in their own dtype, where it wraps around, and truncated: a counter that
/// grows by one stays behind, or where it is. What is beyond the range keeps its low bits in 8 and 16 bits, and becomes the nearest end of
/// the range in 32 and 64 (in torch: whatever the processor makes of it).
///
/// An AveragedModel recognises what the `get_` functions return and runs it over all tensors in one pass.
namespace ravine::inline v0::swa {

/// Returns the new average of one tensor, of the shape of `averaged`, on any device and in any dtype; for an integer average it
/// is truncated. Both tensors are on the average's device and in its dtype, and read-only.
using AvgFn = std::function<Tensor(const Tensor& averaged, const Tensor& current, std::int64_t n_averaged)>;

/// Averages into the first list, one pair for each tensor; `current` is read-only.
using MultiAvgFn = std::function<void(std::span<const Tensor> averaged, std::span<const Tensor> current, std::int64_t n_averaged)>;

/// The share of another model in an equal average made by lerp.
enum class EqualWeight {
    exact,          ///< 1 / (n + 1) in double
    torch_foreach,  ///< the same rounded to float32, also for float64 tensors: what torch gets from its counter, a tensor
};

/// Each checks what it is called with: std::invalid_argument for lists of other lengths, other shapes, devices or dtypes of
/// a pair (`current` may have another floating-point dtype: it is rounded to the average's first), read-only averages.
/// An AvgFn of these returns a new row-major tensor of the average's dtype.

/// p + (q - p) / (n + 1): the default of AveragedModel. Not for bool, uint16, uint32 and uint64: std::invalid_argument, as torch
/// has no difference of those.
RAVINE_API AvgFn get_swa_avg_fn();
/// lerp(p, q, 1 / (n + 1)). Not for integers, as in torch: std::invalid_argument.
RAVINE_API MultiAvgFn get_swa_multi_avg_fn(EqualWeight weight = EqualWeight::exact);
/// decay * p + (1 - decay) * q. std::invalid_argument unless 0 <= decay <= 1.
RAVINE_API AvgFn get_ema_avg_fn(double decay = 0.999);
/// lerp(p, q, 1 - decay); integers as by get_ema_avg_fn. std::invalid_argument unless 0 <= decay <= 1.
RAVINE_API MultiAvgFn get_ema_multi_avg_fn(double decay = 0.999);

}  // namespace ravine::inline v0::swa
