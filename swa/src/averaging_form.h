#pragma once
#include <ravine/kernels/chunk.h>
#include <ravine/swa/averaging.h>

#include <optional>
#include <string>

namespace ravine::inline v0::swa {

/// A function of averaging.h whose arithmetic is known.
struct AveragingForm {
    enum Rule { mean, lerp, products };  ///< in the order of kernels::Averages
    Rule rule = mean;
    std::optional<double> decay = {};  ///< none for an equal average
    EqualWeight weight = EqualWeight::exact;

    /// The same for integers, which have no lerp.
    AveragingForm of_integers() const noexcept { return {decay ? products : mean, decay}; }
    /// The terms of the rule when n models have been averaged.
    void set_terms(std::int64_t n_averaged, kernels::StepArguments& arguments) const noexcept;
    /// Empty, or why tensors of a dtype cannot be averaged so: "must be ..., got ...".
    std::string complaint(DType dtype) const;
    bool operator==(const AveragingForm&) const = default;
};

/// The default's where there is neither function; none for functions of a user.
std::optional<AveragingForm> form_of(const AvgFn& avg_fn, const MultiAvgFn& multi_avg_fn);

}  // namespace ravine::inline v0::swa
