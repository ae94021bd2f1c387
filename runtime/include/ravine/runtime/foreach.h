#pragma once
#include <ravine/runtime/tensor.h>

#include <concepts>
#include <span>
#include <type_traits>
#include <vector>

/// The elementwise operations of torch._foreach_* over lists of tensors, under torch's names: `add_` writes the first
/// list, `add` leaves it and returns new tensors with its layouts.
///
/// A list may mix shapes, dtypes (float64, float32, bfloat16, float16) and layouts; what is combined, item by item, must
/// agree in shape and dtype. One call is one parallel region over all tensors. The bits are those of torch's CPU kernels
/// with correctly rounded roots and do not depend on the instruction set, the threads or the layout: float32 and float64
/// are rounded as each function says, 16-bit tensors compute in float32 and round once to nearest even. Scalars are
/// rounded to the computing type, and those that are added or compared to the tensor's dtype.
///
/// All checks come before the first write. std::invalid_argument: lists or scalar lists of other lengths, shapes or dtypes
/// that differ, a dtype that is not floating-point, an undefined or read-only tensor, a finite scalar that torch refuses
/// because it overflows the dtype. An output may be one of the inputs; memory that overlaps in any other way gives
/// unspecified values. An empty list is no error. The context gives the executor and the memory of results.
namespace ravine::inline v0::foreach {

using TensorList = std::span<const Tensor>;
using ScalarList = std::span<const double>;

/// One scalar for all tensors, or one for each.
class RAVINE_API Scalars {
  public:
    template <class Number>
        requires std::is_arithmetic_v<Number>
    Scalars(Number value) noexcept : value_(static_cast<double>(value)) {}
    template <class List>
        requires std::convertible_to<const List&, ScalarList>
    Scalars(const List& list) noexcept : list_(ScalarList(list)), is_list_(true) {}

    bool is_list() const noexcept { return is_list_; }
    std::size_t size() const noexcept { return list_.size(); }
    double operator[](std::size_t i) const noexcept { return is_list_ ? list_[i] : value_; }

  private:
    double value_ = 0;
    ScalarList list_;
    bool is_list_ = false;
};

/// What stands beside a list: one scalar, one scalar for each tensor, or one tensor for each tensor.
class RAVINE_API Operand {
  public:
    template <class Number>
        requires std::is_arithmetic_v<Number>
    Operand(Number value) noexcept : scalars_(value) {}
    template <class List>
        requires std::convertible_to<const List&, ScalarList>
    Operand(const List& list) noexcept : scalars_(list) {}
    template <class List>
        requires std::convertible_to<const List&, TensorList>
    Operand(const List& list) noexcept : scalars_(0), tensors_(TensorList(list)), has_tensors_(true) {}

    bool has_tensors() const noexcept { return has_tensors_; }
    TensorList tensors() const noexcept { return tensors_; }
    const Scalars& scalars() const noexcept { return scalars_; }

