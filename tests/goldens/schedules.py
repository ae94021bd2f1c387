"""The goldens of `ravine schedule`: torch's learning rates over many steps."""

import json
import random
import warnings

import schedule_specs
from torch_schedule import table

SGD = {"type": "SGD", "lr": 0.1}
SGD_MOMENTUM = {**SGD, "momentum": 0.9}
RANDOM_CASES = 6  # of each kind


def step_lr(step_size, **options):
    return {"type": "StepLR", "step_size": step_size, **options}


def cosine(t_max, **options):
    return {"type": "CosineAnnealingLR", "T_max": t_max, **options}


def one_cycle(**options):
    return {"type": "OneCycleLR", "max_lr": 0.1, **options}


def cyclic(**options):
    return {"type": "CyclicLR", "base_lr": 0.01, "max_lr": 0.1, **options}


def sequence(milestones, *schedulers):
    return {"type": "SequentialLR", "schedulers": list(schedulers), "milestones": milestones}


def chain(*schedulers):
    return {"type": "ChainedScheduler", "schedulers": list(schedulers)}


def linear(**options):
    return {"type": "LinearLR", **options}


def exponential(gamma):
    return {"type": "ExponentialLR", "gamma": gamma}


def constant(factor, total_iters):
    return {"type": "ConstantLR", "factor": factor, "total_iters": total_iters}


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

LONG = {
    "exponential-thousands": {"optimizer": SGD, "scheduler": exponential(0.9995), "steps": 3000},
    "linear-thousands": {"optimizer": SGD, "scheduler": linear(start_factor=0.01, total_iters=2000), "steps": 2100},
    "polynomial-thousands": {"optimizer": SGD, "scheduler": {"type": "PolynomialLR", "total_iters": 2000, "power": 0.9}, "steps": 2010},
    "restarts-thousands": {"optimizer": SGD, "scheduler": {"type": "CosineAnnealingWarmRestarts", "T_0": 7, "T_mult": 2, "eta_min": 1e-4}, "steps": 2000},
    "one-cycle-thousands": {"optimizer": {"type": "Adam"}, "scheduler": one_cycle(epochs=20, steps_per_epoch=100), "steps": 1999},
    "cyclic-thousands": {"optimizer": SGD_MOMENTUM, "scheduler": cyclic(step_size_up=300, mode="triangular2"), "steps": 2000},
    "warmup-cosine-thousands": {"optimizer": SGD, "scheduler": sequence([200], linear(start_factor=0.01, total_iters=200), cosine(1800)), "steps": 2000},
}
# The tables and traps of the behaviour that was measured.
NOTED = {
    "one-cycle-ten": {"optimizer": SGD, "scheduler": one_cycle(total_steps=10), "steps": 10},
    "one-cycle-three-phases": {"optimizer": SGD_MOMENTUM, "scheduler": one_cycle(total_steps=10, pct_start=0.4, anneal_strategy="linear", three_phase=True), "steps": 10},
    "one-cycle-never-rises": {"optimizer": SGD, "scheduler": one_cycle(total_steps=10, pct_start=0.0), "steps": 9},
    "one-cycle-only-rises": {"optimizer": SGD, "scheduler": one_cycle(total_steps=10, pct_start=1.0), "steps": 9},
    "cyclic-momentum": {"optimizer": SGD, "scheduler": cyclic(step_size_up=2, step_size_down=2), "steps": 9},
    "cyclic-second": {"optimizer": SGD, "scheduler": [cosine(20), cyclic(step_size_up=3)], "steps": 30},
    "restarts-rounded": {"optimizer": SGD, "scheduler": {"type": "CosineAnnealingWarmRestarts", "T_0": 10, "T_mult": 3}, "epochs": [1209, 1210, 1211, 10, 0.5]},
    "restarts-mixed": {"optimizer": SGD, "scheduler": {"type": "CosineAnnealingWarmRestarts", "T_0": 4, "T_mult": 2}, "epochs": [i / 10 for i in range(300)]},
    "multiplicative-repeated": {"optimizer": SGD, "scheduler": {"type": "MultiplicativeLR", "lr_lambda": {"table": [0.5]}}, "epochs": [2, 2, 2]},
    "chain-first": {"optimizer": SGD, "scheduler": sequence([3], chain(exponential(0.5)), constant(0.5, 2)), "steps": 8},
    "sequence-first": {"optimizer": SGD, "scheduler": sequence([4], sequence([2], constant(0.5, 3), exponential(0.5)), linear()), "steps": 8},
    "sequence-at-zero": {"optimizer": SGD, "scheduler": sequence([0], constant(0.1, 5), exponential(0.9)), "steps": 8},
    "sequence-together": {"optimizer": SGD, "scheduler": sequence([3, 3], constant(0.1, 5), linear(), exponential(0.9)), "steps": 8},
    "sequence-multiplicative": {"optimizer": SGD, "scheduler": sequence([2], constant(0.1, 5), {"type": "MultiplicativeLR", "lr_lambda": {"table": [0.5]}}), "steps": 8},
    "sequence-swa": {"optimizer": SGD, "scheduler": sequence([2], constant(0.5, 5), {"type": "SWALR", "swa_lr": 0.02, "anneal_epochs": 4, "anneal_strategy": "linear"}), "steps": 9},
    "swa-at-once": {"optimizer": SGD, "scheduler": {"type": "SWALR", "swa_lr": 0.05, "anneal_epochs": 0}, "steps": 3},
    "overwritten": {"optimizer": SGD, "scheduler": [exponential(0.5), {"type": "LambdaLR", "lr_lambda": {"power": [0.9, 1]}}], "steps": 6},
    "total-iters-zero": {"optimizer": SGD, "scheduler": [constant(0.5, 0), linear(start_factor=0.5, total_iters=0)], "steps": 4},
    "plateau-small": {"optimizer": {"type": "SGD", "lr": 1e-8}, "scheduler": {"type": "ReduceLROnPlateau", "patience": 0}, "metrics": [1, 1, 1]},
    "plateau-negative": {"optimizer": SGD, "scheduler": {"type": "ReduceLROnPlateau", "patience": 0, "threshold": 0.1}, "metrics": [-1, -0.95, -0.92, -0.9]},
}


def drawn(kind, draw):
    """Some cases that torch accepts."""
    chance, result = random.Random(kind), {}
    while len(result) < RANDOM_CASES:
        spec = draw(chance)
        try:
            table(spec)
        except (ArithmeticError, KeyError, TypeError, ValueError):
            continue
        result[f"{kind}-{len(result)}"] = spec
    return result


def archives():
    """{name of an archive: {name of a case: spec}}"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = {"chosen": CASES, "long": LONG, "noted": NOTED}
        for kind in schedule_specs.LEAVES:
            result[kind] = (drawn(kind, lambda chance, kind=kind: schedule_specs.alone(chance, kind, 50)) |
                            drawn(f"{kind}-epochs", lambda chance, kind=kind: schedule_specs.by_epochs(chance, kind, 20)))
        result["ReduceLROnPlateau"] = drawn("plateau", lambda chance: schedule_specs.by_metrics(chance, 60))
        result["several"] = drawn("several", lambda chance: schedule_specs.several(chance, 50))
        for depth in (1, 2, 3):
            result[f"composed-{depth}"] = drawn(f"composed-{depth}", lambda chance, depth=depth: schedule_specs.composed(chance, 50, depth))
        return result


def write(cases, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about explicit epochs
        for name, spec in cases.items():
            (folder / f"{name}.json").write_text(json.dumps(spec) + "\n")
            (folder / f"{name}.expected.csv").write_text(table(spec))
