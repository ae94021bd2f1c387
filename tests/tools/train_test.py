#!/usr/bin/env python3
"""`ravine train`: the same bits however a run is cut or computed, data of all kinds, and what is refused.

usage: train_test.py PROGRAM
"""

import gzip
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from goldens import Tally

KEYS = ["optimizer", "implementation", "device", "dtype", "threads", "parameters", "epochs", "steps", "seconds", "optimizer_seconds",
        "train_loss", "train_accuracy", "test_accuracy", "averaged_test_accuracy", "final_lr"]
SMALL = ["--hidden", "8", "--epochs", "3", "-q"]


class Runner:
    """Runs the program in one folder and judges how it ended."""

    def __init__(self, program, tally, folder):
        self.program = os.path.abspath(program)
        self.tally = tally
        self.folder = Path(folder)

    def run(self, *options):
        return subprocess.run([self.program, "train", *map(str, options)], cwd=self.folder, capture_output=True, text=True, check=False)

    def accepts(self, name, *options):
        """Counts a run that must end well and answers what it printed."""
        process = self.run(*options)
        self.tally.check(name, f"status {process.returncode}: {process.stderr}" if process.returncode or process.stderr else "")
        return process.stdout

    def json(self, name, *options):
        """The objects that a run prints last."""
        return [json.loads(line) for line in self.accepts(name, *options, "--json", "-q").splitlines()]

    def refuses(self, name, options, *parts):
        process = self.run(*options)
        lines = process.stderr.splitlines()
        one_line = len(lines) == 1 and lines[0].startswith("ravine: error: ")
        good = process.returncode == 1 and one_line and not process.stdout and all(part in process.stderr for part in parts)
        self.tally.check(name, "" if good else f"status {process.returncode}, {process.stderr!r}, {process.stdout[:80]!r}")

    def holds(self, name, condition, what="it is not so"):
        self.tally.check(name, "" if condition else what)

    def read(self, name):
        return (self.folder / name).read_bytes()

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name


def check_result(runner):
    (result,) = runner.json("the defaults learn the digits")
    runner.holds("JSON has its keys in order", list(result) == KEYS, str(list(result)))
    runner.holds("the defaults reach 97 %", result["test_accuracy"] >= 0.97, str(result["test_accuracy"]))
    runner.holds("within ten seconds", result["seconds"] < 10, str(result["seconds"]))
    runner.holds("the network is 64-64-10", result["parameters"] == 64 * 65 + 10 * 65 and result["averaged_test_accuracy"] is None)
    lines = runner.accepts("lines and a table without --json", "--hidden", "8", "--epochs", "2", "--ema", "0.9").splitlines()
    runner.holds("one line an epoch, a heading, a table", len(lines) == 5 and lines[1].startswith("epoch 1/2") and "averaged" in lines[2], str(lines))
    results = runner.json("--compare trains with each", *SMALL[:4], "--compare", "sgd,AdamW", "--plot", "compare.svg", "--swa-start", "2")
    runner.holds("an object for each optimizer", [r["optimizer"] for r in results] == ["SGD", "AdamW"])
    runner.holds("an average is judged", all(0 <= r["averaged_test_accuracy"] <= 1 for r in results))
    runner.holds("the plot names both", all(name in runner.read("compare.svg").decode() for name in ("SGD", "AdamW")))


