#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::tools {

/// A function to minimise, with its gradient by formula. Computes in the type of its argument.
class Objective {
  public:
    /// By its name: beale, himmelblau, quadratic (with one curvature for each dimension), rastrigin, rosenbrock, sphere,
    /// styblinski_tang. std::out_of_range with the known names.
    explicit Objective(std::string_view name, std::vector<double> curvature = {});

    std::string_view name() const;
    bool takes_curvature() const;
    /// Empty, or how many dimensions the function must have.
    std::string complaint(std::size_t dimensions) const;

    /// The value at `x`; writes the gradient, which has as many elements.
    double operator()(std::span<const double> x, std::span<double> gradient) const;
    double operator()(std::span<const float> x, std::span<float> gradient) const;

    struct Entry;

  private:
    const Entry* entry_;
    std::vector<double> curvature_;
};

}  // namespace ravine::tools