  private:
    Scalars scalars_;
    TensorList tensors_;
    bool has_tensors_ = false;
};

using Tensors = std::vector<Tensor>;

/// self + other, rounded once. A scalar is rounded to the dtype first and becomes infinity if it overflows.
RAVINE_API void add_(TensorList self, Operand other, const Context& context = {});
RAVINE_API Tensors add(TensorList self, Operand other, const Context& context = {});
/// self + alpha * other as a fused multiply-add. `alpha` must not overflow the dtype.
RAVINE_API void add_(TensorList self, TensorList other, Scalars alpha, const Context& context = {});
RAVINE_API Tensors add(TensorList self, TensorList other, Scalars alpha, const Context& context = {});

/// self - other, self - alpha * other: as `add`.
RAVINE_API void sub_(TensorList self, Operand other, const Context& context = {});
RAVINE_API Tensors sub(TensorList self, Operand other, const Context& context = {});
RAVINE_API void sub_(TensorList self, TensorList other, double alpha, const Context& context = {});
RAVINE_API Tensors sub(TensorList self, TensorList other, double alpha, const Context& context = {});

/// self * other. A scalar too large for the computing type becomes infinity.
RAVINE_API void mul_(TensorList self, Operand other, const Context& context = {});
RAVINE_API Tensors mul(TensorList self, Operand other, const Context& context = {});

/// self / other, a true division.
RAVINE_API void div_(TensorList self, Operand other, const Context& context = {});
RAVINE_API Tensors div(TensorList self, Operand other, const Context& context = {});

/// self + value * a * b as fma(value * a, b, self). `value` must not overflow the computing type.
RAVINE_API void addcmul_(TensorList self, TensorList a, TensorList b, Scalars value = 1, const Context& context = {});
RAVINE_API Tensors addcmul(TensorList self, TensorList a, TensorList b, Scalars value = 1, const Context& context = {});

/// self + (value * a) / b, three roundings. `value` must not overflow the computing type.
RAVINE_API void addcdiv_(TensorList self, TensorList a, TensorList b, Scalars value = 1, const Context& context = {});
RAVINE_API Tensors addcdiv(TensorList self, TensorList a, TensorList b, Scalars value = 1, const Context& context = {});

/// self moved towards `end` by the share `weight`: fma(w, end - self, self) where |w| < 0.5, else
/// fma(w - 1, end - self, end). A scalar weight must not overflow the computing type.
RAVINE_API void lerp_(TensorList self, TensorList end, Operand weight, const Context& context = {});
RAVINE_API Tensors lerp(TensorList self, TensorList end, Operand weight, const Context& context = {});

/// The larger (smaller) of both, NaN if one is NaN; torch's clamp_min (clamp_max) too. A scalar must not overflow the
/// dtype.
RAVINE_API void maximum_(TensorList self, Operand other, const Context& context = {});
RAVINE_API Tensors maximum(TensorList self, Operand other, const Context& context = {});
RAVINE_API void minimum_(TensorList self, Operand other, const Context& context = {});
RAVINE_API Tensors minimum(TensorList self, Operand other, const Context& context = {});

/// self held within [low, high], `high` if low > high; NaN if self or a bound is NaN. The bounds are both scalars, which
/// must not overflow the dtype, or both tensors.
RAVINE_API void clamp_(TensorList self, Operand low, Operand high, const Context& context = {});
RAVINE_API Tensors clamp(TensorList self, Operand low, Operand high, const Context& context = {});

/// Exact. `sign` is -1, 0 or 1, and 0 for NaN.
RAVINE_API void abs_(TensorList self, const Context& context = {});
RAVINE_API Tensors abs(TensorList self, const Context& context = {});
RAVINE_API void neg_(TensorList self, const Context& context = {});
RAVINE_API Tensors neg(TensorList self, const Context& context = {});
RAVINE_API void sign_(TensorList self, const Context& context = {});
RAVINE_API Tensors sign(TensorList self, const Context& context = {});

/// Correctly rounded.
RAVINE_API void sqrt_(TensorList self, const Context& context = {});
RAVINE_API Tensors sqrt(TensorList self, const Context& context = {});
/// 1 / sqrt(self), two roundings.
RAVINE_API void rsqrt_(TensorList self, const Context& context = {});
RAVINE_API Tensors rsqrt(TensorList self, const Context& context = {});
/// 1 / self.
RAVINE_API void reciprocal_(TensorList self, const Context& context = {});
RAVINE_API Tensors reciprocal(TensorList self, const Context& context = {});

/// self to the power `exponent`, a scalar one rounded to the dtype. As in torch, the scalars 2, 0.5, -0.5, -1 and (but in
/// float16) 3 and -2 are products, roots and reciprocals, rounded after each operation; all else is the C library's `pow`
/// in double, rounded to the computing type. There torch's vectorised float32 differs in the last place for one element in a hundred,
/// and the last bit of float64 is the C library's. A device has CUDA's `pow` in double, within two units of the last place of the
/// CPU's, not always its bits.
RAVINE_API void pow_(TensorList self, Operand exponent, const Context& context = {});
RAVINE_API Tensors pow(TensorList self, Operand exponent, const Context& context = {});
/// base to the power of every element.
RAVINE_API Tensors pow(double base, TensorList exponents, const Context& context = {});

/// Copies each source to self, of equal shape. Any dtypes; where they differ, what `Tensor::to` can convert.
RAVINE_API void copy_(TensorList self, TensorList source, const Context& context = {});
/// Writes zeros. Any dtypes.
RAVINE_API void zero_(TensorList self, const Context& context = {});

/// The norm of each tensor over all its elements, as 0-d tensors of their dtypes: `order` 1 (sum of magnitudes), 2
/// (Euclidean) or infinity (largest magnitude; NaN if there is one). Other orders, and infinity of a tensor without
/// elements: std::invalid_argument.
///
/// Sums are made in double, in a tree that depends on the number of elements alone: elements in row-major order, in blocks
/// of 4096 with 16 running sums each, then pairwise. So the bits are the same for every layout, instruction set and number
/// of threads, and a norm of float32 does not overflow on the way (torch sums in float32). Tensors on a device are summed there, in
/// that tree: the result lies there too, with the CPU's bits, and nothing waits. A few launches whose number does not depend on the
/// tensors' number; a tensor that is not row-major is copied first. std::runtime_error while the stream is captured.
RAVINE_API Tensors norm(TensorList tensors, double order = 2, const Context& context = {});
/// The same before the rounding to the dtype. For tensors on a device the host waits, once for each device.
RAVINE_API std::vector<double> norms(TensorList tensors, double order = 2, const Context& context = {});

/// The Euclidean norm, and the mean, of each tensor over one dimension, which stays with size 1; `dim` counts from the
/// first (0) or back from the end (-1: the last). Row-major tensors of their dtypes. Every line is summed in double in the tree
/// of `norm`, and rounded once. The mean of nothing is NaN. std::invalid_argument if a tensor has no such dimension;
/// std::runtime_error on a device whose stream is captured.
RAVINE_API Tensors norm_over(TensorList tensors, std::int64_t dim, const Context& context = {});
RAVINE_API Tensors mean_over(TensorList tensors, std::int64_t dim, const Context& context = {});

}  // namespace ravine::inline v0::foreach
