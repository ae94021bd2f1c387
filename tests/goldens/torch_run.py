"""What torch makes of a recording."""

import contextlib

import numpy
import torch
from muon import Muon
from recording import tuples
from torch_schedule import make_schedulers

BLOCK = 64  # a multiple of every block that torch's CPU kernels have (at most 32 elements with AVX2, 64 with AVX-512)
SCALARS = ("step", "eta", "mu", "mu_product")
HALVES = (torch.bfloat16, torch.float16)
WHOLE = ("Adafactor", "Muon")  # depend on shapes: nothing may be added to a tensor


@contextlib.contextmanager
def correctly_rounded_roots():
    """Replaces torch's square roots of f32 and f64, which come from MKL and are off by one ulp on some CPUs."""
    names = [(torch.Tensor, "sqrt"), (torch.Tensor, "pow"), (torch.Tensor, "__pow__"), (torch, "sqrt"), (torch, "_foreach_sqrt"),
             (torch.Tensor, "sqrt_")]
    originals = [getattr(owner, name) for owner, name in names]
    tensor_sqrt, tensor_pow = originals[:2]
    tensor_sqrt_in_place = originals[-1]

    def root(tensor):
        if tensor.dtype in HALVES:
            return tensor_sqrt(tensor)
        with numpy.errstate(invalid="ignore"):
            return torch.from_numpy(numpy.asarray(numpy.sqrt(tensor.detach().numpy())))

    def root_in_place(tensor):
        return tensor_sqrt_in_place(tensor) if tensor.dtype in HALVES else tensor.copy_(root(tensor))

    def power(tensor, exponent):
        is_root = not isinstance(exponent, torch.Tensor) and exponent == 0.5
        return root(tensor) if is_root else tensor_pow(tensor, exponent)

    replacements = [root, power, power, root, lambda tensors: [root(tensor) for tensor in tensors], root_in_place]
    try:
        for (owner, name), replacement in zip(names, replacements):
            setattr(owner, name, replacement)
        yield
    finally:
        for (owner, name), original in zip(names, originals):
            setattr(owner, name, original)


def padded(tensor):
    """The elements as whole blocks: in some dtypes and kernels torch's tails differ from its blocks."""
    flat = torch.zeros(max(BLOCK, -(-tensor.numel() // BLOCK) * BLOCK), dtype=tensor.dtype)
    flat[:tensor.numel()] = tensor.reshape(-1)
    return flat


def cut(tensor, shape):
    return tensor.reshape(-1)[:shape.numel()].reshape(shape)


class TorchRun:
    """An optimizer and its schedulers over copies of a recording's parameters."""

    def __init__(self, recording):
        self.recording = recording
        self.scaled = bool(recording.found_inf or recording.grad_scale)
        options = tuples(recording.spec["optimizer"])
        betas = [options.get("betas")] + [group.get("betas") for _, group in recording.groups()]
        halves = any(tensor.dtype in HALVES for tensor in recording.params.values())
        # A tail of LERP gives another sign of zero where 1 - beta1 is 1.
        sparse = any(isinstance(grad, tuple) for grad in recording.grads.values())
        self.pads = options["type"] not in WHOLE and not sparse and (
            halves or self.scaled or any(beta and beta[0] == 0 for beta in betas) or options.get("alpha") == 0)
        self.params = {name: self.blocks(tensor) for name, tensor in recording.params.items()}
        groups = [{"params": [self.params[name] for name in names], **tuples(extra)} for names, extra in recording.groups()]
        kind = Muon if options["type"] == "Muon" else getattr(torch.optim, options["type"])
        self.fused = self.scaled and kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW)
        if options.pop("type") == "Adafactor":
            options["foreach"] = recording.spec["implementation"] == "foreach"
        self.optimizer = kind(groups, **options, **({"fused": True} if self.fused else {}))
        specs = recording.spec.get("scheduler", [])
        self.schedulers = make_schedulers(specs, self.optimizer)

    def blocks(self, tensor):
        return padded(tensor) if self.pads else tensor.clone()

    def step(self, step):
        for name, param in self.params.items():
            grad = self.recording.grads.get((name, step))
            if isinstance(grad, tuple):
                param.grad = torch.sparse_coo_tensor(*grad, param.shape, is_coalesced=False)
            else:
                param.grad = None if grad is None else self.blocks(grad)
        found_inf = self.recording.found_inf.get(step, 0) != 0
        scale = self.recording.grad_scale.get(step)
        if self.fused:
            self.optimizer.grad_scale = None if scale is None else torch.tensor(scale)
            self.optimizer.found_inf = torch.tensor(float(found_inf))
        elif scale is not None:
            for param in self.params.values():
                param.grad = None if param.grad is None else param.grad / float(torch.tensor(scale))
        # Fused SGD keeps its buffers uninitialised when the first step is skipped; a step that is not made keeps them absent.
        if not (found_inf and (not self.fused or isinstance(self.optimizer, torch.optim.SGD))):
            self.optimizer.step()
        for scheduler in self.schedulers:
            scheduler.step()

    def record(self, step):
        tensors = {}
        for name, param in self.params.items():
            shape = self.recording.params[name].shape
            tensors[f"param/{name}/{step}"] = cut(param, shape).clone()
            for slot, value in self.optimizer.state.get(param, {}).items():
                if slot == "step":
                    tensors[f"state/{name}/{slot}/{step}"] = torch.tensor(float(value))
                elif value is not None and value.is_sparse:
                    tensors[f"state/{name}/{slot}/{step}"] = value.to_dense()
                elif value is not None:
                    whole = slot in SCALARS or not self.pads
                    tensors[f"state/{name}/{slot}/{step}"] = value.clone() if whole else cut(value, shape).clone()
        return tensors


def run(recording):
    """{name in the output: tensor}"""
    with torch.no_grad(), correctly_rounded_roots():
        torch_run = TorchRun(recording)
        tensors = {}
        for step in range(1, recording.steps + 1):
            torch_run.step(step)
            if step in recording.recorded_steps():
                tensors |= torch_run.record(step)
        return tensors
