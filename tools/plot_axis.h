#pragma once
#include <span>
#include <string>
#include <vector>

namespace ravine::tools {

/// A number on an axis with its label.
struct Tick {
    double value;
    std::string label;
};

/// The range of an axis and its ticks at round numbers.
class Axis {
  public:
    enum class Scale { linear,
                       logarithmic };
    /// Around these values; those that do not fit on the scale are passed over. At most about `ticks` ticks. `padding` is
    /// the share of the range that is left free at both ends.
    Axis(std::span<const double> values, Scale scale, int ticks, double padding);

    /// Finite, and positive on a logarithmic axis.
    bool holds(double value) const;
    /// 0 at the low end, 1 at the high end.
    double position(double value) const { return (on_scale(value) - low_) / (high_ - low_); }
    const std::vector<Tick>& ticks() const { return ticks_; }

  private:
    double on_scale(double value) const;
    void choose_range(std::span<const double> values, double padding);
    void add_linear_ticks(int count, bool whole);
    void add_decade_ticks(int count);

    Scale scale_;
    double low_ = 0;
    double high_ = 1;
    std::vector<Tick> ticks_;
};

}  // namespace ravine::tools
