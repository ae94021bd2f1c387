"""What a fused step makes of bf16 and f16: every operation in f32, one rounding per stored tensor.

torch's own fused CPU kernels do not do this (SGD does not even write its parameters), so the definition is computed here
with numpy, once for each element, in the order of operations of torch's for-loop.
"""

import math

import numpy
import torch
from recording import tuples

f32 = numpy.float32
DEFAULTS = {
    "SGD": {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False, "maximize": False},
    "Adam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False, "maximize": False,
             "decoupled_weight_decay": False},
}
DEFAULTS["AdamW"] = DEFAULTS["Adam"] | {"weight_decay": 1e-2, "decoupled_weight_decay": True}


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


def adam(x, options, step):
    beta1, beta2 = options["betas"]
    keep = 1 - options["lr"] * options["weight_decay"] if options["decoupled_weight_decay"] else 1
    zeros = numpy.zeros_like(x["param"])
    param = x["param"] * f32(keep)
    exp_avg = lerp(x.get("exp_avg", zeros), x["grad"], 1 - beta1)
    exp_avg_sq = addcmul(x.get("exp_avg_sq", zeros) * f32(beta2), x["grad"], x["grad"], 1 - beta2)
    result = {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}
    under_root = exp_avg_sq
    if options["amsgrad"]:
        under_root = result["max_exp_avg_sq"] = numpy.maximum(x.get("max_exp_avg_sq", zeros), exp_avg_sq)
    denominator = numpy.sqrt(under_root) / f32((1 - beta2**step)**0.5) + f32(options["eps"])
    return result | {"param": addcdiv(param, exp_avg, denominator, -(options["lr"] / (1 - beta1**step)))}


def prepared(grad, param, options, scale):
    if scale is not None:
        grad = grad / f32(scale)
    if options["maximize"]:
        grad = -grad
    if options["weight_decay"] != 0 and not options.get("decoupled_weight_decay", False):
        grad = fma(param, f32(options["weight_decay"]), grad)
    return grad


class FusedRun:
    """Parameters and state as they are stored: tensors in the half type."""

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

    def step(self, step):
        for name, param in self.params.items():
            grad = self.recording.grads.get((name, step))
            if grad is not None and self.recording.found_inf.get(step, 0) == 0:
                self.updates[name] += 1
                self.update(name, param, grad, self.recording.grad_scale.get(step))

    def update(self, name, param, grad, scale):
        options = self.options[name]
        x = {slot: tensor.float().numpy() for slot, tensor in self.state[name].items()} | {"param": param.float().numpy()}
        rule = sgd if self.kind == "SGD" else adam
        with numpy.errstate(all="ignore"):
            x["grad"] = prepared(grad.float().numpy(), x["param"], options, scale)
            result = {slot: torch.from_numpy(numpy.asarray(value)).to(param.dtype)
                      for slot, value in rule(x, options, self.updates[name]).items()}
        self.params[name] = result.pop("param")
        self.state[name] = result

    def record(self, step):
        tensors = {f"param/{name}/{step}": tensor for name, tensor in self.params.items()}
        for name, slots in self.state.items():
            tensors |= {f"state/{name}/{slot}/{step}": tensor for slot, tensor in slots.items()}
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
