"""The goldens of `ravine schedule`: torch's learning rates over many steps."""

import json
import warnings

import torch
from torch_run import make_schedulers

SGD = {"type": "SGD", "lr": 0.1}


def step_lr(step_size, **options):
    return {"type": "StepLR", "step_size": step_size, **options}


def cosine(t_max, **options):
    return {"type": "CosineAnnealingLR", "T_max": t_max, **options}


CASES = {
    "step-default": {"optimizer": SGD, "scheduler": step_lr(10), "steps": 45},
    "step-every-step": {"optimizer": {"type": "AdamW"}, "scheduler": step_lr(1, gamma=0.97), "steps": 3000},
    "step-growing": {"optimizer": SGD, "scheduler": step_lr(7, gamma=1.7), "steps": 2000},
    "step-alternating": {"optimizer": SGD, "scheduler": step_lr(2, gamma=-0.5), "steps": 20},
    "step-to-zero": {"optimizer": SGD, "scheduler": step_lr(3, gamma=0), "steps": 10},
    "step-negative-size": {"optimizer": SGD, "scheduler": step_lr(-4, gamma=0.5), "steps": 20},
    "step-subnormal": {"optimizer": {"type": "SGD", "lr": 1e-300}, "scheduler": step_lr(1, gamma=0.37), "steps": 60},
    "step-infinite-lr": {"optimizer": {"type": "SGD", "lr": {"$float": "inf"}}, "scheduler": step_lr(2, gamma=0), "steps": 5},
    "step-epochs": {"optimizer": SGD, "scheduler": step_lr(3, gamma=0.9), "epochs": [0, 1, 2, 3, 3, 7, 5, 100, 0, 6000, -1, -7]},
    "cosine-period": {"optimizer": {"type": "Adam", "lr": 3e-4}, "scheduler": cosine(50), "steps": 50},
    "cosine-periods": {"optimizer": SGD, "scheduler": cosine(7, eta_min=0.003), "steps": 100},
    "cosine-thousands": {"optimizer": SGD, "scheduler": cosine(1000, eta_min=1e-5), "steps": 2500},
    "cosine-one": {"optimizer": SGD, "scheduler": cosine(1), "steps": 9},
    "cosine-upwards": {"optimizer": SGD, "scheduler": cosine(9, eta_min=2), "steps": 30},
    "cosine-negative-floor": {"optimizer": SGD, "scheduler": cosine(6, eta_min=-0.1), "steps": 30},
    "cosine-zero-lr": {"optimizer": {"type": "Adam", "lr": 0}, "scheduler": cosine(5, eta_min=0.01), "steps": 12},
    "cosine-epochs": {"optimizer": SGD, "scheduler": cosine(11, eta_min=1e-3), "epochs": [0, 1, 2, 11, 12, 22, 3, 3, -5, 1000003]},
    "groups": {"optimizer": {"type": "AdamW", "lr": 1e-3}, "groups": [{}, {"lr": 0.02}, {"lr": 0.3, "weight_decay": 0}],
               "scheduler": cosine(13), "steps": 40},
    "groups-step": {"optimizer": SGD, "groups": [{"lr": 1}, {"lr": 0}, {}], "scheduler": step_lr(5, gamma=0.3), "steps": 21},
    "several": {"optimizer": SGD, "scheduler": [step_lr(4, gamma=0.8), cosine(9)], "steps": 40},
    "several-reversed": {"optimizer": SGD, "scheduler": [cosine(9), step_lr(4, gamma=0.8)], "steps": 40},
    "several-alike": {"optimizer": {"type": "Adam", "lr": 0.7}, "groups": [{}, {"lr": 0.01}],
                      "scheduler": [cosine(8, eta_min=1e-3), cosine(5), step_lr(3)], "steps": 30},
    "several-steps": {"optimizer": SGD, "scheduler": [step_lr(2, gamma=0.9), step_lr(3, gamma=1.1)], "steps": 1000},
}


def read_float(value):
    return float(value["$float"]) if isinstance(value, dict) else value


def rows(spec):
    """The lr of every group just after construction and after each step."""
    options = {key: read_float(value) for key, value in spec["optimizer"].items()}
    kind = getattr(torch.optim, options.pop("type"))
    groups = [{"params": [torch.zeros(1)], **group} for group in spec.get("groups", [{}])]
    optimizer = kind(groups, **options)
    schedulers = make_schedulers(spec["scheduler"], optimizer)
    yield [group["lr"] for group in optimizer.param_groups]
    for step in range(spec.get("steps", len(spec.get("epochs", [])))):
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step(*spec.get("epochs", [])[step:step + 1])
        yield [group["lr"] for group in optimizer.param_groups]


def table(spec):
    groups = len(spec.get("groups", [{}]))
    lines = ["step," + ("lr" if groups == 1 else ",".join(f"lr.{i}" for i in range(groups)))]
    lines += [",".join([str(step), *(repr(float(lr)) for lr in lrs)]) for step, lrs in enumerate(rows(spec))]
    return "\n".join(lines) + "\n"


def write(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about explicit epochs
        for name, spec in CASES.items():
            (folder / f"{name}.json").write_text(json.dumps(spec) + "\n")
            (folder / f"{name}.expected.csv").write_text(table(spec))
