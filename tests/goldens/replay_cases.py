"""The recordings that the goldens are made of: random options, shapes and gradients from fixed seeds."""

import math
import random

import torch
from recording import Recording

SHAPES = [(), (0,), (1,), (2,), (7,), (8,), (9,), (15,), (16,), (17,), (31,), (32,), (33,), (63,), (64,), (65,), (100,),
          (3, 5), (0, 4), (1, 1), (4, 9), (2, 3, 4), (5, 1, 7), (3, 0, 2)]
NAMES = ["w", "b", "layer.0.weight", "layer.10.weight", "höhe", "10", "9"]
DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
KINDS = ["SGD", "Adam", "AdamW"]
LARGEST_EXPONENT = {torch.float64: 100, torch.float32: 30, torch.bfloat16: 30, torch.float16: 4}
SMALLEST = {torch.float64: 5e-324, torch.float32: 1e-45, torch.bfloat16: 1e-40, torch.float16: 6e-8}


def sgd_options(rng):
    options = {"lr": 10 ** rng.uniform(-4, 0)}
    if rng.random() < 0.75:
        options["momentum"] = rng.choice([0.9, 0.5, 1.0, rng.random()])
        if rng.random() < 0.4:
            options["nesterov"] = True
        elif rng.random() < 0.6:
            options["dampening"] = rng.choice([1, 0.3, rng.uniform(-0.5, 1.5)])
    if rng.random() < 0.5:
        options["weight_decay"] = 10 ** rng.uniform(-4, -0.5)
    return options


def adam_options(rng, kind):
    options = {"lr": 10 ** rng.uniform(-5, -0.5)}
    if rng.random() < 0.8:
        options["betas"] = [rng.choice([0.0, 0.3, 0.5, 0.9, rng.random()]), rng.choice([0.0, 0.5, 0.999, rng.random()])]
    if rng.random() < 0.6:
        options["eps"] = rng.choice([1e-3, 1e-6, 0, 10 ** rng.uniform(-12, 0)])
    if rng.random() < 0.6:
        options["weight_decay"] = rng.choice([0, 0.1, 10 ** rng.uniform(-4, 0)])
    if rng.random() < 0.5:
        options["amsgrad"] = True
    if kind == "Adam" and rng.random() < 0.3:
        options["decoupled_weight_decay"] = True
    return options


def optimizer_options(rng, kind):
    options = {"type": kind} | (sgd_options(rng) if kind == "SGD" else adam_options(rng, kind))
    if rng.random() < 0.3:
        options["maximize"] = True
    if rng.random() < 0.1:
        options |= {"foreach": None, "fused": None}
    return options


def scheduler_options(rng):
    steps = {"type": "StepLR", "step_size": rng.randint(1, 4), "gamma": rng.choice([0.5, 0.9, 1.1])}
    cosine = {"type": "CosineAnnealingLR", "T_max": rng.randint(1, 7), "eta_min": rng.choice([0, 1e-4])}
    return rng.choice([steps, cosine, [steps, cosine]])


def group_options(rng, kind):
    extra = {}
    if rng.random() < 0.7:
        extra["lr"] = 10 ** rng.uniform(-4, -0.5)
    if rng.random() < 0.5:
        extra["weight_decay"] = rng.choice([0, 0.05])
    if kind != "SGD" and rng.random() < 0.4:
        extra["betas"] = [0.75, 0.95]
    if kind == "SGD" and rng.random() < 0.3:
        extra |= {"momentum": 0.8, "nesterov": False}
    if rng.random() < 0.2:
        extra["maximize"] = rng.random() < 0.5
    return extra


def split_in_groups(rng, kind, names):
    names = rng.sample(names, len(names))
    cuts = sorted(rng.sample(range(1, len(names)), rng.randint(1, len(names) - 1)))
    return [{"params": names[start:end], **group_options(rng, kind)} for start, end in zip([0, *cuts], [*cuts, len(names)])]


