"""The goldens of `ravine minimize`: where torch's optimizers go."""

import json

import functions
import numpy
import torch
from recording import tuples
from torch_run import correctly_rounded_roots
from torch_schedule import make_schedulers, read_float

PLANE = [-1.5, 2.0]
STARTS = {"rosenbrock": [PLANE, [0.3, -0.7, 1.9, -1.1, 0.5]], "beale": [[1.0, 1.0]], "himmelblau": [[-0.3, -1.0], [0.1, 0.1]],
          "sphere": [[10.0], [3.0, -4.0, 0.5]], "quadratic": [[1.0, -2.0, 3.0]], "rastrigin": [[0.4, -0.3]],
          "styblinski_tang": [[0.2, -0.4, 1.5, 0.7]]}
CURVATURE = [1.0, 30.0, 900.0]
WOLFE = {"line_search_fn": "strong_wolfe"}


def case(function, start, steps, optimizer, **more):
    spec = {"function": function, "start": start, "optimizer": optimizer, "steps": steps, **more}
    return spec | ({"curvature": CURVATURE} if function == "quadratic" else {})


def lbfgs(function, steps, start=None, **options):
    """LBFGS on a function; `dtype` and `scheduler` are keys of the spec."""
    more = {key: options.pop(key) for key in ("dtype", "scheduler") if key in options}
    return case(function, start or STARTS[function][0], steps, {"type": "LBFGS", **options}, **more)


def on_every_function():
    for function, starts in STARTS.items():
        for i, start in enumerate(starts):
            yield f"lbfgs-{function}-{i}-wolfe", lbfgs(function, 4, start, max_iter=6, **WOLFE)
            lr = {"rosenbrock": 0.001, "beale": 0.02, "quadratic": 0.5}.get(function, 0.05)
            yield f"lbfgs-{function}-{i}-fixed", lbfgs(function, 3, start, lr=lr, max_iter=5)


OPTIONS = {
    "defaults": lbfgs("styblinski_tang", 3, lr=0.1),
    "defaults-wolfe": lbfgs("rosenbrock", 3, **WOLFE),
    "one-iteration": lbfgs("rosenbrock", 12, max_iter=1, **WOLFE),
    "no-iteration": lbfgs("rosenbrock", 2, max_iter=0),
    "one-evaluation": lbfgs("rosenbrock", 4, max_eval=1, **WOLFE),
    "few-evaluations": lbfgs("beale", 4, max_eval=4, lr=0.05),
    "history-1": lbfgs("rosenbrock", 6, history_size=1, max_iter=7, **WOLFE),
    "history-3": lbfgs("rosenbrock", 5, STARTS["rosenbrock"][1], history_size=3, max_iter=8, **WOLFE),
    "history-3-fixed": lbfgs("quadratic", 4, history_size=3, max_iter=8, lr=0.3),
    "tolerance-grad": lbfgs("rosenbrock", 4, tolerance_grad=0.5, **WOLFE),
    "tolerance-grad-inf": lbfgs("rosenbrock", 2, tolerance_grad={"$float": "inf"}),
    "tolerance-change": lbfgs("beale", 4, tolerance_change=0.01, **WOLFE),
    "tolerance-change-huge": lbfgs("beale", 3, tolerance_change=1e9, **WOLFE),
    "lr-small-wolfe": lbfgs("rosenbrock", 3, lr=1e-3, max_iter=5, **WOLFE),
    "lr-large-wolfe": lbfgs("rosenbrock", 3, lr=50, max_iter=5, **WOLFE),
    "lr-zero": lbfgs("sphere", 2, lr=0),
    "diverging": lbfgs("rosenbrock", 3, lr=1, max_iter=3),
    "scheduled": lbfgs("styblinski_tang", 6, lr=0.2, max_iter=3, scheduler={"type": "StepLR", "step_size": 2, "gamma": 0.5}),
    "at-the-minimum": lbfgs("sphere", 2, [0.0, 0.0], **WOLFE),
    "nan-start": lbfgs("sphere", 2, [{"$float": "nan"}, 1.0]),
    "f32-wolfe": lbfgs("rosenbrock", 3, max_iter=4, dtype="f32", **WOLFE),
    "f32-fixed": lbfgs("beale", 3, lr=0.02, max_iter=4, dtype="f32"),
    "f32-first-step": lbfgs("sphere", 1, [0.25, 0.125], lr=0.3, max_iter=1, dtype="f32"),
}

ELEMENTWISE = {
    "sgd": {"type": "SGD", "lr": 1e-3, "momentum": 0.9, "nesterov": True},
    "adam": {"type": "Adam", "lr": 0.02, "amsgrad": True},
    "adamw": {"type": "AdamW", "lr": 0.05, "betas": [0.7, 0.9]},
}


def cases():
    yield from on_every_function()
    for name, spec in OPTIONS.items():
        yield f"lbfgs-{name}", spec
    for name, optimizer in ELEMENTWISE.items():
        for dtype in ("f64", "f32"):
            yield f"{name}-rosenbrock-{dtype}", case("rosenbrock", PLANE, 60, optimizer, dtype=dtype)
        yield f"{name}-scheduled", case("quadratic", [1.0, -2.0, 3.0], 30, optimizer, scheduler={"type": "CosineAnnealingLR", "T_max": 20})


def row(step, value, gradient, evals, x):
    norm = numpy.sqrt(numpy.sum(gradient.astype(numpy.float64)**2))
    return [str(step), repr(float(value)), repr(float(norm)), str(evals), *(repr(float(number)) for number in x)]


def rows(spec):
    """The point at the start and after each step."""
    function, curvature = getattr(functions, spec["function"]), spec.get("curvature")
    dtype = torch.float32 if spec.get("dtype") == "f32" else torch.float64
    x = torch.tensor([read_float(number) for number in spec["start"]], dtype=dtype)
    options = {key: read_float(value) for key, value in tuples(spec["optimizer"]).items()}
    optimizer = getattr(torch.optim, options.pop("type"))([x], **options)
    schedulers = make_schedulers(spec.get("scheduler", []), optimizer)
    evals = 0

    def closure():
        nonlocal evals
        evals += 1
        value, gradient = function(x.numpy(), curvature)
        x.grad = torch.from_numpy(gradient.astype(x.numpy().dtype))
        return torch.tensor(value, dtype=dtype)

    for step in range(spec["steps"] + 1):
        if step > 0:
            optimizer.step(closure)
            for scheduler in schedulers:
                scheduler.step()
        yield row(step, *function(x.numpy(), curvature), evals, x)


def write(folder):
    with torch.no_grad(), correctly_rounded_roots(), numpy.errstate(all="ignore"):
        for name, spec in cases():
            header = ["step", "loss", "grad_norm", "evals", *(f"x{i}" for i in range(len(spec["start"])))]
            (folder / f"{name}.json").write_text(json.dumps(spec) + "\n")
            (folder / f"{name}.expected.csv").write_text("".join(",".join(cells) + "\n" for cells in [header, *rows(spec)]))
