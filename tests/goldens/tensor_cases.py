"""The recordings of the optimizers that are not elementwise: Adafactor, Muon, SparseAdam."""

import random

import torch
from recording import Recording
from replay_cases import DTYPES, NAMES, tensor

FACTORED = [(3, 5), (7, 2), (1, 1), (1, 9), (2, 3, 4), (33, 17), (2, 2, 3, 3), (), (1,), (5,), (40,)]
MATRICES = [(4, 4), (3, 7), (9, 2), (1, 6), (6, 1), (1, 1), (16, 10)]
TABLES = [(5,), (7, 3), (10, 1), (4, 2, 3), (33, 8)]
# Sums are in another order than torch's; half types also have other tails.
ROUNDING = {"f64": [1e-12, 1e-14], "f32": [1e-6, 1e-7], "bf16": [2e-2, 1e-3], "f16": [4e-3, 1e-4]}
# What one bfloat16 that rounds the other way does to an element of an orthogonal matrix, for small ones.
FLIP = 0.004


def adafactor_options(rng):
    options = {"type": "Adafactor", "lr": 10 ** rng.uniform(-3, -0.5)}
    if rng.random() < 0.5:
        options["beta2_decay"] = rng.choice([-0.5, -1.0, 0.0, -0.9])
    if rng.random() < 0.6:
        options["eps"] = rng.choice([[None, 1e-3], [1e-6, 1e-2], [None, 0.5], [1e-3, 0.0]])
    if rng.random() < 0.4:
        options["d"] = rng.choice([1.0, 1.5, 3.0])
    if rng.random() < 0.5:
        options["weight_decay"] = rng.choice([0.1, 0.01])
    if rng.random() < 0.3:
        options["maximize"] = True
    return options


def muon_options(rng):
    options = {"type": "Muon", "lr": 10 ** rng.uniform(-3, -1)}
    if rng.random() < 0.5:
        options["weight_decay"] = rng.choice([0.0, 0.01])
    if rng.random() < 0.5:
        options["momentum"] = rng.choice([0.0, 0.5, 0.9, 1.0])
    if rng.random() < 0.4:
        options["nesterov"] = False
    if rng.random() < 0.3:
        options["ns_steps"] = rng.choice([0, 1, 3])
    if rng.random() < 0.2:
        options["ns_coefficients"] = [2.0, -1.5, 0.5]
    if rng.random() < 0.6:
        options["adjust_lr_fn"] = rng.choice(["original", "match_rms_adamw", "spectral_unclamped"])
    return options


def sparse_adam_options(rng):
    options = {"type": "SparseAdam", "lr": 10 ** rng.uniform(-4, -0.5)}
    if rng.random() < 0.6:
        options["betas"] = [rng.choice([0.0, 0.5, 0.9]), rng.choice([0.0, 0.9, 0.99])]
    if rng.random() < 0.5:
        options["eps"] = 10 ** rng.uniform(-10, -2)
    if rng.random() < 0.3:
        options["maximize"] = True
    return options


def dense_case(name, options, dtypes, shapes, implementation):
    rng = random.Random(name)
    spec = {"optimizer": options(rng), "steps": rng.randint(3, 6), "record": "last", "implementation": implementation}
    recording = Recording(name, spec)
    chosen = rng.sample(shapes, min(len(shapes), len(NAMES), rng.randint(3, 5)))
    for parameter, shape in zip(rng.sample(NAMES, len(chosen)), chosen):
        dtype = DTYPES[rng.choice(dtypes)]
        recording.params[parameter] = tensor(rng, shape, dtype)
        for step in range(1, spec["steps"] + 1):
            if rng.random() < 0.9:
                recording.grads[parameter, step] = tensor(rng, shape, dtype)
    if rng.random() < 0.4:
        names = list(recording.params)
        spec["groups"] = [{"params": names[:1], "lr": 0.05}, {"params": names[1:], "weight_decay": 0.2}]
    return recording


def adafactor_case(name, dtype, implementation):
    recording = dense_case(name, adafactor_options, [dtype], FACTORED, implementation)
    recording.tolerance = {"param": ROUNDING[dtype], "state": ROUNDING[dtype]}
    return recording


