#pragma once
#include <ravine/runtime/export.h>

#include <cstdint>
#include <string_view>

namespace ravine::inline v0::optim {

/// Which kinds of gradients a class of optimizers takes.
enum class Gradients : std::uint8_t { dense, sparse, both };

/// What a class of optimizers takes, and what it promises.
struct Traits {
    Gradients gradients = Gradients::dense;
    std::string_view other_gradients = {};  ///< the class to take for gradients of the other kind; empty if there is none
    bool elementwise = true;     ///< an element moves by its own history alone: all implementations exist, in f32 and f64 with the same bits
    bool matrices_only = false;  ///< parameters have two dimensions
    bool real_only = false;      ///< parameters are not complex
    bool needs_closure = false;  ///< `step` computes the loss, and so cannot do without a closure
};

}  // namespace ravine::inline v0::optim
