"""Runs `ravine inspect` on files made here and compares what it says. Argument: the program."""

import json
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from counts import Tally

SIZES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2, "I64": 8, "U64": 8, "U8": 1, "BOOL": 1, "C64": 8}
NAMES = {"F64": "float64", "F32": "float32", "BF16": "bfloat16", "F16": "float16", "I64": "int64", "U64": "uint64",
         "U8": "uint8", "BOOL": "bool", "C64": "complex64"}


def safetensors(tensors, metadata=None):
    """The bytes of a file; `tensors` maps names to (dtype, shape, bytes) in the order of the data."""
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def shown(dtype, shape, content, **more):
    """What inspect says of a tensor."""
    return {"$tensor": {"dtype": NAMES[dtype], "shape": shape, "crc32": f"{zlib.crc32(content):08x}", **more}}


class Inspect:
    def __init__(self, program, folder):
        self.program, self.path = program, folder / "file.safetensors"

    def run(self, content, *options):
        self.path.write_bytes(content)
        return subprocess.run([self.program, "inspect", self.path, *options], capture_output=True, text=True, timeout=60)

    def json(self, content, *options):
        process = self.run(content, "--json", *options)
        return json.loads(process.stdout) if process.returncode == 0 else process.stderr


def expect(tally, name, got, wanted):
    tally.check(name, "" if got == wanted else f"must be {wanted!r}, got {got!r}")


def expect_in(tally, name, wanted, got):
    tally.check(name, "" if wanted in got else f"must hold {wanted!r}, got {got!r}")


EVERY_DTYPE = {
    "u64": ("U64", [2], struct.pack("<2Q", 3, 2**64 - 1)),
    "i64": ("I64", [1, 2], struct.pack("<2q", -2**53, 2**53 + 1)),
    "f64": ("F64", [4], struct.pack("<4d", 0.1, 1.0, float("inf"), -0.0)),
    "c64": ("C64", [], struct.pack("<2f", 1.5, float("nan"))),
    "f32": ("F32", [], struct.pack("<f", 0.1)),
    "bf16": ("BF16", [1], b"\xc0\x3f"),
    "f16": ("F16", [0, 3], b""),
    "u8": ("U8", [3], b"\0\1\xff"),
    "bool": ("BOOL", [2], b"\1\0"),
}
VALUES = {
    "u64": [3, {"$int": str(2**64 - 1)}], "i64": [-2**53, {"$int": str(2**53 + 1)}], "f64": [0.1, 1.0, {"$float": "inf"}, -0.0],
    "c64": [[1.5, {"$float": "nan"}]], "f32": [struct.unpack("<f", struct.pack("<f", 0.1))[0]], "bf16": [1.5], "f16": [],
    "u8": [0, 1, 255], "bool": [True, False],
}


def check_plain(inspect, tally):
    content = safetensors(EVERY_DTYPE, {"format": "pt", "note": "\u001b\"é"})
    wanted = {name: shown(*tensor) for name, tensor in EVERY_DTYPE.items()} | {"__metadata__": {"format": "pt", "note": "\u001b\"é"}}
    got = inspect.json(content)
    expect(tally, "plain file", got, {"format": "safetensors", "value": wanted})
    expect(tally, "file order", list(got["value"]), [*EVERY_DTYPE, "__metadata__"])
    with_values = {name: shown(*tensor, values=VALUES[name]) for name, tensor in EVERY_DTYPE.items()}
    expect(tally, "all values", inspect.json(safetensors(EVERY_DTYPE), "--values", "9")["value"], with_values)
    few = inspect.json(safetensors(EVERY_DTYPE), "--values", "2")["value"]
    expect(tally, "values up to 2", [name for name, tensor in few.items() if "values" not in tensor["$tensor"]], ["f64", "u8"])
    expect(tally, "empty file", inspect.json(safetensors({})), {"format": "safetensors", "value": {}})
    dollar = {"$t": ("U8", [1], b"1")}
    expect(tally, "names with a dollar", inspect.json(safetensors(dollar))["value"], {"$dict": [["$t", shown(*dollar["$t"])]]})
    warnings = inspect.run(content).stderr
    expect(tally, "warnings", warnings, "ravine: warning: inspect: tensor 'f64' has 0 NaN and 1 infinities among 4 elements\n"
                                        "ravine: warning: inspect: tensor 'c64' has 1 NaN and 0 infinities among 1 elements\n")


