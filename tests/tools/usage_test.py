#!/usr/bin/env python3
"""What `ravine replay` and `ravine schedule` refuse, and how: exit status, one line on stderr, nothing written.

usage: usage_test.py PROGRAM
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from goldens import Tally

DTYPES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8}
SGD = {"optimizer": {"type": "SGD", "lr": 0.1}}
STEP = {**SGD, "scheduler": {"type": "StepLR", "step_size": 2, "gamma": 0.5}, "steps": 4}


def safetensors(tensors):
    """A file of {name: (dtype, shape)}, every float a fraction."""
    header, end = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = DTYPES[dtype]
        for length in shape:
            size *= length
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"\x3e" * end


def contents(path):
    """{name: bytes}"""
    data = path.read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: data[8 + size:][slice(*entry["data_offsets"])] for name, entry in header.items()}


class Runner:
    """Gives each command a new folder with the input that it needs, and judges how it ended."""

    def __init__(self, program, tally, root):
        self.program = program
        self.tally = tally
        self.root = Path(root)
        self.folder = None

    def run(self, *command, spec=None, tensors=None, stdin="", **environment):
        """Runs the program in a new folder with spec.json and in.safetensors."""
        self.folder = Path(tempfile.mkdtemp(dir=self.root))
        if spec is not None:
            text = spec if isinstance(spec, (str, bytes)) else json.dumps(spec)
            (self.folder / "spec.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        (self.folder / "in.safetensors").write_bytes(safetensors(tensors or {"param/w": ("F32", [3]), "grad/w/1": ("F32", [3])}))
        return subprocess.run([self.program, *map(str, command)], cwd=self.folder, input=stdin, capture_output=True, text=True,
                              env={**os.environ, **environment}, check=False)

    def replay(self, spec, *options, output="out.safetensors", **more):
        return self.run("replay", "spec.json", "in.safetensors", "-o", output, *options, spec=spec, **more)

    def schedule(self, spec, *options, **more):
        return self.run("schedule", "spec.json", *options, spec=spec, **more)

    def refuses(self, name, process, *parts, status=1):
        """One line on stderr with every part, nothing on stdout, no new file."""
        lines = process.stderr.splitlines()
        left = sorted(path.name for path in self.folder.iterdir() if path.name not in ("spec.json", "in.safetensors"))
        problem = ""
        if process.returncode != status:
            problem = f"exit status {process.returncode}, expected {status}; {process.stderr.strip()}"
        elif status == 1 and (len(lines) != 1 or not lines[0].startswith("ravine: error: ")):
            problem = f"stderr is {process.stderr!r}"
        elif not all(part in process.stderr for part in parts):
            problem = f"no {[part for part in parts if part not in process.stderr]} in {process.stderr.strip()}"
        elif process.stdout and status == 1:
            problem = f"stdout is {process.stdout[:80]!r}"
        elif left:
            problem = f"left behind: {left}"
        self.tally.check(name, problem)

    def accepts(self, name, process, holds=True):
        problem = f"exit status {process.returncode}, {process.stderr.strip()}" if process.returncode else ""
        self.tally.check(name, problem or ("" if holds else f"another answer: {process.stdout[:200]!r} {process.stderr!r}"))


def check_command_line(runner):
    runner.refuses("no subcommand is wrong usage", runner.run(), status=2)
    runner.refuses("an unknown subcommand is wrong usage", runner.run("fly"), status=2)
    runner.refuses("an unknown option is wrong usage", runner.schedule(STEP, "--fly"), status=2)
    runner.refuses("a missing file name is wrong usage", runner.run("schedule"), status=2)
    runner.refuses("replay without an output is wrong usage", runner.run("replay", "spec.json", "in.safetensors", spec=SGD), status=2)
    runner.refuses("a number that is none is wrong usage", runner.schedule(STEP, "--threads", "many"), status=2)
    for command in ([], ["replay"], ["schedule"]):
        process = runner.run(*command, "--help")
        runner.accepts(f"{command} explains itself", process, "Usage: ravine" in process.stdout and not process.stderr)
    for option, value, part in (("--threads", "0", "from 1 to"), ("--threads", "-1", "from 1 to"), ("--isa", "sse", "isa must be"),
                                ("--isa", "", "isa must be"), ("--device", "cuda:100", "can be used here"),
                                ("--device", "cuda:1000", "cpu, cuda or cuda:N"), ("--device", "gpu", "cpu, cuda or cuda:N"),
                                ("--device", "cuda:", "cpu, cuda or cuda:N"), ("--implementation", "best", "implementation must be")):
        runner.refuses(f"replay refuses {option} '{value}'", runner.replay(SGD, option, value), "error: replay: ", part)
        runner.refuses(f"schedule refuses {option} '{value}'", runner.schedule(STEP, option, value), "error: schedule: ", part)
    process = runner.replay(SGD, "--device", "cuda:100")
    runner.refuses("a device that is not there is refused", process, "replay: --device must be one that can be used here, got cuda:100 (")
    runner.tally.check("with one reason", "" if process.stderr.count("device must be") == 1 else process.stderr)
    runner.refuses("an instruction set of the environment is checked", runner.schedule(STEP, RAVINE_ISA="sse"), "isa must be", "'sse'")
    runner.accepts("the command line wins over the environment", runner.schedule(STEP, "--isa", "scalar", RAVINE_ISA="sse"))
    for stop in (-1, 5):
        runner.refuses(f"--resume-at {stop} of 4 steps is refused", runner.schedule(STEP, "--resume-at", stop), "--resume-at", str(stop))


def check_specs(runner):
    """What every spec file must be, shown on `schedule`."""
    def refuses(name, spec, *parts):
        runner.refuses(name, runner.schedule(spec), *parts)

    runner.refuses("a spec that is not there is refused", runner.run("schedule", "spec.json"), "No such file", "spec.json")
    runner.refuses("a folder is no spec", runner.run("schedule", "."), "schedule: the spec must be")
    refuses("an empty file is refused", "", "must be JSON")
    refuses("text after the document is refused", json.dumps(STEP) + "{}", "must be JSON")
    refuses("a file cut short is refused", json.dumps(STEP)[:-1], "must be JSON")
    refuses("bytes that are not UTF-8 are refused", b'{"steps\xff": 1}', "must be JSON in UTF-8")
    refuses("a list is no spec", "[1]", "must be an object")
    refuses("a key twice is refused", '{"steps": 1, "steps": 2}', "'steps' twice")
    refuses("a key twice further down is refused", '{"optimizer": {"lr": 1, "lr": 2}}', "'lr' twice")
    refuses("deep nesting is refused", "[" * 100000 + "]" * 100000, "levels of nesting")
    refuses("an unknown key is answered with the known ones", {**STEP, "step": 3}, "optimizer, groups, scheduler, steps", '"step"')
    refuses("names in messages are escaped", {**STEP, "a\x1b[31m\nb": 3}, "\\u001b")
    refuses("an unknown class is answered with the known ones", {**STEP, "optimizer": {"type": "Adamant"}},
            "schedule: an optimizer must be one of", "AdamW", "'Adamant'")
    refuses("an unknown scheduler is answered with the known ones", {**STEP, "scheduler": {"type": "Step"}},
            "schedule: a scheduler must be one of", "StepLR", "'Step'")
    refuses("an unknown option is answered with the known ones", {**STEP, "optimizer": {"type": "SGD", "rate": 1}}, "SGD: ", "lr", "rate")
    refuses("an unknown option of a group is refused", {**STEP, "groups": [{}, {"params": ["w"]}]}, "params")
    refuses("a missing constructor argument is a bad value", {**STEP, "scheduler": {"type": "StepLR"}}, "StepLR: ", "step_size")
    refuses("a bad value is named", {**STEP, "optimizer": {"type": "adam", "betas": [0.9, 1.5]}}, "Adam: betas[1] must be in [0, 1), got 1.5")
    refuses("a value of the wrong kind is named", {**STEP, "optimizer": {"type": "SGD", "lr": "fast"}}, "SGD: ", "lr", "'fast'")
    refuses("a number beyond 64 bits is refused", '{"optimizer": {"type": "SGD", "lr": 18446744073709551615}, "steps": 1,'
            ' "scheduler": {"type": "StepLR", "step_size": 2}}', "optimizer.lr must fit into 64 bits")
    refuses("a float beyond all floats is refused", '{"steps": 1e999}', "must be JSON")
    refuses("an unknown $ object is refused", {**STEP, "optimizer": {"type": "SGD", "lr": {"$float": "big"}}}, "optimizer.lr", "$float")
    refuses("NaN is no lr", {**STEP, "optimizer": {"type": "Adam", "lr": {"$float": "nan"}}}, "Adam: lr must be >= 0, got nan")
    for steps in (-1, 1.5, 10**8, 2**64 - 1, True, "4"):
        refuses(f"steps {steps!r} is refused", {**STEP, "steps": steps}, "steps must be an integer from 0 to")
    for groups in ([], {}, [1], "all"):
        refuses(f"groups {groups!r} is refused", {**STEP, "groups": groups}, "schedule: groups")
    refuses("no optimizer is refused", {"steps": 1}, "optimizer must be given")


def check_schedule(runner):
    rows = "step,lr\n0,0.1\n1,0.1\n2,0.05\n3,0.05\n4,0.025\n"
    process = runner.run("schedule", "-", stdin=json.dumps(STEP))
    runner.accepts("- reads a spec from stdin", process, process.stdout == rows and not process.stderr)
    process = runner.schedule(STEP, "-o", "out.csv", "--plot", "out.svg", "--resume-at", "2")
    runner.accepts("files are written", process, not process.stdout and (runner.folder / "out.csv").read_text() == rows)
    runner.tally.check("the plot is an SVG", "" if (runner.folder / "out.svg").read_text().startswith("<svg ") else "something else")
    process = runner.schedule({**STEP, "groups": [{}, {"lr": 1}]})
    runner.accepts("several groups have a column each", process, process.stdout.startswith("step,lr.0,lr.1\n0,0.1,1.0\n"))
    process = runner.schedule({**STEP, "steps": 0})
    runner.accepts("no steps leave the first row", process, process.stdout == "step,lr\n0,0.1\n")
    process = runner.schedule({**STEP, "steps": None, "epochs": [0, 4, 1]})
    runner.accepts("epochs say how many steps there are, and warn once each",
                  process, process.stdout == "step,lr\n0,0.1\n1,0.1\n2,0.025\n3,0.1\n" and process.stderr.startswith("ravine: warning: "))
    runner.refuses("no scheduler is refused", runner.schedule({**SGD, "steps": 3}), "scheduler must be given")
    runner.refuses("no steps at all are refused", runner.schedule({**STEP, "steps": None}), "steps must be given")
    runner.refuses("epochs of several schedulers are refused",
                  runner.schedule({**STEP, "scheduler": [STEP["scheduler"]] * 2, "epochs": [1]}), "epochs must go with one scheduler")
    runner.refuses("an epoch that is none is refused", runner.schedule({**STEP, "epochs": [1, None]}), "epochs[1] must be an integer", "null")
    runner.refuses("metrics without their scheduler are refused", runner.schedule({**STEP, "metrics": [1]}), "metrics", "StepLR")
    plateau = {**SGD, "scheduler": {"type": "ReduceLROnPlateau", "patience": 0, "factor": 0.5}, "metrics": [1, 2, {"$float": "nan"}]}
    process = runner.schedule(plateau)
    runner.accepts("metrics say how many steps there are", process, process.stdout == "step,lr\n0,0.1\n1,0.1\n2,0.05\n3,0.025\n")
    process = runner.schedule({**plateau, "epochs": [7, 8, 9]})
    runner.accepts("a metric may come with an epoch", process, process.stdout.endswith("3,0.025\n") and "epoch" in process.stderr)
    runner.refuses("a plateau without metrics is refused", runner.schedule({**plateau, "metrics": None, "steps": 2}), "schedule: metrics must be given for ReduceLROnPlateau")
    runner.refuses("too few metrics are refused", runner.schedule({**plateau, "steps": 4}), "metrics must have one for each of the 4 steps", "3 of them")
    runner.refuses("a metric that is none is refused", runner.schedule({**plateau, "metrics": [1, "2"]}), "metrics[1] must be a number")
    restarts = {**SGD, "scheduler": {"type": "CosineAnnealingWarmRestarts", "T_0": 1}, "epochs": [0.5, 1]}
    process = runner.schedule(restarts)
    runner.accepts("epochs between two are for restarts", process, process.stdout == "step,lr\n0,0.1\n1,0.05\n2,0.1\n" and not process.stderr)
    runner.refuses("and for nothing else", runner.schedule({**STEP, "epochs": [0.5]}), "epochs[0] must be an integer for StepLR, got 0.5")
    chain = {"type": "ChainedScheduler", "schedulers": [STEP["scheduler"]]}
    runner.refuses("a chain takes no epochs", runner.schedule({**STEP, "scheduler": chain, "epochs": [1, 2, 3, 4]}), "epochs must go with a scheduler whose step takes one", "ChainedScheduler")
    cyclic = {**SGD, "scheduler": {"type": "CyclicLR", "base_lr": 0.1, "max_lr": 0.2, "step_size_up": 1}, "steps": 1}
    process = runner.schedule({**cyclic, "groups": [{}, {}]}, "--plot", "out.svg")
    runner.accepts("momentum that is driven has columns", process, process.stdout == "step,lr.0,lr.1,momentum.0,momentum.1\n0,0.1,0.1,0.9,0.9\n1,0.2,0.2,0.8,0.8\n")
    runner.tally.check("and a panel", "" if ">momentum</text>" in (runner.folder / "out.svg").read_text() else "there is none")
    process = runner.schedule({**cyclic, "optimizer": {"type": "Adam"}})
    runner.accepts("of Adam it is beta1", process, process.stdout.startswith("step,lr,beta1\n0,0.1,0.9\n"))
    runner.refuses("an output folder that is not there is refused", runner.schedule(STEP, "-o", "no/out.csv"), "no/out.csv")
    runner.refuses("a warning is not shown before an error", runner.schedule({**STEP, "epochs": [1, 2, 3, 4]}, "-o", "no/out.csv"), "no/out.csv")
    with open("/dev/full", "w") as full:
        process = subprocess.run([runner.program, "schedule", "-"], input=json.dumps(STEP), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    runner.tally.check("a full disk under stdout is an error", "" if process.returncode == 1 and "stdout" in process.stderr else process.stderr)


def check_replay(runner):
    process = runner.replay({**SGD, "steps": 3, "record": [1, 3]}, "--save-state", "state.safetensors")
    runner.accepts("replay writes the recorded steps", process, contents(runner.folder / "out.safetensors").keys() == {"param/w/1", "param/w/3"})
    runner.tally.check("nothing is printed and the state is saved",
                      "" if not process.stdout + process.stderr and (runner.folder / "state.safetensors").exists() else "it is not so")
    adam = {"optimizer": {"type": "adam"}}
    runner.accepts("a class may be written in any case", runner.replay(adam),
                  contents(runner.folder / "out.safetensors").keys() == {"param/w/1", *(f"state/w/{slot}/1" for slot in ("step", "exp_avg", "exp_avg_sq"))})
    state = (runner.folder / "out.safetensors").read_bytes()
    for spec, options in (({**adam, "implementation": "foreach"}, ["--implementation", "fused"]), (adam, ["-q", "--threads", "2"])):
        runner.accepts(f"{options} change no bit", runner.replay(spec, *options), (runner.folder / "out.safetensors").read_bytes() == state)
    runner.accepts("no steps leave an empty file", runner.replay({**SGD, "steps": 0}), not contents(runner.folder / "out.safetensors"))

    def refuses(name, spec, *parts, options=(), tensors=None):
        runner.refuses(name, runner.replay(spec, *options, tensors=tensors), *parts)

    w, g = ("F32", [3]), ("F32", [3])
    refuses("LBFGS is sent to minimize", {"optimizer": {"type": "lbfgs"}}, "LBFGS: ", "minimize")
    refuses("the command line's implementation must exist", SGD, "replay: implementation must be", options=["--implementation", "x"])
    refuses("the spec's implementation must exist", {**SGD, "implementation": "x"}, "replay: implementation must be")
    refuses("a step that is not made cannot be recorded", {**SGD, "record": [2]}, "record[0] must be a step from 1 to 1", "2")
    refuses("record is not any text", {**SGD, "record": "first"}, "record must be", "first")
    refuses("a state that is not there is refused", {**SGD, "load": "state.safetensors"}, "state.safetensors")
    refuses("a group must name its parameters", {**SGD, "groups": [{}]}, "groups[0].params must be given")
    refuses("an unknown parameter is answered with the known ones", {**SGD, "groups": [{"params": ["v"]}]}, "groups[0].params must be among w", "'v'")
    refuses("every parameter is in a group", {**SGD, "groups": [{"params": ["w"]}]}, "'v' in none", tensors={"param/w": w, "param/v": w})
    refuses("no parameter is in two groups", {**SGD, "groups": [{"params": ["w"]}, {"params": ["w"]}]}, "SGD: ", "w")
    refuses("a file without parameters is refused", SGD, "param/<name>", "in.safetensors", tensors={"grad/w/1": g})
    refuses("a gradient of nothing is refused", SGD, "grad/v/1 must have its param/v", tensors={"param/w": w, "grad/v/1": g})
    refuses("a gradient of another shape is refused", SGD, "grad/w/1 must be", tensors={"param/w": w, "grad/w/1": ("F32", [2])})
    refuses("a gradient of another dtype is refused", SGD, "grad/w/1 must be", tensors={"param/w": w, "grad/w/1": ("F16", [3])})
    refuses("integers are no parameters", SGD, "param/w must be", tensors={"param/w": ("I64", [3])})
    for name in ("w", "param/", "param/a/b", "grad/w", "grad/w/1/2", "grad/w/1/indices/3", "found_inf", "found_inf/1/2"):
        refuses(f"a tensor '{name}' is refused", SGD, "must be named", f"'{name}'", tensors={"param/w": w, name: g})
    for step in ("0", "01", "-1", "x", "", "99999999999999999999"):
        refuses(f"step '{step}' is refused", SGD, "must end in a step", tensors={"param/w": w, f"grad/w/{step}": g})
    refuses("found_inf must be a 0-d float32", SGD, "found_inf/1", tensors={"param/w": w, "found_inf/1": g})
    refuses("indices of a sparse gradient lie inside of the parameter", SGD, "grad/w/1", "indices of dimension 0 must be from 0 to 2",
            tensors={"param/w": w, "grad/w/1/indices": ("I64", [1, 2]), "grad/w/1/values": ("F32", [2])})
    indices, values = ("I64", [1, 0]), ("F32", [0])
    adam = {"optimizer": {"type": "Adam"}}
    refuses("a sparse gradient is refused by name", adam, "Adam: gradients must be dense, got a sparse one ('w', group 0); see SparseAdam",
            tensors={"param/w": w, "grad/w/1/indices": indices, "grad/w/1/values": values})
    sparse_adam = {"optimizer": {"type": "SparseAdam"}}
    refuses("a dense gradient is refused by SparseAdam", sparse_adam, "SparseAdam: gradients must be sparse", tensors={"param/w": w, "grad/w/1": g})
    refuses("half of a sparse gradient is refused", sparse_adam, "grad/w/1 must have both indices and values", "no grad/w/1/values",
            tensors={"param/w": w, "grad/w/1/indices": indices})
    refuses("a gradient is dense or sparse", sparse_adam, "grad/w/1 must be dense or sparse, got both",
            tensors={"param/w": w, "grad/w/1": g, "grad/w/1/indices": indices, "grad/w/1/values": values})
    refuses("a sparse gradient that does not fit is refused", sparse_adam, "grad/w/1 must be a sparse tensor", "values must have shape",
            tensors={"param/w": w, "grad/w/1/indices": indices, "grad/w/1/values": ("F32", [2])})
    refuses("a sparse gradient of another dtype is refused", sparse_adam, "grad/w/1/values must be float32 like its parameter, got float64",
            tensors={"param/w": w, "grad/w/1/indices": indices, "grad/w/1/values": ("F64", [0])})
    refuses("an implementation that a class lacks is refused", sparse_adam, "SparseAdam: implementation must be automatic or for_loop, got fused",
            options=["--implementation", "fused"], tensors={"param/w": w})
    refuses("Muon takes matrices only", {"optimizer": {"type": "Muon"}}, "Muon: parameters must be matrices", "'w'", tensors={"param/w": w})
    refuses("one file cannot take output and state", SGD, "--save-state", options=["--save-state", "./out.safetensors"])
    refuses("a state file of an unknown suffix is refused", SGD, "state.xyz", options=["--save-state", "state.xyz"])
    runner.refuses("an output folder that is not there leaves no state",
                   runner.replay(SGD, "--save-state", "state.safetensors", output="no/out"), "no/out")
    runner.refuses("stdout cannot take tensors", runner.replay(SGD, output="-"), "replay: --output must be a file")
    runner.refuses("a damaged input is refused", runner.run("replay", "spec.json", "spec.json", "-o", "out", spec=SGD), "spec.json")


NAN, INFINITY = {"$float": "nan"}, {"$float": "inf"}
BAD_OPTIONS = {  # of each class: options, and what is said of them
    "SGD": [({"momentum": -1}, "momentum must be >= 0, got -1"), ({"nesterov": True}, "nesterov needs a momentum > 0 and zero dampening"),
            ({"lr": 1e39}, "lr must give scalars that are convertible to float32 without overflow, got 1e+39 (group 0)")],
    "Adam": [({"lr": NAN}, "lr must be >= 0, got nan"), ({"betas": [1.0, 0.9]}, "betas[0] must be in [0, 1), got 1"),
             ({"betas": [0, 0.9]}, "betas must be two floats"), ({"capturable": True}, "capturable must be False for parameters on cpu, got True"),
             ({"foreach": True, "fused": True}, "fused and foreach must not be True together"),
             ({"foreach": True, "differentiable": True}, "foreach and differentiable must not be True together")],
    "AdamW": [({"weight_decay": -1}, "weight_decay must be >= 0, got -1"),
              ({"fused": True, "differentiable": True}, "fused and differentiable must not be True together")],
    "Adagrad": [({"lr_decay": -0.5}, "lr_decay must be >= 0, got -0.5"),
                ({"initial_accumulator_value": 1e39}, "sum must start with a number that is convertible to float32 without overflow, got 1e+39")],
    "Adadelta": [({"rho": 1.1}, "rho must be in [0, 1], got 1.1")],
    "Adamax": [({"betas": [0.0, 1.0]}, "betas[1] must be in [0, 1), got 1")],
    "RMSprop": [({"momentum": -1.0}, "momentum must be >= 0, got -1")],
    "Rprop": [({"etas": [1.0, 0.5]}, "etas must be 0 < etas[0] < 1 < etas[1], got (1.0, 0.5)"),
              ({"etas": [0.5, 1e39]}, "etas must give scalars that are convertible to float32 without overflow, got 1e+39")],
    "ASGD": [({"weight_decay": -0.5}, "weight_decay must be >= 0, got -0.5")],
    "NAdam": [({"momentum_decay": -0.2}, "momentum_decay must be >= 0, got -0.2")],
    "RAdam": [({"weight_decay": -1}, "weight_decay must be >= 0, got -1")],
    "Adafactor": [({"eps": [-1e-30, 1e-3]}, "eps[0] must be >= 0, got -1e-30"), ({"d": 0.0}, "d must be >= 1, got 0"),
                  ({"beta2_decay": 0.8}, "beta2_decay must be <= 0, got 0.8"), ({"fused": True}, "'fused' must be an option")],
    "SparseAdam": [({"betas": [-0.1, 0.9]}, "betas[0] must be in [0, 1), got -0.1"), ({"lr": 0}, "lr must be > 0, got 0"), ({"eps": 0.0}, "eps must be > 0, got 0")],
    "Muon": [({"adjust_lr_fn": "x"}, "adjust_lr_fn must be None, 'original', 'match_rms_adamw' or 'spectral_unclamped', got 'x'"),
             ({"ns_steps": 100}, "ns_steps must be < 100, got 100"), ({"ns_coefficients": [1.0]}, "ns_coefficients must be three floats"),
             ({"nesterov": 1}, "nesterov must be a bool, got 1")],
}


def check_options(runner):
    """Of every class, in one line that names it."""
    matrix = {"param/w": ("F32", [2, 2]), "grad/w/1": ("F32", [2, 2])}
    for kind, refused in BAD_OPTIONS.items():
        for options, text in refused:
            process = runner.replay({"optimizer": {"type": kind, **options}}, tensors=matrix)
            runner.refuses(f"{kind} refuses {options}", process, f"ravine: error: {kind}: {text}")
        group = {"optimizer": {"type": kind}, "groups": [{"params": ["w"], "lr": -1}]}
        runner.refuses(f"{kind} refuses a negative lr of a group", runner.replay(group, tensors=matrix), f"{kind}: lr must be >", "got -1 (group 0)")
    for kind, shape, text in (("Muon", [2, 0], "parameters must be matrices with columns"), ("Muon", [2, 2, 2], "parameters must be matrices, of 2 dimensions"),
                              ("Adafactor", [0, 3], "parameters must have elements")):
        process = runner.replay({"optimizer": {"type": kind}}, tensors={"param/w": ("F32", shape), "grad/w/1": ("F32", shape)})
        runner.refuses(f"{kind} refuses the shape {shape}", process, f"{kind}: {text}")
    for lr in (0, 1e-300, INFINITY):
        runner.accepts(f"an lr of {lr} is stepped with", runner.replay({"optimizer": {"type": "Adam", "lr": lr}}))


def check_continuation(runner):
    tensors = {"param/w": ("F32", [3]), "grad/w/1": ("F32", [3]), "grad/w/2": ("F32", [3])}
    adam = {"optimizer": {"type": "AdamW"}}
    runner.accepts("two steps are made", runner.replay(adam, tensors=tensors))
    whole = contents(runner.folder / "out.safetensors")
    saved = "../state.safetensors"
    runner.accepts("one step is saved", runner.replay({**adam, "steps": 1}, "--save-state", saved, tensors=tensors))
    process = runner.replay({**adam, "steps": 1, "load": saved}, tensors=tensors)
    runner.accepts("a path in a spec is relative to the spec", process)
    more = contents(runner.folder / "out.safetensors")
    for slot in ("step", "exp_avg", "exp_avg_sq"):
        runner.tally.check(f"{slot} goes on where it was", "" if more[f"state/w/{slot}/1"] == whole[f"state/w/{slot}/2"] else "it does not")
    runner.refuses("the state of another class is refused", runner.replay({**SGD, "load": saved}), "SGD: ")


def main():
    tally = Tally()
    with tempfile.TemporaryDirectory() as root:
        runner = Runner(str(Path(sys.argv[1]).resolve()), tally, root)
        for check in (check_command_line, check_specs, check_schedule, check_replay, check_options, check_continuation):
            check(runner)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
