"""What torch makes of the spec of a schedule."""

import torch
from torch.optim.swa_utils import SWALR

FUNCTIONS = ("lr_lambda", "scale_fn")


def read_float(value):
    """A number of a spec, which may be {"$float": "nan"}."""
    return float(value["$float"]) if isinstance(value, dict) else value


def function_of(spec):
    if "table" in spec:
        return lambda epoch: spec["table"][min(epoch, len(spec["table"]) - 1)]
    base, scale = spec["power"]
    return lambda epoch: base ** (epoch * scale)


def option(name, value):
    if name in FUNCTIONS:
        return [function_of(one) for one in value] if isinstance(value, list) else function_of(value)
    return [read_float(one) for one in value] if isinstance(value, list) else read_float(value)


def make_scheduler(spec, optimizer):
    options = dict(spec)
    name = options.pop("type")
    if "schedulers" in options:
        members = [make_scheduler(member, optimizer) for member in options.pop("schedulers")]
        if name == "ChainedScheduler":
            return torch.optim.lr_scheduler.ChainedScheduler(members)
        return torch.optim.lr_scheduler.SequentialLR(optimizer, members, **options)
    kind = SWALR if name == "SWALR" else getattr(torch.optim.lr_scheduler, name)
    return kind(optimizer, **{key: option(key, value) for key, value in options.items()})


def make_schedulers(specs, optimizer):
    return [make_scheduler(spec, optimizer) for spec in (specs if isinstance(specs, list) else [specs])]


def columns(optimizer):
    """The names of what is recorded. Schedulers that drive momentum leave their bounds in the groups."""
    groups = optimizer.param_groups
    names = ["lr"]
    if "base_momentum" in groups[0]:
        names.append("beta1" if "betas" in groups[0] else "momentum")
    return [name if len(groups) == 1 else f"{name}.{i}" for name in names for i in range(len(groups))]


def values(optimizer):
    """The lr of every group, and the momentum if it is driven. TypeError for a complex number."""
    groups = optimizer.param_groups
    result = [group["lr"] for group in groups]
    if "base_momentum" in groups[0]:
        result += [group["betas"][0] if "betas" in group else group["momentum"] for group in groups]
    return [float(value) for value in result]


def arguments(scheduler, spec, step):
    """What the scheduler's step is given."""
    metrics = spec["metrics"][step:step + 1] if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau) else []
    return [read_float(value) for value in metrics] + spec.get("epochs", [])[step:step + 1]


def length(spec):
    return spec.get("steps", len(spec.get("metrics", spec.get("epochs", []))))


def run(spec):
    """The columns, then the numbers just after construction and after each step."""
    options = {key: read_float(value) for key, value in spec["optimizer"].items()}
    kind = getattr(torch.optim, options.pop("type"))
    groups = [{"params": [torch.zeros(1)], **group} for group in spec.get("groups", [{}])]
    optimizer = kind(groups, **options)
    schedulers = make_schedulers(spec["scheduler"], optimizer)
    yield columns(optimizer)
    yield values(optimizer)
    for step in range(length(spec)):
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step(*arguments(scheduler, spec, step))
        yield values(optimizer)


def table(spec):
    """As `ravine schedule` writes it. Whatever torch raises passes through."""
    names, *rows = run(spec)
    lines = [",".join(["step", *names])]
    lines += [",".join([str(step), *map(repr, row)]) for step, row in enumerate(rows)]
    return "\n".join(lines) + "\n"
