"""Specs of schedules by chance: every class with any of its options, alone, several on one optimizer, and one in another."""

MOST_GROUPS = 3


def pick(chance, *choices):
    return chance.choice(choices)


def real(chance, low, high):
    """Sometimes with few digits."""
    number = chance.uniform(low, high)
    return round(number, chance.choice((1, 2, 3))) if chance.random() < 0.4 else number


def per_group(chance, groups, draw):
    """A number, or a list with one for each group."""
    return draw() if chance.random() < 0.6 else [draw() for _ in range(groups)]


def function(chance, most=1.4):
    if chance.random() < 0.5:
        return {"table": [real(chance, 0.2, most) for _ in range(chance.randint(1, 8))]}
    return {"power": [real(chance, 0.5, most), pick(chance, 1, 0.5, 0.1)]}


def lambdas(chance, groups):
    return function(chance) if chance.random() < 0.6 else [function(chance) for _ in range(groups)]


def some(chance, options):
    """Each option by chance, and a value for those that are taken."""
    return {key: draw() for key, draw in options.items() if chance.random() < 0.6}


def step_lr(c, _):
    return {"step_size": pick(c, 1, 2, 3, 7, 10, -3), **some(c, {"gamma": lambda: real(c, 0.1, 1.3)})}


def multi_step_lr(c, _):
    return {"milestones": [c.randint(0, 30) for _ in range(c.randint(0, 5))], **some(c, {"gamma": lambda: real(c, 0.1, 1.3)})}


def constant_lr(c, _):
    return some(c, {"factor": lambda: real(c, 0.05, 1), "total_iters": lambda: c.randint(0, 12)})


def linear_lr(c, _):
    return some(c, {"start_factor": lambda: real(c, 0.1, 1), "end_factor": lambda: real(c, 0, 1), "total_iters": lambda: c.randint(1, 25)})


def exponential_lr(c, _):
    return {"gamma": real(c, 0.5, 1.1)}


def polynomial_lr(c, _):
    return some(c, {"total_iters": lambda: c.randint(1, 25), "power": lambda: pick(c, 0, 1, 2, 0.5, real(c, 0.1, 4))})


def cosine_annealing_lr(c, _):
    return {"T_max": c.randint(1, 25), **some(c, {"eta_min": lambda: real(c, 0, 0.02)})}


def cosine_annealing_warm_restarts(c, _):
    return {"T_0": c.randint(1, 12), **some(c, {"T_mult": lambda: pick(c, 1, 2, 3, 10), "eta_min": lambda: real(c, 0, 0.02)})}


def lambda_lr(c, groups):
    return {"lr_lambda": lambdas(c, groups)}


def momentum(c, groups):
    return some(c, {"base_momentum": lambda: per_group(c, groups, lambda: real(c, 0.5, 0.85)),
                    "max_momentum": lambda: per_group(c, groups, lambda: real(c, 0.85, 0.94))})


def cyclic_lr(c, groups):
    result = {"base_lr": per_group(c, groups, lambda: real(c, 0.001, 0.1)), "max_lr": per_group(c, groups, lambda: real(c, 0.1, 1)),
              "step_size_up": pick(c, 1, 2, 3, 5, 10, 2.5)}
    result |= some(c, {"step_size_down": lambda: pick(c, 0, 1, 2, 4, 7, 1.5), "mode": lambda: pick(c, "triangular", "triangular2", "exp_range"),
                       "gamma": lambda: real(c, 0.8, 1), "cycle_momentum": lambda: pick(c, True, False)})
    if c.random() < 0.2:
        result |= {"scale_fn": function(c, 1), "scale_mode": pick(c, "cycle", "iterations")}
    return result | momentum(c, groups)


def one_cycle_lr(c, groups):
    result = {"max_lr": per_group(c, groups, lambda: real(c, 0.01, 1))}
    result |= {"total_steps": c.randint(60, 90)} if c.random() < 0.5 else {"epochs": c.randint(6, 9), "steps_per_epoch": c.randint(10, 13)}
    result |= some(c, {"pct_start": lambda: pick(c, 0.0, 0.5, 1.0, real(c, 0.1, 0.9)), "anneal_strategy": lambda: pick(c, "cos", "linear"),
                       "cycle_momentum": lambda: pick(c, True, False), "div_factor": lambda: pick(c, 1, 10, 25.0),
                       "final_div_factor": lambda: pick(c, 1, 1e4), "three_phase": lambda: pick(c, True, False)})
    return result | momentum(c, groups)


def swa_lr(c, groups):
    return {"swa_lr": per_group(c, groups, lambda: real(c, 0.001, 0.1)),
            **some(c, {"anneal_epochs": lambda: c.randint(0, 20), "anneal_strategy": lambda: pick(c, "cos", "linear")})}


