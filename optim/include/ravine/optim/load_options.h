#pragma once
#include <ravine/runtime/dtype.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace ravine::inline v0::optim {

/// What a parameter of the optimizer gets for which a state dict has no parameter.
enum class MissingParameter : std::uint8_t {
    refuse,      ///< the state dict does not fit
    keep,        ///< the state that it has
    initialise,  ///< none, so that it starts like a new one
};

/// How `load_state_dict` treats what does not fit. Without options nothing is passed over: see Optimizer::load_state_dict.
struct LoadOptions {
    /// torch's behaviour: only the numbers of groups and of parameters are compared, everything is matched by position, tensors
    /// are converted to the dtype of their parameter, slots that the class does not have are passed over. What a step could not
    /// work with, another shape or no `lr`, is refused all the same.
    bool positional = false;
    /// Takes the state alone: the options, and what schedulers keep among them, stay as they are, and those of the state dict
    /// are not looked at.
    bool keep_options = false;
    /// Converts tensors of another floating-point dtype to the dtype of their parameter.
    bool cast = false;
    /// Keeps the state of bfloat16 and float16 parameters in this dtype, which must be float32, from now on and that of later
    /// parameters too; torch makes the parameter's dtype of it, in which moments lose what 16 bits cannot hold. Tensors of either
    /// dtype are taken. A step widens such a parameter and its gradient, computes as for a float32 one, and rounds the parameter
    /// once; averages that follow it move apart. With `optimizer.state_dict()` it may be chosen before the first step. For
    /// elementwise classes, with dense gradients, on the host. A load without it goes back to the parameters' dtypes.
    std::optional<DType> state_dtype = {};
    /// For this and the next two, parameters must have names on both sides, and not be matched by position.
    MissingParameter missing = MissingParameter::refuse;
    /// Passes over parameters of the state dict that the optimizer does not have.
    bool ignore_surplus = false;
    /// The name under which the state dict has a parameter of the optimizer, by the name that it has here. Several may have
    /// one source: each gets a copy of its state.
    std::map<std::string, std::string, std::less<>> sources = {};
};

}  // namespace ravine::inline v0::optim
