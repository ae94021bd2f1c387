#!/usr/bin/env python3
"""`ravine convert`, and checkpoints in torch's format wherever the program takes one: what survives, what is refused, in how much memory.

usage: convert_test.py PROGRAM
"""

import io
import json
import os
import pickle
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from goldens import Tally

MEBIBYTE = 1 << 20
ORDERED = b"ccollections\nOrderedDict\n)R"


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value):
    return b"\x8a\x08" + struct.pack("<q", value)


def tensor(cls, numel, sizes, strides, key="0"):
    """The opcodes of a tensor in storage `key`."""
    storage = b"(" + text("storage") + f"ctorch\n{cls}\n".encode() + text(key) + text("cpu") + number(numel) + b"tQ"
    numbers = b"".join(b"(" + b"".join(number(one) for one in many) + b"t" for many in (sizes, strides))
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + numbers + b"\x89" + ORDERED + b"tR"


def torch_file(body, *storages):
    """A file of torch.save around what stands between PROTO and STOP."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("x/data.pkl"), b"\x80\2" + body + b".")
        archive.writestr(zipfile.ZipInfo("x/version"), b"3\n")
        for key, data in enumerate(storages):
            archive.writestr(zipfile.ZipInfo(f"x/data/{key}"), data)
    return content.getvalue()


def plain(value):
    """A file of torch.save with a value of Python's."""
    return torch_file(pickle.dumps(value, 2)[2:-1])


class Runner:
    def __init__(self, program, tally, folder):
        self.program, self.tally, self.folder = os.path.abspath(program), tally, Path(folder)

    def run(self, *command):
        return subprocess.run([self.program, *map(str, command)], cwd=self.folder, capture_output=True, text=True, check=False, timeout=120)

    def write(self, name, content):
        (self.folder / name).write_bytes(content)

    def read(self, name):
        return (self.folder / name).read_bytes()

    def holds(self, name, condition, what="it is not so"):
        self.tally.check(name, "" if condition else str(what)[:2000])

    def accepts(self, name, *command):
        process = self.run(*command)
        self.tally.check(name, f"status {process.returncode}: {process.stderr}" if process.returncode else "")
        return process.stdout

    def refuses(self, name, command, *parts):
        """A refusal is one printable line, and leaves no file behind."""
        before = sorted(self.folder.iterdir())
        process = self.run(*command)
        line = process.stderr.startswith("ravine: error: ") and process.stderr.count("\n") == 1 and process.stderr[:-1].isprintable()
        good = process.returncode == 1 and line and not process.stdout and all(part in process.stderr for part in parts)
        self.holds(name, good and sorted(self.folder.iterdir()) == before, f"status {process.returncode}, {process.stderr!r}, {process.stdout[:80]!r}")

    def value(self, name):
        return json.loads(self.run("inspect", name, "--json").stdout)["value"]


def check_formats(runner):
    body = b"}(" + text("w") + tensor("FloatStorage", 2, [2], [1]) + text("k") + pickle.dumps({"step": 1, "betas": (0.5, 1), 3: [True, None]}, 2)[2:-1] + b"u"
    runner.write("a.pt", torch_file(body, struct.pack("<2f", 1, 2)))
    wanted = runner.value("a.pt")
    runner.holds("the file is a tree", wanted["k"] == {"$dict": [["step", 1], ["betas", {"$tuple": [0.5, 1]}], [3, [True, None]]]}, wanted)
    names = ["b.safetensors", "c.pth", "d.bin", "e.safetensors", "f.pt"]
    for source, target in zip(["a.pt", *names], names):
        runner.accepts(f"{source} becomes {target}", "convert", source, target)
        runner.holds(f"{target} has all of it", runner.value(target) == wanted, runner.value(target))
    runner.holds("safetensors come out the same", runner.read("b.safetensors") == runner.read("e.safetensors"))
    runner.accepts("a file may become itself", "convert", "f.pt", "f.pt")
    runner.holds("it is what it was", runner.value("f.pt") == wanted)
    views = [tensor("FloatStorage", 6, sizes, strides) for sizes, strides in (([1], [1]), ([2, 3], [3, 1]), ([3, 2], [1, 3]))]
    runner.write("views.pt", torch_file(b"](" + b"".join(views) + b"e", bytes(24)))
    lines = runner.accepts("views are shown", "inspect", "views.pt").splitlines()
    runner.holds("with what they share", [line.rpartition(", shares")[2] for line in lines[3:]] == [" the memory of 0"] * 2, lines)
    text_for_people = runner.accepts("it is shown", "inspect", "f.pt")
    runner.holds("with its format", text_for_people.startswith("torch-zip, 1 tensors, 8 bytes\ndict of 2\n  w: float32 (2,) 8 bytes\n"), text_for_people)


