#!/usr/bin/env python3
"""Runs that are half torch's and half ravine's, through files of torch.save: whoever goes on, the end is the same. And torch's own safe reader,
`torch.load(weights_only=True)`, reads what ravine writes.

usage: torch_resume_test.py PROGRAM

Runs with the Python that the environment variable RAVINE_TORCH_PYTHON names, or with this one; skipped if it has no torch.
"""

import copy
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "goldens")]
from goldens import Tally, problem_of, run  # noqa: E402

try:
    import torch
except ImportError:
    torch = None
else:
    import checkpoints
    import recording
    from replay_golden import read_safetensors
    from torch_run import correctly_rounded_roots

SHAPES = {"w": (5, 7), "b": (3,), "s": ()}
HALF, WHOLE = 4, 8
OPTIONS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}, "Adam": {"lr": 0.01, "amsgrad": True}, "AdamW": {"lr": 0.01}, "Adagrad": {}, "Adadelta": {},
    "Adamax": {}, "RMSprop": {"momentum": 0.5, "centered": True}, "Rprop": {}, "ASGD": {"t0": 2}, "NAdam": {}, "RAdam": {"lr": 0.01},
    "Adafactor": {"foreach": False}, "SparseAdam": {"lr": 0.01},
}
NEAR = {"Adafactor"}  # its sums are in another order


class Resume:
    """One class of optimizers, in torch and in ravine."""

    def __init__(self, name, program, folder):
        self.name, self.program, self.folder = name, program, folder
        random = torch.Generator().manual_seed(7)
        shapes = {"w": (5, 7)} if name == "SparseAdam" else SHAPES
        self.start = {key: torch.randn(shape, generator=random) for key, shape in shapes.items()}
        self.grads = [{key: self.gradient(shape, random) for key, shape in shapes.items()} for _ in range(WHOLE)]

    def gradient(self, shape, random):
        if self.name != "SparseAdam":
            return torch.randn(shape, generator=random)
        rows = torch.randint(shape[0], (1, 2), generator=random)
        return rows, torch.randn((2, shape[1]), generator=random)

    def in_torch(self, params, first, last, state=None):
        """The parameters after the steps, and the state."""
        params = {key: value.clone() for key, value in params.items()}
        optimizer = getattr(torch.optim, self.name)([(key, params[key]) for key in sorted(params)], **OPTIONS[self.name])
        if state is not None:
            optimizer.load_state_dict(state)
        with torch.no_grad(), correctly_rounded_roots():
            for grads in self.grads[first:last]:
                for key, grad in grads.items():
                    params[key].grad = torch.sparse_coo_tensor(*grad, params[key].shape) if isinstance(grad, tuple) else grad.clone()
                optimizer.step()
        return params, optimizer.state_dict()

    def in_ravine(self, params, first, last, state=None):
        """The parameters after the steps, and the file of the state."""
        spec = {"optimizer": {"type": self.name, **{key: value for key, value in OPTIONS[self.name].items() if key != "foreach"}}, "steps": last - first}
        if state is not None:
            spec["load"] = state.name
        grads = {(key, step + 1): grad for step, both in enumerate(self.grads[first:last]) for key, grad in both.items()}
        case = recording.Recording("case", spec, params, grads)
        (self.folder / "spec.json").write_text(json.dumps(spec))
        recording.write_safetensors(self.folder / "in.safetensors", case.input_tensors())
        out, saved = self.folder / "out.safetensors", self.folder / f"{self.name}-ravine.pt"
        process = run(self.program, "replay", self.folder / "spec.json", self.folder / "in.safetensors", "-o", out, "--save-state", saved, "--quiet")
        if process.returncode:
            raise RuntimeError(problem_of(process))
        tensors = read_safetensors(out)
        values = {key: tensors[f"param/{key}/{last - first}"] for key in params}
        return {key: torch.frombuffer(bytearray(data), dtype=torch.float32).reshape(shape) for key, (_, shape, data) in values.items()}, saved

    def difference(self, got, wanted):
        for key, value in wanted.items():
            same = torch.allclose(got[key], value, rtol=1e-5, atol=1e-7) if self.name in NEAR else torch.equal(got[key], value)
            if not same:
                return f"{key} is {got[key]} instead of {value}"
        return ""


def plain(value):
    """A tree whose tensors are lists, and whose types show."""
    if isinstance(value, torch.Tensor):
        return (value.dtype, tuple(value.shape), value.tolist())
    if isinstance(value, dict):
        return [type(value), *((plain(key), plain(item)) for key, item in value.items())]
    if isinstance(value, (list, tuple)):
        return [type(value), *(plain(item) for item in value)]
    return (type(value), value)


