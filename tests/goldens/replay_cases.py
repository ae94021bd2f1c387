"""The recordings that the goldens are made of: random options, shapes and gradients from fixed seeds."""

import math
import random

import torch
from recording import Recording

SHAPES = [(), (0,), (1,), (2,), (7,), (8,), (9,), (15,), (16,), (17,), (31,), (32,), (33,), (63,), (64,), (65,), (100,),
          (3, 5), (0, 4), (1, 1), (4, 9), (2, 3, 4), (5, 1, 7), (3, 0, 2)]
NAMES = ["w", "b", "layer.0.weight", "layer.10.weight", "höhe", "10", "9"]
DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
KINDS = ["SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "RMSprop", "Rprop", "ASGD", "NAdam", "RAdam"]
FUSED = ["SGD", "Adam", "AdamW", "Adagrad"]  # in torch, on the CPU
ADAM_LIKE = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]
LARGEST_EXPONENT = {torch.float64: 100, torch.float32: 30, torch.bfloat16: 30, torch.float16: 4}
SMALLEST = {torch.float64: 5e-324, torch.float32: 1e-45, torch.bfloat16: 1e-40, torch.float16: 6e-8}


def sgd_options(rng):
    options = {}
    if rng.random() < 0.75:
        options["momentum"] = rng.choice([0.9, 0.5, 1.0, rng.random()])
        if rng.random() < 0.4:
            options["nesterov"] = True
        elif rng.random() < 0.6:
            options["dampening"] = rng.choice([1, 0.3, rng.uniform(-0.5, 1.5)])
    return options


def some(rng, chance, **choices):
    """Each option with this chance, with one of its values."""
    return {key: rng.choice(values) for key, values in choices.items() if rng.random() < chance}


def adam_like(rng, **others):
    options = some(rng, 0.6, eps=[1e-3, 1e-6, 0, 10 ** rng.uniform(-12, 0)], **others)
    if rng.random() < 0.8:
        options["betas"] = [rng.choice([0.0, 0.3, 0.5, 0.9, rng.random()]), rng.choice([0.0, 0.5, 0.999, rng.random()])]
    return options


def own_options(rng, kind):
    """Those that only this class has, or a few."""
    match kind:
        case "SGD":
            return sgd_options(rng)
        case "Adam":
            return adam_like(rng) | some(rng, 0.4, amsgrad=[True], decoupled_weight_decay=[True])
        case "AdamW":
            return adam_like(rng) | some(rng, 0.4, amsgrad=[True])
        case "Adamax":
            return adam_like(rng)
        case "NAdam":
            return adam_like(rng, momentum_decay=[0, 0.1, 10 ** rng.uniform(-4, 0)]) | some(rng, 0.4, decoupled_weight_decay=[True])
        case "RAdam":
            return adam_like(rng) | some(rng, 0.4, decoupled_weight_decay=[True])
        case "Adagrad":
            return some(rng, 0.6, lr_decay=[0.1, 10 ** rng.uniform(-4, 1)], initial_accumulator_value=[0.1, 10 ** rng.uniform(-4, 1)], eps=[0, 1e-3])
        case "Adadelta":
            return some(rng, 0.6, rho=[0, 1, 0.5, rng.random()], eps=[1e-3, 10 ** rng.uniform(-8, 0)])
        case "RMSprop":
            return some(rng, 0.6, alpha=[0, 0.5, 1.0, rng.random()], eps=[1e-3, 10 ** rng.uniform(-8, 0)], momentum=[0.9, rng.random()], centered=[True])
        case "Rprop":
            return some(rng, 0.6, etas=[[0.3, 1.7], [rng.uniform(0.01, 0.99), rng.uniform(1.01, 3)]], step_sizes=[[1e-3, 0.1], [0, 1], [1e-5, 1e3]])
        case "ASGD":
            return some(rng, 0.6, lambd=[0, 0.1, 10 ** rng.uniform(-4, -1)], alpha=[0, 1.0, rng.random()], t0=[0, 1, 3.5, 2])


def optimizer_options(rng, kind):
    options = {"type": kind, "lr": 10 ** rng.uniform(-5, 0)} | own_options(rng, kind)
    if kind != "Rprop":
        options |= some(rng, 0.5, weight_decay=[0, 0.1, 10 ** rng.uniform(-4, -0.3)])
    options |= some(rng, 0.3, maximize=[True])
    if rng.random() < 0.1:
        options |= {"foreach": None} | ({"fused": None} if kind in FUSED else {})
    return options


def scheduler_options(rng):
    steps = {"type": "StepLR", "step_size": rng.randint(1, 4), "gamma": rng.choice([0.5, 0.9, 1.1])}
    cosine = {"type": "CosineAnnealingLR", "T_max": rng.randint(1, 7), "eta_min": rng.choice([0, 1e-4])}
    return rng.choice([steps, cosine, [steps, cosine]])


def group_options(rng, kind):
    extra = some(rng, 0.7, lr=[10 ** rng.uniform(-4, -0.5)]) | some(rng, 0.2, maximize=[True, False])
    if kind != "Rprop":
        extra |= some(rng, 0.5, weight_decay=[0, 0.05])
    if kind in ADAM_LIKE:
        extra |= some(rng, 0.4, betas=[[0.75, 0.95]])
    if kind == "SGD":
        extra |= some(rng, 0.3, momentum=[0.8]) | {"nesterov": False}
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


def recordings_of(kind):
    stem = kind.lower()
    for dtype, count in (("f32", 6), ("f64", 4)):
        yield from (random_case(f"{stem}-{dtype}-{i}", kind, [dtype]) for i in range(count))
    yield random_case(f"{stem}-mixed", kind, ["f32", "f64"], shapes=[(5,), (), (33,), (2, 8)])
    yield random_case(f"{stem}-large", kind, ["f32"], steps=3, shapes=[(1000,), (7, 30)])
    yield random_case(f"{stem}-f32-long", kind, ["f32"], steps=60, shapes=[(5,), (3,)])
    yield random_case(f"{stem}-f64-long", kind, ["f64"], steps=60, shapes=[(2, 2), ()])
    yield scaled_case(f"{stem}-f32-scaled", kind, "f32")
    yield scaled_case(f"{stem}-f64-scaled", kind, "f64")
    for dtype in ("bf16", "f16"):
        for implementation in ("for_loop", "foreach", "fused"):
            for i in range(2):
                yield random_case(f"{stem}-{dtype}-{implementation}-{i}", kind, [dtype], implementation)
        yield scaled_case(f"{stem}-{dtype}-fused-scaled", kind, dtype, "fused")


def recordings():
    """{stem: recordings}"""
    return {kind.lower(): list(recordings_of(kind)) for kind in KINDS}
