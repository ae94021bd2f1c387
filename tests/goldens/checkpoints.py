"""The goldens of torch's checkpoints: files of torch.save, and what `ravine inspect` must say of each."""

import json
import re
import sys
import zlib
from collections import Counter, OrderedDict

import torch
from torch.optim import lr_scheduler

OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}), "adam": (torch.optim.Adam, {"amsgrad": True}), "adamw": (torch.optim.AdamW, {}),
    "adagrad": (torch.optim.Adagrad, {}), "adadelta": (torch.optim.Adadelta, {}), "adamax": (torch.optim.Adamax, {}),
    "rmsprop": (torch.optim.RMSprop, {"momentum": 0.9, "centered": True}), "rprop": (torch.optim.Rprop, {}), "asgd": (torch.optim.ASGD, {}),
    "nadam": (torch.optim.NAdam, {}), "radam": (torch.optim.RAdam, {}), "adafactor": (torch.optim.Adafactor, {}), "lbfgs": (torch.optim.LBFGS, {}),
}


def interned(value):
    """The same value, in which equal strings are one object: what a pickle recalls depends on that."""
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, (list, tuple, set)):
        return type(value)(interned(item) for item in value) if type(value) is not torch.Size else value
    if isinstance(value, dict):
        copy = type(value)()
        for key, item in value.items():
            copy[interned(key)] = interned(item)
        if hasattr(value, "_metadata"):
            copy._metadata = interned(value._metadata)
        return copy
    return value