def plateau(c, groups):
    return some(c, {"mode": lambda: pick(c, "min", "max"), "factor": lambda: real(c, 0.1, 0.9), "patience": lambda: c.randint(0, 4),
                    "threshold": lambda: pick(c, 0, 1e-4, 0.1), "threshold_mode": lambda: pick(c, "rel", "abs"),
                    "cooldown": lambda: c.randint(0, 3), "min_lr": lambda: per_group(c, groups, lambda: real(c, 0, 0.01)),
                    "eps": lambda: pick(c, 0, 1e-8, 1e-3)})


LEAVES = {"LambdaLR": lambda_lr, "MultiplicativeLR": lambda_lr, "StepLR": step_lr, "MultiStepLR": multi_step_lr, "ConstantLR": constant_lr,
          "LinearLR": linear_lr, "ExponentialLR": exponential_lr, "PolynomialLR": polynomial_lr, "CosineAnnealingLR": cosine_annealing_lr,
          "CosineAnnealingWarmRestarts": cosine_annealing_warm_restarts, "CyclicLR": cyclic_lr, "OneCycleLR": one_cycle_lr, "SWALR": swa_lr}


def leaf(chance, groups, kind=None):
    kind = kind or chance.choice(list(LEAVES))
    return {"type": kind, **LEAVES[kind](chance, groups)}


def tree(chance, groups, depth):
    """A scheduler of schedulers, in which others of its kind come first."""
    kind = pick(chance, "SequentialLR", "ChainedScheduler")
    count = chance.randint(1, 4)
    members = [tree(chance, groups, depth - 1) if depth > 1 and i == 0 and chance.random() < 0.5 else leaf(chance, groups) for i in range(count)]
    result = {"type": kind, "schedulers": members}
    if kind == "SequentialLR":
        steps = [chance.randint(0, 40) for _ in range(count - 1)]
        result["milestones"] = steps if chance.random() < 0.1 else sorted(steps)
    return result


def optimizer(chance):
    kind = pick(chance, "SGD", "SGD", "Adam", "AdamW", "RMSprop", "NAdam")
    return {"type": kind, "lr": real(chance, 0.01, 1), **({"momentum": pick(chance, 0, 0.9)} if kind in ("SGD", "RMSprop") else {})}


def metrics(chance, count):
    level, result = real(chance, -3, 10), []
    for _ in range(count):
        level *= pick(chance, 1, 1, 0.9, 0.99, 1.05)
        result.append({"$float": pick(chance, "nan", "inf", "-inf")} if chance.random() < 0.06 else level)
    return result


def whole(chance, scheduler, steps):
    """A spec with these schedulers for some groups."""
    groups = chance.choice((1, 1, 2, MOST_GROUPS))
    spec = {"optimizer": optimizer(chance)}
    if groups > 1:
        spec["groups"] = [some(chance, {"lr": lambda: real(chance, 0.01, 1)}) for _ in range(groups)]
    return spec | {"scheduler": scheduler(groups), "steps": steps}


def alone(chance, kind, steps):
    return whole(chance, lambda groups: leaf(chance, groups, kind), steps)


def by_epochs(chance, kind, steps):
    spec = alone(chance, kind, steps)
    fractions = kind == "CosineAnnealingWarmRestarts"
    table = "lr_lambda" in spec["scheduler"] or "scale_fn" in spec["scheduler"]
    low = 0 if fractions or table else -3
    epochs = []
    for step in range(steps):
        epoch = pick(chance, step, step, chance.randint(low, 55))
        epochs.append(epoch + real(chance, 0, 1) if fractions and chance.random() < 0.5 else epoch)
    return spec | {"epochs": epochs}


def several(chance, steps):
    return whole(chance, lambda groups: [leaf(chance, groups) for _ in range(chance.randint(2, 4))], steps)


def composed(chance, steps, depth=3):
    return whole(chance, lambda groups: tree(chance, groups, depth), steps)


def by_metrics(chance, steps):
    def schedulers(groups):
        result = [{"type": "ReduceLROnPlateau", **plateau(chance, groups)}]
        others = [leaf(chance, groups) for _ in range(chance.randint(1, 2))] if chance.random() < 0.3 else []
        chance.shuffle(result := result + others)
        return result if others else result[0]

    spec = whole(chance, schedulers, steps) | {"metrics": metrics(chance, steps)}
    if isinstance(spec["scheduler"], dict) and chance.random() < 0.2:
        spec["epochs"] = [chance.randint(0, 50) for _ in range(steps)]
    return spec