def floats(value):
    """Some of torch's defaults are integers."""
    if type(value) is tuple:
        return tuple(floats(item) for item in value)
    return float(value) if type(value) is int else value


def check_resume(tally, program, folder, name):
    resume = Resume(name, program, folder)
    wanted, _ = resume.in_torch(resume.start, 0, WHOLE)
    params, state = resume.in_torch(resume.start, 0, HALF)
    state = copy.deepcopy(state)
    half = folder / f"{name}-torch.pt"
    torch.save(state, half)
    got, _ = resume.in_ravine(params, HALF, WHOLE, half)
    tally.check(f"{name}: ravine goes on where torch stopped", resume.difference(got, wanted))
    params, saved = resume.in_ravine(resume.start, 0, HALF)
    ours = torch.load(saved, weights_only=True)
    got, _ = resume.in_torch(params, HALF, WHOLE, copy.deepcopy(ours))
    tally.check(f"{name}: torch goes on where ravine stopped", resume.difference(got, wanted))
    if name not in NEAR | {"SparseAdam"}:  # whose step is a number in torch
        groups = [{key: floats(value) for key, value in group.items()} for group in state["param_groups"]]
        expected = {**state, "param_groups": groups}
        tally.check(f"{name}: both write one state", "" if plain(ours) == plain(expected) else f"{ours['param_groups']} instead of {groups}")
        again = folder / "again" / saved.name
        again.parent.mkdir(exist_ok=True)
        torch.save(checkpoints.interned(ours), again)
        tally.check(f"{name}: both write the same bytes", "" if again.read_bytes() == saved.read_bytes() else "other bytes")


def check_training(tally, program, folder):
    """A whole training, and that torch maps the file as well as reading it."""
    process = run(program, "train", "--hidden", "8", "--epochs", "1", "--ema", "0.9", "--scheduler", "StepLR", "--scheduler-set", "step_size=2", "-q", "--save", folder / "run.pt")
    tally.check("a training is written", problem_of(process))
    for options in {}, {"mmap": True}:
        tree = torch.load(folder / "run.pt", weights_only=True, **options)
        weight = tree["run"]["model"]["layers.0.weight"]
        tally.check(f"torch reads it with {options}", "" if weight.shape == (8, 64) and weight.abs().sum() > 0 else str(weight))


def check_legacy(tally, program, folder):
    """The goldens have one storage: here there are several, in the order of their addresses."""
    tree = {"model": checkpoints.network().state_dict(), "views": checkpoints.views(), "epoch": 3}
    torch.save(tree, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    process = run(program, "inspect", folder / "legacy.pt", "--json")
    wanted = {"format": "torch-legacy", "value": checkpoints.shown(tree)}
    tally.check("a legacy file is read", problem_of(process) or ("" if json.loads(process.stdout) == wanted else process.stdout))


def check_loading(tally, program, folder):
    """What torch itself would refuse of its own files is written in a form that it reads."""
    base = torch.arange(12.0).reshape(3, 4)
    tree = {"bytes": b"\0\xff", "set": {1, 2}, "column": base[:, 1], "shared": [base, base.t()], "u16": torch.tensor([1, 65535], dtype=torch.uint16)}
    torch.save(tree, folder / "tree.pt")
    process = run(program, "convert", folder / "tree.pt", folder / "ours.pt")
    tally.check("a tree is converted", problem_of(process))
    ours = torch.load(folder / "ours.pt", weights_only=True)
    tally.check("it is the same tree", "" if plain(ours) == plain(tree) else str(ours))
    ours["shared"][0][0, 1] = 100
    tally.check("what shared memory shares it again", "" if ours["shared"][1][1, 0] == 100 and ours["column"][0] == 100 else str(ours))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    python = os.environ.get("RAVINE_TORCH_PYTHON", sys.executable)
    if torch is None and python != sys.executable:
        sys.exit(subprocess.run([python, __file__, sys.argv[1]], env={**os.environ, "RAVINE_TORCH_PYTHON": sys.executable}, check=False).returncode)
    tally = Tally()
    if torch is None:
        tally.skip("runs through torch and ravine", "torch must be installed, got none (RAVINE_TORCH_PYTHON names a Python that has it)")
        return tally.finish()
    with tempfile.TemporaryDirectory() as folder:
        for name in OPTIONS:
            check_resume(tally, sys.argv[1], Path(folder), name)
        for check in check_training, check_legacy, check_loading:
            check(tally, sys.argv[1], Path(folder))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
