"""What a fused step makes of bf16 and f16: every operation in f32, one rounding per stored tensor.

torch's own fused CPU kernels do not do this (SGD does not even write its parameters), so the definition is computed here
with numpy, once for each element, in the order of operations of torch's for-loop.
"""

import math

import numpy
import torch
from recording import tuples

f32 = numpy.float32
SCALARS = ("eta", "mu", "mu_product")
COMMON = {"lr": 1e-2, "weight_decay": 0, "maximize": False}
ADAM = COMMON | {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "amsgrad": False, "decoupled_weight_decay": False}
DEFAULTS = {
    "SGD": COMMON | {"lr": 1e-3, "momentum": 0, "dampening": 0, "nesterov": False},
    "Adam": ADAM,
    "AdamW": ADAM | {"weight_decay": 1e-2, "decoupled_weight_decay": True},
    "Adamax": ADAM | {"lr": 2e-3},
    "NAdam": ADAM | {"lr": 2e-3, "momentum_decay": 4e-3},
    "RAdam": ADAM,
    "Adagrad": COMMON | {"lr_decay": 0, "initial_accumulator_value": 0, "eps": 1e-10},
    "Adadelta": COMMON | {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
    "RMSprop": COMMON | {"alpha": 0.99, "eps": 1e-8, "momentum": 0, "centered": False},
    "Rprop": COMMON | {"etas": (0.5, 1.2), "step_sizes": (1e-6, 50)},
    "ASGD": COMMON | {"lambd": 1e-4, "alpha": 0.75, "t0": 1e6},
}


def fma(a, b, c):
    """a * b + c, rounded once. The product is exact in double; the sum is rounded to odd, so that the second rounding,
    to single, is right."""
    product, c = numpy.multiply(a, b, dtype=numpy.float64), numpy.asarray(c, dtype=numpy.float64)
    total = product + c
    back = total - product
    error = (product - (total - back)) + (c - back)
    to_odd = numpy.isfinite(total) & (error != 0) & (total.view(numpy.int64) & 1 == 0)
    odd = numpy.nextafter(total, numpy.where(error > 0, math.inf, -math.inf))
    return numpy.where(to_odd, odd, total).astype(f32)


def lerp(start, end, weight):
    weight = f32(weight)
    return fma(weight, end - start, start) if abs(weight) < 0.5 else fma(weight - f32(1), end - start, end)


def addcmul(x, a, b, value):
    return fma(f32(value) * a, b, x)


def addcdiv(x, a, b, value):
    return x + (f32(value) * a) / b


def sgd(x, options, _):
    if options["momentum"] == 0:
        return {"param": fma(x["grad"], f32(-options["lr"]), x["param"])}
    grad, buffer = x["grad"], x.get("momentum_buffer")
    momentum = f32(options["momentum"])
    buffer = grad if buffer is None else fma(grad, f32(1 - options["dampening"]), buffer * momentum)
    direction = fma(buffer, momentum, grad) if options["nesterov"] else buffer
    return {"param": fma(direction, f32(-options["lr"]), x["param"]), "momentum_buffer": buffer}


def decayed(x, options):
    keep = 1 - options["lr"] * options["weight_decay"] if options["decoupled_weight_decay"] else 1
    return x["param"] * f32(keep)


def moments(x, options):
    beta1, beta2 = options["betas"]
    return {"exp_avg": lerp(x["exp_avg"], x["grad"], 1 - beta1),
            "exp_avg_sq": addcmul(x["exp_avg_sq"] * f32(beta2), x["grad"], x["grad"], 1 - beta2)}


def adam(x, options, step):
    beta1, beta2 = options["betas"]
    result = moments(x, options)
    under_root = result["exp_avg_sq"]
    if options["amsgrad"]:
        under_root = result["max_exp_avg_sq"] = numpy.maximum(x["max_exp_avg_sq"], under_root)
    denominator = numpy.sqrt(under_root) / f32((1 - beta2**step)**0.5) + f32(options["eps"])
    return result | {"param": addcdiv(decayed(x, options), result["exp_avg"], denominator, -(options["lr"] / (1 - beta1**step)))}


def adamax(x, options, step):
    beta1, beta2 = options["betas"]
    exp_avg = lerp(x["exp_avg"], x["grad"], 1 - beta1)
    exp_inf = numpy.maximum(x["exp_inf"] * f32(beta2), numpy.abs(x["grad"]) + f32(options["eps"]))
    return {"exp_avg": exp_avg, "exp_inf": exp_inf, "param": addcdiv(x["param"], exp_avg, exp_inf, -(options["lr"] / (1 - beta1**step)))}


def nadam(x, options, step):
    (beta1, beta2), lr = options["betas"], options["lr"]
    mu, next_mu = (beta1 * (1 - 0.5 * 0.96 ** (t * options["momentum_decay"])) for t in (step, step + 1))
    product = float(f32(x["mu_product"]) * f32(mu))
    result = moments(x, options) | {"mu_product": product}
    denominator = numpy.sqrt(result["exp_avg_sq"] / f32(1 - beta2**step)) + f32(options["eps"])
    param = addcdiv(decayed(x, options), x["grad"], denominator, -lr * (1 - mu) / (1 - product))
    return result | {"param": addcdiv(param, result["exp_avg"], denominator, -lr * next_mu / (1 - product * next_mu))}


def radam(x, options, step):
    beta1, beta2 = options["betas"]
    result = moments(x, options)
    update = result["exp_avg"] / f32(1 - beta1**step) * f32(options["lr"])
    bias2 = 1 - beta2**step
    most = 2 / (1 - beta2) - 1
    rho = most - 2 * step * beta2**step / bias2
    if rho > 5:
        rect = ((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) ** 0.5
        adaptive = f32(1) / (numpy.sqrt(result["exp_avg_sq"]) + f32(options["eps"])) * f32(bias2**0.5)
        update = update * adaptive * f32(rect)
    return result | {"param": decayed(x, options) - update}


def adagrad(x, options, step):
    total = addcmul(x["sum"], x["grad"], x["grad"], 1)
    clr = options["lr"] / (1 + (step - 1) * options["lr_decay"])
    return {"sum": total, "param": addcdiv(x["param"], x["grad"], numpy.sqrt(total) + f32(options["eps"]), -clr)}


def adadelta(x, options, _):
    rho, eps = options["rho"], f32(options["eps"])
    square_avg = addcmul(x["square_avg"] * f32(rho), x["grad"], x["grad"], 1 - rho)
    delta = numpy.sqrt(x["acc_delta"] + eps) / numpy.sqrt(square_avg + eps) * x["grad"]
    return {"square_avg": square_avg, "acc_delta": addcmul(x["acc_delta"] * f32(rho), delta, delta, 1 - rho),
            "param": fma(delta, f32(-options["lr"]), x["param"])}


def rmsprop(x, options, _):
    alpha = options["alpha"]
    result = {"square_avg": addcmul(x["square_avg"] * f32(alpha), x["grad"], x["grad"], 1 - alpha)}
    under_root = result["square_avg"]
    if options["centered"]:
        grad_avg = result["grad_avg"] = lerp(x["grad_avg"], x["grad"], 1 - alpha)
        under_root = addcmul(under_root, grad_avg, grad_avg, -1)
    avg = numpy.sqrt(under_root) + f32(options["eps"])
    if options["momentum"] > 0:
        buffer = result["momentum_buffer"] = addcdiv(x["momentum_buffer"] * f32(options["momentum"]), x["grad"], avg, 1)
        return result | {"param": fma(buffer, f32(-options["lr"]), x["param"])}
    return result | {"param": addcdiv(x["param"], x["grad"], avg, -options["lr"])}


def sign(value):
    return numpy.where(value > 0, f32(1), numpy.where(value < 0, f32(-1), f32(0)))


def rprop(x, options, _):
    eta_minus, eta_plus = map(f32, options["etas"])
    agree = x["grad"] * x["prev"]
    factor = numpy.where(agree > 0, eta_plus, numpy.where(agree < 0, eta_minus, f32(1)))
    smallest, largest = map(f32, options["step_sizes"])
    step_size = numpy.minimum(numpy.maximum(x["step_size"] * factor, smallest), largest)
    prev = numpy.where(factor == eta_minus, f32(0), x["grad"])
    return {"prev": prev, "step_size": step_size, "param": addcmul(x["param"], sign(prev), step_size, -1)}


def asgd(x, options, step):
    eta, mu = x["eta"], x["mu"]
    param = fma(x["grad"], f32(-eta), x["param"] * f32(1 - options["lambd"] * eta))
    ax = param if mu == 1 else x["ax"] + (param - x["ax"]) * f32(mu)
    next_eta = options["lr"] / (1 + options["lambd"] * options["lr"] * step) ** options["alpha"]
    return {"ax": ax, "param": param, "eta": float(f32(next_eta)), "mu": float(f32(1 / max(1, step - options["t0"])))}


RULES = {"SGD": sgd, "Adam": adam, "AdamW": adam, "Adamax": adamax, "NAdam": nadam, "RAdam": radam, "Adagrad": adagrad,
         "Adadelta": adadelta, "RMSprop": rmsprop, "Rprop": rprop, "ASGD": asgd}


def initial_state(kind, param, options):
    """What a parameter's first update finds."""
    zeros = numpy.zeros(param.shape, dtype=f32)
    state = {slot: zeros for slot in STATE[kind]}
    if kind == "Rprop":
        state["step_size"] = stored(zeros + f32(options["lr"]), param.dtype)
    if kind == "Adagrad":
        state["sum"] = stored(zeros + f32(options["initial_accumulator_value"]), param.dtype)
    if kind == "NAdam":
        state["mu_product"] = 1.0
    if kind == "ASGD":
        state |= {"eta": float(f32(options["lr"])), "mu": 1.0}
    return state


MOMENTS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
STATE = {"SGD": (), "Adam": MOMENTS, "AdamW": MOMENTS, "Adamax": ("exp_avg", "exp_inf"), "NAdam": MOMENTS, "RAdam": MOMENTS, "Adagrad": ("sum",),
         "Adadelta": ("square_avg", "acc_delta"), "RMSprop": ("square_avg", "momentum_buffer", "grad_avg"), "Rprop": ("prev", "step_size"), "ASGD": ("ax",)}


def stored(value, dtype):
    """After rounding to the half type, as float."""
    return torch.from_numpy(numpy.asarray(value)).to(dtype).float().numpy()


def prepared(grad, param, options, scale):
    if scale is not None:
        grad = grad / f32(scale)
    if options["maximize"]:
        grad = -grad
    if options["weight_decay"] != 0 and not options.get("decoupled_weight_decay", False):
        grad = fma(param, f32(options["weight_decay"]), grad)
    return grad


class FusedRun:
    """Parameters and state as they are stored: tensors in the half type, numbers as floats."""

    def __init__(self, recording):
        self.recording = recording
        options = tuples(recording.spec["optimizer"])
        self.kind = options.pop("type")
        self.options = {}
        for names, extra in recording.groups():
            self.options |= {name: DEFAULTS[self.kind] | options | tuples(extra) for name in names}
        self.params = {name: tensor.clone() for name, tensor in recording.params.items()}
        self.state = {name: {} for name in recording.params}
        self.updates = dict.fromkeys(recording.params, 0)
        if self.kind == "Adagrad":  # has state from the start, with the constructor's initial value
            start = DEFAULTS[self.kind] | options
            for name, param in self.params.items():
                self.state[name] = {"sum": torch.from_numpy(initial_state(self.kind, param, start)["sum"]).to(param.dtype)}

    def step(self, step):
        for name, param in self.params.items():
            grad = self.recording.grads.get((name, step))
            if grad is not None and self.recording.found_inf.get(step, 0) == 0:
                self.updates[name] += 1
                self.update(name, param, grad, self.recording.grad_scale.get(step))

    def update(self, name, param, grad, scale):
        options, known = self.options[name], self.state[name]
        x = {slot: value if slot in SCALARS else value.float().numpy() for slot, value in known.items()}
        x = (x or initial_state(self.kind, param, options)) | {"param": param.float().numpy()}
        with numpy.errstate(all="ignore"):
            x["grad"] = prepared(grad.float().numpy(), x["param"], options, scale)
            result = RULES[self.kind](x, options, self.updates[name])
        result = {slot: value if slot in SCALARS else torch.from_numpy(numpy.asarray(value)).to(param.dtype) for slot, value in result.items()}
        self.params[name] = result.pop("param")
        self.state[name] = result

    def record(self, step):
        tensors = {f"param/{name}/{step}": tensor for name, tensor in self.params.items()}
        for name, slots in self.state.items():
            for slot, value in slots.items():
                tensors[f"state/{name}/{slot}/{step}"] = torch.tensor(value) if slot in SCALARS else value
            if self.kind != "SGD" and slots:
                tensors[f"state/{name}/step/{step}"] = torch.tensor(float(self.updates[name]))
        return tensors


def run(recording):
    """{name in the output: tensor}"""
    fused, tensors = FusedRun(recording), {}
    for step in range(1, recording.steps + 1):
        fused.step(step)
        if step in recording.recorded_steps():
            tensors |= fused.record(step)
    return tensors