def muon_case(name, dtype):
    recording = dense_case(name, muon_options, [dtype], MATRICES, "for_loop")
    options = recording.spec["optimizer"]
    lr = max(options["lr"], 0.05 if "groups" in recording.spec else 0)
    largest_ratio = 3  # sqrt of the largest ratio of sides, and more than 0.2 * sqrt(16)
    recording.tolerance = {"param": [ROUNDING[dtype][0] if dtype in ("bf16", "f16") else 0, FLIP * lr * largest_ratio * recording.steps],
                           "state": [1e-2, 1e-3] if dtype in ("bf16", "f16") else [0, 0]}
    return recording


def sparse_gradient(rng, shape, dtype, sparse_dim=None):
    """At most two values at one place: torch adds more in an order that is not the storage order."""
    sparse_dim = sparse_dim or rng.randint(1, len(shape))
    places = [()]
    for size in shape[:sparse_dim]:
        places = [(*place, i) for place in places for i in range(size)]
    chosen = rng.sample(places, rng.randint(0, min(len(places), 12)))
    chosen += rng.sample(chosen, len(chosen) // 3)
    rng.shuffle(chosen)
    indices = torch.tensor(chosen, dtype=torch.int64).reshape(len(chosen), sparse_dim).T.contiguous()
    return indices, tensor(rng, (len(chosen), *shape[sparse_dim:]), dtype, rng.choice(["normal", "normal", "wide"]))


def sparse_rows_options(rng, kind):
    """Of classes that take dense gradients too."""
    options = {"type": kind, "lr": 10 ** rng.uniform(-3, 0)}
    if kind == "Adagrad":
        options |= {"lr_decay": rng.choice([0, 0.1]), "initial_accumulator_value": rng.choice([0, 0.3]), "eps": rng.choice([1e-10, 1e-3])}
    if kind == "SGD" and rng.random() < 0.7:
        options["momentum"] = rng.choice([0.9, 0.5])
        options |= rng.choice([{}, {"dampening": 0.3}, {"nesterov": True}])
    if rng.random() < 0.3:
        options["maximize"] = True
    return options


def sparse_case(name, dtypes, kind="SparseAdam"):
    rng = random.Random(name)
    options = sparse_adam_options(rng) if kind == "SparseAdam" else sparse_rows_options(rng, kind)
    recording = Recording(name, {"optimizer": options, "steps": rng.randint(3, 8), "record": rng.choice(["last", "all"]),
                                 "implementation": "for_loop"})
    for parameter, shape in zip(NAMES, rng.sample(TABLES, 3)):
        dtype = DTYPES[rng.choice(dtypes)]
        recording.params[parameter] = tensor(rng, shape, dtype)
        # Those of a sparse buffer must stay.
        sparse_dim = rng.randint(1, len(shape)) if "momentum" in options else None
        for step in range(1, recording.steps + 1):
            if rng.random() < 0.85:
                recording.grads[parameter, step] = sparse_gradient(rng, shape, dtype, sparse_dim)
    return recording


def recordings():
    """{stem: recordings}"""
    adafactor = [adafactor_case(f"adafactor-{dtype}-{implementation}-{i}", dtype, implementation)
                 for dtype in DTYPES for implementation in ("for_loop", "foreach") for i in range(4 if dtype[0] == "f" else 2)]
    muon = [muon_case(f"muon-{dtype}-{i}", dtype) for dtype in DTYPES for i in range(3)]
    sparse = [sparse_case(f"sparseadam-f32-{i}", ["f32"]) for i in range(4)] + [sparse_case(f"sparseadam-f64-{i}", ["f64"]) for i in range(2)]
    rows = [sparse_case(f"{kind.lower()}-sparse-{dtype}-{i}", [dtype], kind)
            for kind, count in (("SGD", 6), ("Adagrad", 2)) for dtype in ("f32", "f64") for i in range(count)]
    return {"sparse-rows": rows, "adafactor": adafactor, "muon": muon, "sparseadam": [*sparse, sparse_case("sparseadam-mixed", ["f32", "f64"])]}
