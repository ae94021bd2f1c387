#pragma once
#include <ravine/optim/parameter.h>

#include <span>

namespace ravine::inline v0::optim {

/// Scales gradients together so that the norm of all their elements is at most `max_norm`: torch.nn.utils.clip_grad_norm_.
///
/// The norm is that of the tensors' norms (foreach::norm: the same bits for any number of threads); its order `norm_type`
/// is 1, 2 or infinity; of complex gradients only 2. Every gradient is multiplied by min(1, max_norm / (norm + 1e-6)), computed in double, in place.
/// Returns the norm before clipping as a 0-d float32 tensor (float64 if a gradient is) on the host, 0 without gradients. A norm
/// that is not finite makes the gradients not finite too, as in torch. Gradients on a device are summed and scaled there, with the CPU's
/// bits; the host waits once for each device, for the norm, not for the scaling. std::invalid_argument: another order, a max_norm that is
/// negative or NaN, a read-only gradient; nothing is changed then.
RAVINE_API Tensor clip_grad_norm_(std::span<const Tensor> gradients, double max_norm, double norm_type = 2,
                                  const Context& context = {});
/// The gradients of these parameters; absent ones are passed over.
RAVINE_API Tensor clip_grad_norm_(const Parameters& parameters, double max_norm, double norm_type = 2,
                                  const Context& context = {});

/// Holds every element of the gradients within [-clip_value, clip_value], in place: torch.nn.utils.clip_grad_value_. NaN stays NaN. Does not wait
/// for a device. std::invalid_argument: a clip_value that is negative or NaN, a read-only or complex gradient; nothing is changed then.
RAVINE_API void clip_grad_value_(std::span<const Tensor> gradients, double clip_value, const Context& context = {});
/// The gradients of these parameters; absent ones are passed over, sparse ones refused.
RAVINE_API void clip_grad_value_(const Parameters& parameters, double clip_value, const Context& context = {});

}  // namespace ravine::inline v0::optim