def check_bits(runner):
    common = [*SMALL, "--ema", "0.9", "--scheduler", "steplr", "--scheduler-set", "step_size=2"]
    runner.accepts("a first run", *common, "--save", "first.safetensors")
    first = runner.read("first.safetensors")
    for options in (["--threads", "1", "--implementation", "for_loop"], ["--threads", "2", "--implementation", "foreach"],
                    ["--isa", "scalar", "--implementation", "fused"]):
        runner.accepts(f"a run with {options}", *common, *options, "--save", "other.safetensors")
        runner.holds(f"{options} change no bit", runner.read("other.safetensors") == first)
    plateau = [*SMALL[:2], "-q", "--scheduler", "ReduceLROnPlateau", "--scheduler-set", "patience=0", "threshold=0.9", "--save", "part.safetensors"]
    runner.accepts("the training loss decides of the lr", *plateau, "--epochs", "3")
    whole = runner.read("part.safetensors")
    runner.accepts("in one epoch", *plateau, "--epochs", "1")
    runner.accepts("and in two more", "-q", "--resume", "part.safetensors", "--save", "part.safetensors", "--epochs", "3")
    runner.holds("a plateau is resumed where it was", runner.read("part.safetensors") == whole)
    runner.accepts("another seed", *common, "--seed", "1", "--save", "other.safetensors")
    runner.holds("another seed is another run", runner.read("other.safetensors") != first)
    runner.accepts("a complete run may be resumed", "-q", "--resume", "first.safetensors", "--save", "first.safetensors")
    runner.holds("it changes nothing", runner.read("first.safetensors") == first)
    for dtype in ("f64", "bf16"):
        options = [*SMALL[:2], "-q", "--dtype", dtype, "--optimizer", "sgd", "--set", "lr=0.1", "momentum=0.9", "--save", "part.safetensors"]
        runner.accepts(f"three epochs of {dtype}", *options, "--epochs", "3")
        whole = runner.read("part.safetensors")
        runner.accepts(f"one epoch of {dtype}", *options, "--epochs", "1")
        runner.accepts(f"and two more of {dtype}", "-q", "--resume", "part.safetensors", "--save", "part.safetensors", "--epochs", "3")
        runner.holds(f"{dtype}: the same file", runner.read("part.safetensors") == whole)
    options = ["--hidden", "16,8", "-q", "--batch-norm", "--save", "norms.safetensors"]
    for average in ["--ema", "0.9"], ["--swa-start", "2"], ["--ema", "0.9", "--optimizer", "muon"]:
        runner.accepts(f"three epochs with batch norms and {average}", *options, *average, "--epochs", "3")
        whole = runner.read("norms.safetensors")
        runner.accepts(f"two epochs with batch norms and {average}", *options, *average, "--epochs", "2")
        runner.accepts(f"and one more with {average}", "-q", "--resume", "norms.safetensors", "--save", "norms.safetensors", "--epochs", "3")
        runner.holds(f"norms go on where they were with {average}", runner.read("norms.safetensors") == whole)
    options = ["--hidden", "16,16", "-q", "--optimizer", "muon", "--set", "lr=0.02", "--scheduler", "steplr", "--scheduler-set", "step_size=1",
               "--save", "muon.safetensors"]
    runner.accepts("three epochs of Muon, with AdamW beside it", *options, "--epochs", "3")
    whole = runner.read("muon.safetensors")
    runner.accepts("two epochs of both", *options, "--epochs", "2")
    runner.accepts("and one more of both", "-q", "--resume", "muon.safetensors", "--save", "muon.safetensors", "--epochs", "3")
    runner.holds("both go on where they were", runner.read("muon.safetensors") == whole)
    for hidden, in_muon in ("16,16", ["layers.0.weight", "layers.1.weight"]), ("16", ["layers.0.weight"]), ("", ["layers.0.weight"]):
        runner.accepts(f"Muon with hidden layers {hidden!r}", "-q", "--hidden", hidden, "--optimizer", "muon", "--epochs", "1", "--save", "muon.safetensors")
        names = json.dumps(in_muon, separators=(",", ":")).replace('"', '\\"').encode()
        runner.holds("it has the weights but the last one's", b'[{\\"param_names\\":' + names in runner.read("muon.safetensors"))


def check_norms(runner):
    usual = ["--hidden", "64,32", "--epochs", "8", "--ema", "0.99"]
    (plain,) = runner.json("an average without batch norms", *usual)
    (result,) = runner.json("the network learns with batch norms", *usual, "--batch-norm")
    runner.holds("a norm has two parameters for each feature", result["parameters"] == plain["parameters"] + 2 * (64 + 32))
    runner.holds("they reach 95 %", result["test_accuracy"] >= 0.95, str(result["test_accuracy"]))
    runner.holds("the average, with statistics of its own, too", result["averaged_test_accuracy"] >= 0.95, str(result["averaged_test_accuracy"]))
    rows = csv_rows(41, random.Random(1))  # 33 of which are trained with
    runner.write("odd.csv", "\n".join(rows) + "\n")
    runner.refuses("a batch of one row has no statistics", ["--data", "odd.csv", "--batch-norm", "--batch", "8"], "--batch", "33", "8")
    runner.accepts("it may be the last one without norms", "--data", "odd.csv", "--batch", "8", "-q")
    runner.refuses("nor has each row alone", ["--batch-norm", "--batch", "1"], "--batch")


