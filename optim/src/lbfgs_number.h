#pragma once
#include <ravine/runtime/dtype.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ravine::inline v0::optim {

/// A number as torch's L-BFGS has it: a double of the host, or an element of a 0-d tensor. Where the two meet, the double is
/// rounded to the tensor's dtype first, and the result is a tensor's again; comparisons do the same.
class Number {
  public:
    Number(double value) noexcept : value_(value) {}
    /// One of a tensor of float64 or float32.
    Number(double value, DType dtype) noexcept : kind_(dtype == DType::f32 ? Kind::f32 : Kind::f64), value_(rounded(value, kind_)) {}

    double value() const noexcept { return value_; }
    bool is_tensor() const noexcept { return kind_ != Kind::host; }
    /// Of the tensor.
    DType dtype() const noexcept { return kind_ == Kind::f32 ? DType::f32 : DType::f64; }

    friend Number operator-(Number a) noexcept { return {-a.value_, a.kind_}; }
    friend Number operator+(Number a, Number b) noexcept { return join(a, b, [](double x, double y) { return x + y; }); }
    friend Number operator-(Number a, Number b) noexcept { return join(a, b, [](double x, double y) { return x - y; }); }
    friend Number operator*(Number a, Number b) noexcept { return join(a, b, [](double x, double y) { return x * y; }); }
    /// A double over a tensor is a product with the reciprocal.
    friend Number operator/(Number a, Number b) noexcept {
        if (!a.is_tensor() && b.is_tensor()) return Number(1 / b.value_, b.kind_) * a;
        return join(a, b, [](double x, double y) { return x / y; });
    }
    friend bool operator<(Number a, Number b) noexcept { return compare(a, b, [](double x, double y) { return x < y; }); }
    friend bool operator<=(Number a, Number b) noexcept { return compare(a, b, [](double x, double y) { return x <= y; }); }
    friend bool operator>(Number a, Number b) noexcept { return b < a; }
    friend bool operator>=(Number a, Number b) noexcept { return b <= a; }

    friend Number abs(Number a) noexcept { return {std::fabs(a.value_), a.kind_}; }
    friend Number sqrt(Number a) noexcept { return {std::sqrt(a.value_), a.kind_}; }
    /// Python's: the first one where the comparison is false, so for NaN.
    friend Number min(Number a, Number b) noexcept { return b < a ? b : a; }
    friend Number max(Number a, Number b) noexcept { return b > a ? b : a; }

  private:
    enum class Kind : std::uint8_t { host,
                                     f32,
                                     f64 };
    Number(double value, Kind kind) noexcept : kind_(kind), value_(rounded(value, kind)) {}

    // Rounding a double result is rounding the exact one: float64 has more than twice the digits of float32.
    static double rounded(double value, Kind kind) noexcept { return kind == Kind::f32 ? static_cast<double>(static_cast<float>(value)) : value; }

    template <class F> static Number join(Number a, Number b, F f) noexcept {
        const Kind kind = std::max(a.kind_, b.kind_);
        return {f(rounded(a.value_, kind), rounded(b.value_, kind)), kind};
    }
    template <class F> static bool compare(Number a, Number b, F f) noexcept {
        const Kind kind = std::max(a.kind_, b.kind_);
        return f(rounded(a.value_, kind), rounded(b.value_, kind));
    }

    Kind kind_ = Kind::host;
    double value_;
};

}  // namespace ravine::inline v0::optim