def check_metadata(runner):
    header = json.dumps({"__metadata__": {"format": "pt", "note": "x"}, "w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode()
    runner.write("plain.safetensors", struct.pack("<Q", len(header)) + header + b"1")
    process = runner.run("convert", "plain.safetensors", "plain.pt")
    wanted = "ravine: warning: convert: metadata are no part of a tree, and left out: 'note'\n"
    runner.holds("metadata that nobody can read any more are named", (process.returncode, process.stderr) == (0, wanted), process.stderr)
    runner.holds("the tensors are there", list(runner.value("plain.pt")) == ["w"])


def check_refusals(runner):
    runner.write("good.pt", plain([1]))
    runner.refuses("an unknown suffix is refused", ["convert", "good.pt", "x.txt"], "x.txt", ".safetensors")
    runner.refuses("a file that is not there is refused", ["convert", "none.pt", "x.pt"], "No such file", "none.pt")
    runner.refuses("a folder that is not there is refused", ["convert", "good.pt", "none/x.pt"], "folder")
    complex_body = b"}" + text("a") + b"]" + tensor("ComplexDoubleStorage", 1, [], []) + b"as"
    runner.write("complex.pt", torch_file(complex_body, bytes(16)))
    runner.refuses("what safetensors has not is refused with its place", ["convert", "complex.pt", "x.safetensors"], "complex128", "a.0")
    runner.write("call.pt", torch_file(b"cos\nsystem\n" + text("echo") + b"\x85R"))
    runner.refuses("a call is refused", ["inspect", "call.pt"], "'os.system'", "data.pkl, byte 2", "call.pt")
    runner.write("escape.pt", torch_file(b"c\x1b[2J\nsystem\n)R"))
    runner.refuses("escapes stay text", ["inspect", "escape.pt"], "\\x1b[2J")
    for name, content, wanted in (("gzip", b"\x1f\x8b\x08", "a gzip file"), ("pickle", pickle.dumps([1]), "a pickle"), ("numpy", b"\x93NUMPY\1\0", "an array of NumPy"),
                                  ("script", torch_file(b"N").replace(b"x/version", b"x/constan"), "version")):
        runner.write("foreign.pt", content)
        runner.refuses(f"{name} is refused by name", ["inspect", "foreign.pt"], wanted)


def measured(runner, *command):
    """Status, resident memory and seconds of a command that has 2 GiB of addresses."""
    begin = time.monotonic()
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (2048 * MEBIBYTE,) * 2)  # noqa: E731
    process = subprocess.Popen([runner.program, *command], cwd=runner.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=limit)
    problem = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * 1024, time.monotonic() - begin, problem


def hostile_files():
    """Some MB each, and what becomes of them."""
    size = 4 * MEBIBYTE
    batch = b"(" + b"]" * 500_000 + b"e"
    yield "empty lists", torch_file(b"]" + batch * 8)
    yield "lists of one", torch_file(b"](" + b"]Na" * (size // 6) + b"e")
    yield "tensors that come again", torch_file(b"]" + tensor("FloatStorage", 1, [], []) + b"q\0a" + (b"(" + b"h\0" * 500_000 + b"e") * 4, bytes(4))
    yield "dicts", torch_file(b"]" + (b"(" + b"}" * 500_000 + b"e") * 8)
    yield "deep lists", torch_file(b"]" * size + b"a" * (size - 1))
    yield "long text that comes again", torch_file(b"](" + text("a" * 1_000_000) + b"q\0" + b"h\0" * 400_000 + b"e")
    yield "integers that come again", torch_file(b"]" + number(-2**63) + b"q\0a" + (b"(" + b"h\0" * 500_000 + b"e") * 3)
    yield "keys of a dict", torch_file(b"}(" + b"".join(number(i) + b"N" for i in range(400_000)) + b"u")
    yield "views of one byte", torch_file(b"](" + b"".join(tensor("ByteStorage", 1, [i + 1], [0]) for i in range(25_000)) + b"e", b"\1")
    yield "a tensor of 2^40", torch_file(tensor("ByteStorage", 1, [2**40], [0]), b"\1")
    yield "a tensor of 2^62", torch_file(tensor("ByteStorage", 1, [2**62], [0]), b"\1")
    yield "a tensor of 2^29", torch_file(tensor("ByteStorage", 1, [2**29], [0]), b"\1")


def check_memory(runner):
    for name, content in hostile_files():
        runner.write("hostile.pt", content)
        for command in (["inspect", "hostile.pt"], ["inspect", "hostile.pt", "--json"], ["convert", "hostile.pt", "out.pt"], ["convert", "hostile.pt", "out.safetensors"]):
            status, memory, seconds, problem = measured(runner, *command)
            runner.holds(f"{name}: {' '.join(command)} ends with an answer or a refusal", status in (0, 1) and "memory, got none" not in problem, f"{status}: {problem}")
            runner.holds(f"{name}: {' '.join(command)} takes less than 512 MiB", memory < 512 * MEBIBYTE, f"{memory / MEBIBYTE:.0f} MiB, {seconds:.1f} s")
        for left in runner.folder.glob("out.*"):
            left.unlink()
    runner.write("huge.pt", torch_file(tensor("ByteStorage", 1, [2**40], [0]), b"\1"))
    for command in (["inspect", "huge.pt", "--json"], ["convert", "huge.pt", "x.pt"]):
        runner.refuses(f"{command[0]} does not walk over 2^40 elements", command, "bytes in a file of this size", "1099511627776")


def check_train(runner):
    options = ["train", "--hidden", "8", "-q", "--ema", "0.9", "--scheduler", "steplr", "--scheduler-set", "step_size=2"]
    runner.accepts("three epochs", *options, "--epochs", "3", "--save", "run.pt")
    whole = runner.read("run.pt")
    for first, second in (("run.pt", "run.pt"), ("run.safetensors", "run.pt"), ("run.pth", "run.pt")):
        runner.accepts(f"one epoch into {first}", *options, "--epochs", "1", "--save", first)
        runner.accepts(f"two more into {second}", "train", "-q", "--resume", first, "--save", second, "--epochs", "3")
        runner.holds(f"{first}, then {second}: the same file", runner.read("run.pt") == whole)
    runner.accepts("it is converted", "convert", "run.pt", "again.safetensors")
    runner.accepts("and saved in that format", "train", "-q", "--resume", "again.safetensors", "--save", "run.pt")
    runner.holds("the way by safetensors changes nothing", runner.read("run.pt") == whole)


def check_replay(runner):
    data = struct.pack("<3f", 1, 2, 3)
    names = ["grad/w/1", "grad/w/2", "param/w"]
    header = json.dumps({name: {"dtype": "F32", "shape": [3], "data_offsets": [12 * i, 12 * i + 12]} for i, name in enumerate(names)}).encode()
    runner.write("in.safetensors", struct.pack("<Q", len(header)) + header + data * 3)
    runner.write("spec.json", json.dumps({"optimizer": {"type": "Adam"}, "steps": 2}).encode())
    for state in ("state.pt", "state.safetensors"):
        runner.accepts(f"the state goes into {state}", "replay", "spec.json", "in.safetensors", "-o", "out.safetensors", "--save-state", state, "--quiet")
        runner.write("more.json", json.dumps({"optimizer": {"type": "Adam"}, "steps": 2, "load": state}).encode())
        runner.accepts(f"and comes from {state}", "replay", "more.json", "in.safetensors", "-o", f"after-{state}.safetensors", "--quiet")
    runner.holds("either has the same state", runner.value("state.pt") == runner.value("state.safetensors"))
    runner.holds("either goes on the same", runner.read("after-state.pt.safetensors") == runner.read("after-state.safetensors.safetensors"))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(sys.argv[1], tally, folder)
        for check in (check_formats, check_metadata, check_refusals, check_train, check_replay, check_memory):
            check(runner)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
