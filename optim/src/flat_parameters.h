#pragma once
#include <ravine/optim/parameter.h>

#include <vector>

namespace ravine::inline v0::optim {

/// Parameters as one vector, for the time of one step: their gradients one after the other in row-major order, in the widest of
/// their dtypes; of complex ones the parts. The context is who works and whose memory it is.
class FlatParameters {
  public:
    /// std::invalid_argument beginning with `owner` if they are not all on one device.
    FlatParameters(std::string_view owner, const Parameters& parameters, const Context& context);

    DType dtype() const noexcept { return dtype_; }
    Device device() const noexcept { return device_; }
    std::int64_t numel() const noexcept { return numel_; }

    /// A new vector of the gradients as they are now, zeros for those that are absent; with the other sign if `negated`.
    /// std::invalid_argument if a parameter lies elsewhere than at first.
    Tensor gradient(bool negated) const;
    /// Adds alpha * direction to the parameters. std::invalid_argument if alpha overflows a dtype, before the first write.
    void move(const Tensor& direction, double alpha) const;
    /// Copies of the parameters' values, and back.
    std::vector<Tensor> values() const;
    void restore(const std::vector<Tensor>& values) const;

  private:
    /// The parts of a vector that belong to the parameters, in their shapes.
    std::vector<Tensor> parts_of(const Tensor& vector) const;
    void check_unmoved() const;

    std::string_view owner_;
    const Parameters parameters_;
    std::vector<Tensor> data_;
    const Context context_;
    DType dtype_ = DType::f32;
    Device device_;
    std::int64_t numel_ = 0;
};

/// The number of elements of all parameters together, two for a complex one, and the widest of their dtypes.
std::int64_t total_elements(const Parameters& parameters) noexcept;
DType widest_dtype(const Parameters& parameters) noexcept;

}  // namespace ravine::inline v0::optim
