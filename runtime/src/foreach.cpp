#include "foreach_call.h"

#include <stdexcept>

namespace ravine::inline v0::foreach {
namespace {

using kernels::passes::Pass;

Call unary(std::string_view who, TensorList self, Pass pass) { return {.who = who, .self = self, .pass = pass}; }

/// The pass for a scalar, or the one for tensors.
Call binary(std::string_view who, TensorList self, const Operand& other, Pass with_scalar, Pass with_tensors, Limit limit = Limit::none) {
    if (!other.has_tensors()) return {.who = who, .self = self, .k = other.scalars(), .limit = limit, .pass = with_scalar};
    return {.who = who, .self = self, .inputs = {{{"other", other.tensors()}}}, .input_count = 1, .pass = with_tensors};
}

/// self + k * other.
Call addition(std::string_view who, TensorList self, TensorList other, const Scalars& k) {
    return {.who = who, .self = self, .inputs = {{{"other", other}}}, .input_count = 1, .k = k, .limit = Limit::dtype, .pass = Pass::Add};
}
Call addition(TensorList self, const Operand& other) {
    return other.has_tensors() ? addition("foreach.add", self, other.tensors(), 1)
                               : binary("foreach.add", self, other, Pass::AddScalar, Pass::Add);
}
Call subtraction(TensorList self, const Operand& other) {
    return other.has_tensors() ? addition("foreach.sub", self, other.tensors(), -1)
                               : binary("foreach.sub", self, other, Pass::SubScalar, Pass::Add);
}
Call multiplication(TensorList self, const Operand& other) {
    return binary("foreach.mul", self, other, Pass::MulScalar, Pass::Mul);
}
Call division(TensorList self, const Operand& other) { return binary("foreach.div", self, other, Pass::DivScalar, Pass::Div); }
Call largest(TensorList self, const Operand& other) {
    return binary("foreach.maximum", self, other, Pass::MaximumScalar, Pass::Maximum, Limit::dtype);
}
Call smallest(TensorList self, const Operand& other) {
    return binary("foreach.minimum", self, other, Pass::MinimumScalar, Pass::Minimum, Limit::dtype);
}

Call ternary(std::string_view who, TensorList self, TensorList a, TensorList b, const Scalars& value, Pass pass) {
    return {.who = who, .self = self, .inputs = {{{"a", a}, {"b", b}}}, .input_count = 2, .k = value, .limit = Limit::computed, .pass = pass};
}

Call interpolation(TensorList self, TensorList end, const Operand& weight) {
    Call call = {.who = "foreach.lerp", .self = self, .inputs = {{{"end", end}}}, .input_count = 1, .pass = Pass::Lerp};
    if (weight.has_tensors()) {
        call.inputs[1] = {"weight", weight.tensors()};
        call.input_count = 2;
        call.pass = Pass::LerpTensor;
    } else {
        call.k = weight.scalars();
        call.limit = Limit::computed;
    }
    return call;
}

Call power(TensorList self, const Operand& exponent) {
    if (!exponent.has_tensors()) {
        return {.who = "foreach.pow", .self = self, .k = exponent.scalars(), .kernel = &power_kernel, .device_kernel = &device_power_kernel};
    }
    return {.who = "foreach.pow", .self = self, .inputs = {{{"exponent", exponent.tensors()}}}, .input_count = 1,
            .kernel = &tensor_power_kernel, .device_kernel = &device_tensor_power_kernel};
}

Call clamping(TensorList self, const Operand& low, const Operand& high) {
    if (low.has_tensors() != high.has_tensors()) {
        throw std::invalid_argument("foreach.clamp: both bounds must be scalars or both tensors, got one of each");
    }
    if (low.has_tensors()) {
        return {.who = "foreach.clamp", .self = self, .inputs = {{{"low", low.tensors()}, {"high", high.tensors()}}}, .input_count = 2, .pass = Pass::ClampTensor};
    }
    return {.who = "foreach.clamp", .self = self, .k = low.scalars(), .l = high.scalars(), .limit = Limit::dtype, .pass = Pass::Clamp};
}

}  // namespace

void add_(TensorList self, Operand other, const Context& context) { in_place(addition(self, other), context); }
Tensors add(TensorList self, Operand other, const Context& context) { return out_of_place(addition(self, other), context); }
void add_(TensorList self, TensorList other, Scalars alpha, const Context& context) {
    in_place(addition("foreach.add", self, other, alpha), context);
}
Tensors add(TensorList self, TensorList other, Scalars alpha, const Context& context) {
    return out_of_place(addition("foreach.add", self, other, alpha), context);
}

void sub_(TensorList self, Operand other, const Context& context) { in_place(subtraction(self, other), context); }
Tensors sub(TensorList self, Operand other, const Context& context) { return out_of_place(subtraction(self, other), context); }
void sub_(TensorList self, TensorList other, double alpha, const Context& context) {
    in_place(addition("foreach.sub", self, other, -alpha), context);
}
Tensors sub(TensorList self, TensorList other, double alpha, const Context& context) {
    return out_of_place(addition("foreach.sub", self, other, -alpha), context);
}

void mul_(TensorList self, Operand other, const Context& context) { in_place(multiplication(self, other), context); }
Tensors mul(TensorList self, Operand other, const Context& context) { return out_of_place(multiplication(self, other), context); }
void div_(TensorList self, Operand other, const Context& context) { in_place(division(self, other), context); }
Tensors div(TensorList self, Operand other, const Context& context) { return out_of_place(division(self, other), context); }

void addcmul_(TensorList self, TensorList a, TensorList b, Scalars value, const Context& context) {
    in_place(ternary("foreach.addcmul", self, a, b, value, Pass::Addcmul), context);
}
Tensors addcmul(TensorList self, TensorList a, TensorList b, Scalars value, const Context& context) {
    return out_of_place(ternary("foreach.addcmul", self, a, b, value, Pass::Addcmul), context);
}
void addcdiv_(TensorList self, TensorList a, TensorList b, Scalars value, const Context& context) {
    in_place(ternary("foreach.addcdiv", self, a, b, value, Pass::Addcdiv), context);
}
Tensors addcdiv(TensorList self, TensorList a, TensorList b, Scalars value, const Context& context) {
    return out_of_place(ternary("foreach.addcdiv", self, a, b, value, Pass::Addcdiv), context);
}

void lerp_(TensorList self, TensorList end, Operand weight, const Context& context) { in_place(interpolation(self, end, weight), context); }
Tensors lerp(TensorList self, TensorList end, Operand weight, const Context& context) {
    return out_of_place(interpolation(self, end, weight), context);
}

void maximum_(TensorList self, Operand other, const Context& context) { in_place(largest(self, other), context); }
Tensors maximum(TensorList self, Operand other, const Context& context) { return out_of_place(largest(self, other), context); }
void minimum_(TensorList self, Operand other, const Context& context) { in_place(smallest(self, other), context); }
Tensors minimum(TensorList self, Operand other, const Context& context) { return out_of_place(smallest(self, other), context); }

void clamp_(TensorList self, Operand low, Operand high, const Context& context) { in_place(clamping(self, low, high), context); }
Tensors clamp(TensorList self, Operand low, Operand high, const Context& context) {
    return out_of_place(clamping(self, low, high), context);
}

#define RAVINE_UNARY(name, Name)                                                                                       \
    void name##_(TensorList self, const Context& context) { in_place(unary("foreach." #name, self, Pass::Name), context); } \
    Tensors name(TensorList self, const Context& context) { return out_of_place(unary("foreach." #name, self, Pass::Name), context); }
RAVINE_UNARY(abs, Abs)
RAVINE_UNARY(neg, Neg)
RAVINE_UNARY(sign, Sign)
RAVINE_UNARY(sqrt, Sqrt)
RAVINE_UNARY(rsqrt, Rsqrt)
RAVINE_UNARY(reciprocal, Reciprocal)
#undef RAVINE_UNARY

void pow_(TensorList self, Operand exponent, const Context& context) { in_place(power(self, exponent), context); }
Tensors pow(TensorList self, Operand exponent, const Context& context) { return out_of_place(power(self, exponent), context); }
Tensors pow(double base, TensorList exponents, const Context& context) {
    return out_of_place({.who = "foreach.pow", .self = exponents, .k = base, .kernel = &base_power_kernel, .device_kernel = &device_base_power_kernel}, context);
}

}  // namespace ravine::inline v0::foreach