def fill(value):
    """Numbers that no CPU disputes, in every tensor."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        with torch.no_grad():
            value.copy_(torch.arange(value.numel()).reshape(value.shape) / 8 + 1)
    elif isinstance(value, dict):
        for item in value.values():
            fill(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            fill(item)


def network():
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1))
    fill(model.state_dict())
    return model


def optimizer_state(name):
    cls, options = OPTIMIZERS[name]
    model = network()
    optimizer = cls(model.parameters(), **options)

    def closure():
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, 0.25)
        return 1.0

    for _ in range(2):
        optimizer.step(closure)
    state = optimizer.state_dict()
    fill(state["state"])
    return state


def checkpoint():
    """Everything that a training saves, of named parameters."""
    model = network()
    optimizer = torch.optim.AdamW([{"params": list(model.named_parameters())[:2], "lr": 0.5}, {"params": list(model.named_parameters())[2:]}])
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    scheduler = lr_scheduler.MultiStepLR(optimizer, [2, 4, 4])
    optimizer.step()
    fill(optimizer.state_dict()["state"])
    return interned({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(), "epoch": 3,
                     "best": float("inf"), "notes": None})


def schedulers():
    def make(cls, *arguments, **options):
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9)
        return cls(optimizer, *arguments, **options).state_dict()

    one = {"step": (lr_scheduler.StepLR, 3), "plateau": (lr_scheduler.ReduceLROnPlateau,), "one_cycle": (lr_scheduler.OneCycleLR, 0.1, 10),
           "cyclic": (lr_scheduler.CyclicLR, 0.01, 0.1), "warm_restarts": (lr_scheduler.CosineAnnealingWarmRestarts, 4)}
    return interned({name: make(*case) for name, case in one.items()})


SCALARS = [0, 255, 256, 65535, 65536, -1, -128, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**63 - 1, -2**63, 2**39, -2**39, 0.0, -0.0, 5e-324, 0.1,
           float("inf"), -float("inf"), float("nan"), None, True, False, "", "cpu", "0", "storage", "é\u20ac\U0001F600\n\u001b", (), (1,), (1, 2),
           (1, 2, 3), (1, 2, 3, 4), [], [1], [1, 2], {}, {"a": 1}, {1: 2, (3, "b"): [4]}, OrderedDict(), OrderedDict(a=1), Counter({2: 1, 4: 2}),
           b"\0\x7f\x80\xff", {1}]


def batches():
    return [list(range(1000)), list(range(1001)), [0.5] * 2500, {i: i for i in range(1000)}, {i: -i for i in range(1001)},
            OrderedDict((i, None) for i in range(1000)), OrderedDict((i, None) for i in range(1001)), {f"key {i}": f"value {i % 300}" for i in range(600)}]


def views():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return {"whole": base, "again": base.view(24), "transposed": base.t(), "tail": base[3:], "scalar": torch.tensor(2.5), "empty": torch.zeros(0),
            "empty rows": torch.zeros(0, 3), "expanded": torch.ones(1, 3).expand(4, 3), "permuted": torch.arange(6.0).reshape(1, 2, 3).permute(2, 0, 1)}


def dtypes():
    names = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "complex64", "complex128")
    tensors = {name: torch.arange(5).to(getattr(torch, name)) for name in names}
    return {**tensors, "bool": torch.tensor([[True, False]])}


def legacy_tree(base):
    return {"whole": base, "transposed": base.t(), "tail": base[3:], "empty": base[:0], "epoch": 3, "betas": (0.9, 0.999), "options": OrderedDict(lr=0.1)}


CASES = {
    **{f"optimizer-{name}": lambda name=name: optimizer_state(name) for name in OPTIMIZERS},
    "checkpoint": checkpoint, "schedulers": schedulers, "scalars": lambda: interned(SCALARS), "batches": lambda: interned(batches()), "views": views, "dtypes": dtypes,
    "model": lambda: interned(network().state_dict()), "nothing": lambda: None,
    "padded-to-a-multiple-of-sixty-four-with-a-name-that-is-as-long-as-it-takes": lambda: {"a": torch.zeros(1)},
}
# Read, but not written this way.
LEGACY = {"legacy": lambda: legacy_tree(torch.arange(24.0).reshape(4, 6)), "legacy-parameter": lambda: torch.nn.Parameter(torch.ones(2, 2))}
READ_ONLY = {"parameter": lambda: {"p": torch.nn.Parameter(torch.ones(2)), "device": torch.device("cuda", 1), "size": torch.Size([2, 3])},
             "sliced": lambda: torch.arange(10.0)[2:5], "strided": lambda: torch.arange(12.0).reshape(3, 4)[:, 1]}


def shown(value):
    """The JSON of `ravine inspect`."""
    if isinstance(value, torch.Tensor):
        return {"$tensor": {"dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape), "crc32": f"{zlib.crc32(elements(value)):08x}"}}
    if isinstance(value, float) and value - value != 0:
        return {"$float": repr(value)}
    if isinstance(value, int) and abs(value) > 2**53:
        return {"$int": str(value)}
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, torch.device):
        return str(value)
    for kind, form in ((list, None), (tuple, "$tuple"), (set, "$set")):
        if isinstance(value, kind):
            items = [shown(item) for item in value]
            return {form: items} if form else items
    if not isinstance(value, dict):
        return value
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {key: shown(item) for key, item in value.items()}
    return {"$dict": [[shown(key), shown(item)] for key, item in value.items()]}


def elements(tensor):
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def without_address(data):
    """A legacy file of one storage, whose key is not the address that torch calls it by. Several would come in the order of their addresses."""
    (key,) = {key for size, key in re.findall(rb"X(.)\0\0\0([0-9]{8,20})", data, re.DOTALL) if len(key) == size[0]}
    return data.replace(key, b"7" * len(key))


def write(folder):
    """name.pt and name.json. Of a file whose name begins with "read-" only the reading is tested."""
    for names, prefix, zipped in ((CASES, "", True), (LEGACY, "read-", False), (READ_ONLY, "read-", True)):
        for name, make in names.items():
            value = make()
            path = folder / f"{prefix}{name}.pt"
            torch.save(value, path, _use_new_zipfile_serialization=zipped)
            if not zipped:
                path.write_bytes(without_address(path.read_bytes()))
            text = {"format": "torch-zip" if zipped else "torch-legacy", "value": shown(value)}
            (folder / f"{prefix}{name}.json").write_text(json.dumps(text))