def check_kill(runner):
    options = ["--hidden", "32", "--epochs", "40", "-q", "--swa-start", "5", "--scheduler", "CosineAnnealingLR", "--scheduler-set", "T_max=40"]
    runner.accepts("a run that nobody kills", *options, "--save", "whole.safetensors")
    chance = random.Random(7)
    path = runner.folder / "killed.safetensors"
    kills = 0
    for _ in range(8):
        start = ["--resume", path.name] if path.exists() else options
        process = subprocess.Popen([runner.program, "train", *start, "--save", path.name, "-q"], cwd=runner.folder, stdout=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(0.02, 0.12))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    if not path.exists():
        runner.accepts("nothing was saved before the kills", *options, "--save", path.name)
    runner.accepts("the rest after the kills", "-q", "--resume", path.name, "--save", path.name)
    runner.holds(f"{kills} kills leave no trace", path.read_bytes() == runner.read("whole.safetensors"))


def csv_rows(count, chance):
    return [f"{chance.random():.3f},{chance.random() * 9:.3f},{i % 2}" for i in range(count)]


def check_data(runner):
    chance = random.Random(3)
    rows = csv_rows(40, chance)
    plain = "\n".join(rows) + "\n"
    runner.write("plain.csv", plain)
    runner.write("header.csv", "\ufeffa,b\r\n" + "\r\n\r\n".join(rows))
    runner.write("packed.csv.gz", gzip.compress(plain.encode()))
    saved = []
    for name in ("plain.csv", "header.csv", "packed.csv.gz"):
        runner.accepts(f"{name} is read", *SMALL, "--data", name, "--save", "csv.safetensors")
        saved.append(runner.read("csv.safetensors"))
    runner.holds("a header, empty lines and packing change nothing", len(set(saved)) == 1)
    runner.refuses("other data than the file's are refused", ["--resume", "csv.safetensors"], "--data must be", "digits.csv.gz")
    bad = {"short": ("1,2\n", "line 41", "3 fields"), "text": ("1,x,0\n", "line 41", "'x'"), "nan": ("1,nan,0\n", "line 41", "'nan'"),
           "huge": ("1,1e999,0\n", "line 41", "finite"), "label": ("1,2,0.5\n", "line 41", "label", "0.5"),
           "negative": ("1,2,-1\n", "line 41", "label", "-1"), "void": ("1,,1\n", "line 41", "field 2")}
    for name, (line, *parts) in bad.items():
        runner.write("bad.csv", plain + line)
        runner.refuses(f"a row with a {name} fault is refused", ["--data", "bad.csv"], *parts, "bad.csv")
    runner.write("bad.csv", "\n".join(rows[:4]))
    runner.refuses("four rows have no test part", ["--data", "bad.csv"], "at least 5 rows")
    runner.write("bad.csv.gz", gzip.compress(plain.encode())[:-9])
    runner.refuses("a truncated gzip file is refused", ["--data", "bad.csv.gz"], "whole")
    runner.refuses("a file that is not there is refused", ["--data", "none.csv"], "No such file", "none.csv")


def idx(sizes, content):
    return struct.pack(f">BBBB{len(sizes)}I", 0, 0, 8, len(sizes), *sizes) + bytes(content)