def check_tree(inspect, tally):
    moment, step = ("F32", [2], struct.pack("<2f", 1, 2)), ("F32", [], struct.pack("<f", 3))
    tensors = {"state.0.exp_avg": moment, "state.0.step": step}
    metadata = {
        "format": "pt", "optim.schema": "1",
        "optim.root": '{"epoch":3,"optimizer":{"$part":"optim"},"best":{"$float":"inf"},"big":{"$int":"9007199254740993"},'
                      '"raw":{"$bytes":"00ff"},"seen":{"$set":[1]},"milestones":{"$counter":[[30,1]]}}',
        "optim.state": '{"0":{"step":{"$t":"state.0.step"},"exp_avg":{"$t":"state.0.exp_avg"}}}',
        "optim.param_groups": '[{"lr":0.001,"betas":{"$tuple":[0.9,0.999]},"foreach":null,"params":[0,1]}]',
    }
    content = safetensors(tensors, metadata)
    state = {"$dict": [[0, {"step": shown(*step), "exp_avg": shown(*moment)}]]}
    groups = [{"lr": 0.001, "betas": {"$tuple": [0.9, 0.999]}, "foreach": None, "params": [0, 1]}]
    wanted = {"epoch": 3, "optimizer": {"state": state, "param_groups": groups}, "best": {"$float": "inf"},
              "big": {"$int": "9007199254740993"}, "raw": {"$bytes": "00ff"}, "seen": {"$set": [1]}, "milestones": {"$dict": [[30, 1]]}}
    got = inspect.json(content)
    expect(tally, "tree", got["value"], wanted)
    expect(tally, "order of the tree", list(got["value"]), list(wanted))
    expect(tally, "floats and integers", (json.dumps(groups), json.dumps(got["value"]["optimizer"]["param_groups"])), (json.dumps(groups),) * 2)
    expect(tally, "raw", inspect.json(content, "--raw")["value"], {name: shown(*t) for name, t in tensors.items()} | {"__metadata__": metadata})
    text = inspect.run(content).stdout
    for line in ("safetensors, 2 tensors, 12 bytes\n", "\n      0: dict of 2\n        step: float32 () 4 bytes\n", "\nepoch: 3\n",
                 "optimizer at optimizer: 1 group, 2 parameters, 1 of them with state, 12 bytes of state\n",
                 "  group 0: 2 parameters, lr 0.001, betas (0.9, 0.999), foreach None\n"):
        expect_in(tally, f"text {line!r}", line.lstrip("\n") if line.startswith("\nepoch") else line, text)
    tied = safetensors({"a": moment}, {"optim.schema": "1", "model.keys": '["a","b"]', "optim.aliases": '{"b":"a"}'})
    expect(tally, "tied tensors", inspect.json(tied)["value"], {"a": shown(*moment), "b": shown(*moment)})
    expect_in(tally, "tied tensors in text", "b: float32 (2,) 8 bytes, shares the memory of a [1.0, 2.0]\n", inspect.run(tied, "--values", "2").stdout)


def check_refusals(inspect, tally):
    good = safetensors({"a": ("U8", [1], b"1")})
    bad_tree = safetensors({}, {"optim.schema": "1", "optim.root": "[1,"})
    escape = safetensors({"\u001b[2J\n": ("U8", [2], b"1")})
    for name, content, reason in (("cut", good[:-1], "data must end within"), ("gzip", b"\x1f\x8b" + good, "got a gzip file"), ("zip", b"PK\3\4" + good, "the file must end with a zip end record"),
                                  ("bad tree", bad_tree, "metadata key optim.root"), ("escapes", escape, "'\\x1b[2J\\n'")):
        process = inspect.run(content)
        expect(tally, f"{name}: status and output", (process.returncode, process.stdout), (1, ""))
        expect_in(tally, f"{name}: reason", reason, process.stderr)
        line = process.stderr.startswith("ravine: error: ") and process.stderr.count("\n") == 1 and process.stderr[:-1].isprintable()
        tally.check(f"{name}: one printable line", "" if line else repr(process.stderr))
    negative = inspect.run(good, "--values", "-1")
    expect(tally, "fewer than no values", (negative.returncode, negative.stderr), (1, "ravine: error: inspect: --values must be at least 0, got -1\n"))
    for options in (("--values", "x"), ("--unknown",)):
        expect(tally, f"usage {options}", inspect.run(good, *options).returncode, 2)


def main():
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        inspect = Inspect(sys.argv[1], Path(folder))
        check_plain(inspect, tally)
        check_tree(inspect, tally)
        check_refusals(inspect, tally)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
