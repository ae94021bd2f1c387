#pragma once
#include <ravine/optim/optimizer_class.h>

#include <span>

namespace ravine::inline v0::optim {

/// How Muon fits the learning rate to a matrix of A rows and B columns.
enum class AdjustLr : std::uint8_t {
    unset,               ///< torch's None: as `original`
    original,            ///< sqrt(max(1, A / B))
    match_rms_adamw,     ///< 0.2 * sqrt(max(A, B)): updates as large as AdamW's, whose lr and weight_decay then fit
    spectral_unclamped,  ///< sqrt(A / B)
};

namespace detail {
template <> struct OptionType<AdjustLr> {
    RAVINE_API static Value get(AdjustLr member);
    RAVINE_API static bool set(AdjustLr& member, const Value& value, bool floats_only);
    static std::string check(std::string_view, AdjustLr, const Bound&) { return {}; }
    static constexpr std::string_view wanted = "None, 'original', 'match_rms_adamw' or 'spectral_unclamped'";
};
}  // namespace detail

/// Options of torch.optim.Muon (torch 2.9 and later), under torch's names.
struct MuonOptions {
    double lr = 1e-3;
    double weight_decay = 0.1;  ///< of the parameter itself, by the lr before it is adjusted
    double momentum = 0.95;     ///< of the average of gradients
    bool nesterov = true;
    std::array<double, 3> ns_coefficients = {3.4445, -4.7750, 2.0315};  ///< of the Newton-Schulz polynomial
    double eps = 1e-7;          ///< the least norm that a matrix is divided by
    std::int64_t ns_steps = 5;
    AdjustLr adjust_lr_fn = AdjustLr::unset;
    static constexpr auto fields() {
        using O = MuonOptions;
        return std::tuple{field("lr", &O::lr, scheduled(at_least(0))),
                          field("weight_decay", &O::weight_decay, at_least(0)),
                          field("momentum", &O::momentum, at_least(0)),
                          field("nesterov", &O::nesterov),
                          field("ns_coefficients", &O::ns_coefficients),
                          field("eps", &O::eps),
                          field("ns_steps", &O::ns_steps, below(100)),
                          field("adjust_lr_fn", &O::adjust_lr_fn)};
    }
};

/// Muon (Jordan et al. 2024) with torch.optim.Muon's options, for parameters of two dimensions: the hidden weights of a
/// network, beside an AdamW for all else (see split_for_muon). An update is the average of gradients made orthogonal by a few
/// Newton-Schulz iterations in bfloat16: products are summed in float32 and rounded once. Matrices of one shape are
/// multiplied together, so a model with few distinct shapes steps fastest.
///
/// The average has torch's bits; the products' bits are those of the BLAS (see linalg.h), and a bfloat16 that rounds the other way
/// moves an element of the orthogonal matrix by up to 0.01. On a device the products are cuBLAS's, and the host waits once a
/// step for the norms. std::invalid_argument for a parameter that is no matrix (at once), for one without columns, and for an lr
/// or momentum that overflows the dtype.
struct MuonAlgorithm {
    using Options = MuonOptions;
    static constexpr std::string_view name = "Muon";
    static constexpr Traits traits = {.elementwise = false, .matrices_only = true, .real_only = true};
};
template <> RAVINE_API const OptimizerClass& class_of<MuonAlgorithm>();
using Muon = OptimizerOf<MuonAlgorithm>;

/// A model's parameters for two optimizers.
struct MuonSplit {
    Parameters matrices;  ///< for Muon
    Parameters others;    ///< for AdamW or the like
};

/// Divides parameters, in their order: real ones of two dimensions go to Muon, but for those whose name matches a pattern, as
/// embeddings and the output layer should; all others do not. In a pattern `*` stands for any text and `?` for one character:
/// `{"*embed*", "lm_head.*"}`. std::invalid_argument for a pattern that matches no parameter, or beside parameters without names.
RAVINE_API MuonSplit split_for_muon(const Parameters& parameters, std::span<const std::string_view> except);
inline MuonSplit split_for_muon(const Parameters& parameters, std::initializer_list<std::string_view> except = {}) {
    return split_for_muon(parameters, std::span(except.begin(), except.size()));
}

}  // namespace ravine::inline v0::optim