def check_idx(runner):
    chance = random.Random(5)
    parts = {}
    for name, count in (("train", 30), ("t10k", 10)):
        parts[f"{name}-images", 3] = idx([count, 2, 3], [chance.randrange(256) for _ in range(count * 6)])
        parts[f"{name}-labels", 1] = idx([count], [i % 3 for i in range(count)])
    answers = []
    for folder, spelling, pack in (("plain", "{}-idx{}-ubyte", bytes), ("packed", "{}.idx{}-ubyte.gz", gzip.compress)):
        for (name, dimensions), content in parts.items():
            runner.write(f"{folder}/" + spelling.format(name, dimensions), pack(content))
        (result,) = runner.json(f"{folder} IDX files are read", *SMALL[:4], "--data", folder)
        answers.append(result["train_loss"])
        runner.holds("six pixels, three classes", result["parameters"] == 7 * 8 + 9 * 3)
    runner.holds("packing changes nothing", answers[0] == answers[1])
    images = parts["train-images", 3]
    for name, content in (("cut", images[:-1]), ("longer", images + b"0"), ("of another kind", b"\0\0\x0d\3" + images[4:]),
                          ("of absurd size", images[:4] + b"\xff" * 12 + images[16:]), ("empty", b"")):
        runner.write("plain/train-images-idx3-ubyte", content)
        runner.refuses(f"an IDX file that is {name} is refused", ["--data", "plain"], "IDX", "train-images")
    runner.write("void/readme", "")
    runner.refuses("a folder without them is refused", ["--data", "void"], "train-images", "void")


def check_refusals(runner):
    for options, *parts in ((["--model", "cnn"], "--model must be mlp"), (["--hidden", "64,"], "--hidden"), (["--hidden", "0"], "--hidden"),
                            (["--epochs", "0"], "--epochs"), (["--batch", "0"], "--batch"), (["--dtype", "i8"], "--dtype"),
                            (["--seed", "-1"], "--seed"), (["--ema", "1.5"], "--ema"), (["--ema", "0.9", "--swa-start", "2"], "--swa-start"),
                            (["--swa-start", "31"], "--swa-start"), (["--set", "lr"], "key=value"), (["--set", "rate=1"], "AdamW: ", "rate"),
                            (["--set", "lr=-1"], "AdamW: lr"), (["--optimizer", "lbfgs"], "closure", "LBFGS"),
                            (["--optimizer", "sparseadam"], "dense gradients", "SparseAdam"), (["--optimizer", "best"], "an optimizer must be"),
                            (["--scheduler", "best"], "a scheduler must be"), (["--scheduler", "StepLR"], "StepLR: ", "step_size"),
                            (["--scheduler-set", "gamma=1"], "--scheduler"), (["--compare", "sgd", "--save", "a.safetensors"], "--save"),
                            (["--compare", "sgd,adam", "--set", "betas=[0.9,0.9]"], "SGD: ", "betas"), (["--save", "no/a.safetensors"], "--save"),
                            (["--save", "a.txt"], "--save"), (["--plot", "no/a.svg"], "--plot"), (["--resume", "no.safetensors"], "no.safetensors")):
        runner.refuses(f"{' '.join(options)} is refused", options, *parts)
    runner.accepts("a file to resume", *SMALL, "--set", "lr=0.01", "--save", "old.safetensors")
    old = runner.read("old.safetensors")
    for options, *parts in ((["--optimizer", "sgd"], "--optimizer", "AdamW", "SGD"), (["--hidden", "9"], "--hidden", "8", "9"),
                            (["--set", "lr=0.5"], "--set", "0.01", "0.5"), (["--epochs", "2"], "--epochs", "3", "2"),
                            (["--seed", "4"], "--seed", "4"), (["--dtype", "f64"], "--dtype", "f32", "f64")):
        runner.refuses(f"a file is not resumed with {options}", ["--resume", "old.safetensors", "--save", "old.safetensors", *options], *parts)
    runner.write("damaged.safetensors", old[:-1])
    runner.write("foreign.safetensors", struct.pack("<Q", 8) + b"{}      ")
    for name in ("damaged", "foreign"):
        before = runner.read(f"{name}.safetensors")
        runner.refuses(f"a {name} file is refused", ["--resume", f"{name}.safetensors", "--save", f"{name}.safetensors"], name)
        runner.holds(f"a {name} file is left alone", runner.read(f"{name}.safetensors") == before)
    runner.accepts("what the file says may be said again", "-q", "--resume", "old.safetensors", "--set", "lr=0.01", "--hidden", "8")
    runner.holds("nothing changed the file", runner.read("old.safetensors") == old)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tally = Tally()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(sys.argv[1], tally, folder)
        for check in (check_result, check_bits, check_norms, check_kill, check_data, check_idx, check_refusals):
            check(runner)
    print(f"{time.monotonic() - begin:.1f} s")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