def number(rng, dtype, character):
    if character == "wide":
        bound = LARGEST_EXPONENT[dtype]
        return rng.choice([-1, 1]) * 10 ** rng.uniform(-bound, bound)
    if character == "special" and rng.random() < 0.3:
        large = 10.0 ** LARGEST_EXPONENT[dtype]
        return rng.choice([0.0, -0.0, 0.0, SMALLEST[dtype], -3 * SMALLEST[dtype], large, -large, math.inf, -math.inf, math.nan])
    return 0.0 if character == "zeros" else rng.gauss(0, 1)


def tensor(rng, shape, dtype, character="normal"):
    numbers = [number(rng, dtype, character) for _ in range(math.prod(shape))]
    return torch.tensor(numbers, dtype=torch.float64).to(dtype).reshape(shape)


def add_tensors(rng, recording, shapes, dtypes, missing):
    names = rng.sample(NAMES, len(shapes)) if len(shapes) <= len(NAMES) else [f"p{i}" for i in range(len(shapes))]
    for name, shape in zip(names, shapes):
        dtype = rng.choice(dtypes)
        recording.params[name] = tensor(rng, shape, dtype)
        character = rng.choice(["normal", "normal", "wide", "special", "zeros"])
        for step in range(1, recording.steps + 1):
            if rng.random() >= missing:
                recording.grads[name, step] = tensor(rng, shape, dtype, rng.choice([character, "normal"]))


def random_case(name, kind, dtypes, implementation=None, steps=None, shapes=None):
    rng = random.Random(name)
    spec = {"optimizer": optimizer_options(rng, kind), "steps": steps or rng.randint(3, 9)}
    spec["record"] = "all" if rng.random() < 0.2 else rng.choice(["last", [1, spec["steps"]]])
    recording = Recording(name, spec)
    shapes = shapes or rng.sample(SHAPES, rng.randint(2, 5))
    add_tensors(rng, recording, shapes, [DTYPES[dtype] for dtype in dtypes], missing=rng.choice([0, 0.2]))
    if len(shapes) > 1 and rng.random() < 0.5:
        spec["groups"] = split_in_groups(rng, kind, list(recording.params))
    if rng.random() < 0.4 and implementation != "fused":
        spec["scheduler"] = scheduler_options(rng)
    if implementation:
        spec["implementation"] = implementation
    return recording


def scaled_case(name, kind, dtype, implementation=None):
    """With a gradient scaler: every gradient is there, and steps 3 and 5 are skipped."""
    rng = random.Random(name)
    spec = {"optimizer": optimizer_options(rng, kind), "steps": 6, "record": [2, 3, 5, 6]}
    recording = Recording(name, spec)
    add_tensors(rng, recording, rng.sample(SHAPES, 4), [DTYPES[dtype]], missing=0)
    recording.found_inf = {1: 0.0, 3: 1.0, 5: 2.0, 6: 0.0}
    recording.grad_scale = {step: rng.choice([1024.0, 3.0, 0.7]) for step in (1, 2, 3, 5, 6)}
    if implementation:
        spec["implementation"] = implementation
    return recording


def recordings():
    for dtype, count in (("f32", 8), ("f64", 5)):
        for kind in KINDS:
            yield from (random_case(f"{kind.lower()}-{dtype}-{i}", kind, [dtype]) for i in range(count))
    for kind in KINDS:
        yield random_case(f"{kind.lower()}-mixed", kind, ["f32", "f64"], shapes=[(5,), (), (33,), (2, 8)])
        yield random_case(f"{kind.lower()}-large", kind, ["f32"], steps=3, shapes=[(1000,), (7, 30)])
        yield random_case(f"{kind.lower()}-f32-long", kind, ["f32"], steps=60, shapes=[(5,), (3,)])
        yield random_case(f"{kind.lower()}-f64-long", kind, ["f64"], steps=60, shapes=[(2, 2), ()])
        yield scaled_case(f"{kind.lower()}-f32-scaled", kind, "f32")
        yield scaled_case(f"{kind.lower()}-f64-scaled", kind, "f64")
        for dtype in ("bf16", "f16"):
            for implementation in ("for_loop", "foreach", "fused"):
                for i in range(2):
                    yield random_case(f"{kind.lower()}-{dtype}-{implementation}-{i}", kind, [dtype], implementation)
            yield scaled_case(f"{kind.lower()}-{dtype}-fused-scaled", kind, dtype, "fused")
