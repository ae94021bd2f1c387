#!/usr/bin/env python3
"""Compares `ravine replay` with goldens, for every implementation, instruction set and number of threads: bit for bit, or, where
sums are in another order than torch's, within the tolerance that a golden's metadata gives.

usage: replay_golden.py PROGRAM FOLDER

FOLDER has archives of X.json beside X.in.safetensors and X.expected.safetensors. A spec that names an implementation is run with that
one only: half precision rounds differently in the fused one.
"""

import itertools
import json
import math
import struct
import sys
import tempfile
import zipfile
from pathlib import Path

from goldens import Tally, arguments, is_unknown_class, problem_of, run

IMPLEMENTATIONS = ["for_loop", "foreach", "fused"]
ISAS = ["scalar", "avx2", "avx512"]
THREADS = [1, 2]
# Bytes per element; exponent and mantissa bits of an unsigned integer view.
FLOATS = {"F64": (8, "Q", 0x7FF0000000000000, 0x000FFFFFFFFFFFFF), "F32": (4, "I", 0x7F800000, 0x007FFFFF),
          "F16": (2, "H", 0x7C00, 0x03FF), "BF16": (2, "H", 0x7F80, 0x007F)}


def read_file(path):
    """{name: (dtype, shape, bytes)} and the metadata"""
    data = path.read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    body = data[8 + size:]
    return {name: (entry["dtype"], entry["shape"], body[slice(*entry["data_offsets"])]) for name, entry in header.items()}, metadata


def read_safetensors(path):
    return read_file(path)[0]


def numbers(tensor):
    """The elements as floats."""
    dtype, _, data = tensor
    if dtype == "BF16":
        data, dtype = b"".join(b"\0\0" + data[i:i + 2] for i in range(0, len(data), 2)), "F32"
    code = {"F64": "d", "F32": "f", "F16": "e"}[dtype]
    return struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)


def is_near(a, b, relative, absolute):
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= absolute + relative * abs(b)


def elements(tensor):
    """The elements as integers; every NaN is the same."""
    dtype, _, data = tensor
    if dtype not in FLOATS:
        return list(data)
    size, code, exponent, mantissa = FLOATS[dtype]
    raw = struct.unpack(f"<{len(data) // size}{code}", data)
    return ["nan" if x & exponent == exponent and x & mantissa else x for x in raw]


def difference(actual, expected, tolerance=None):
    """Empty, or where two files differ. `tolerance` has [relative, absolute] for "param" and "state", but steps are exact."""
    if actual.keys() != expected.keys():
        return f"missing {sorted(expected.keys() - actual.keys())}, unexpected {sorted(actual.keys() - expected.keys())}"
    for name, tensor in expected.items():
        if actual[name][:2] != tensor[:2]:
            return f"{name}: {actual[name][:2]}, expected {tensor[:2]}"
        if actual[name][2] == tensor[2]:
            continue
        near = (tolerance or {}).get(name.split("/")[0]) if "/step/" not in name else None
        if near:
            wrong = [i for i, (a, b) in enumerate(zip(numbers(actual[name]), numbers(tensor))) if not is_near(a, b, *near)]
        else:
            wrong = [i for i, (a, b) in enumerate(zip(elements(actual[name]), elements(tensor))) if a != b]
        if wrong:
            return f"{name}: {len(wrong)} elements, the first at {wrong[0]}"
    return ""


def combinations(spec):
    implementations = [None] if "implementation" in json.loads(spec.read_text()) else IMPLEMENTATIONS
    return itertools.product(implementations, ISAS, THREADS)


def replay(program, spec, output, implementation, isa, threads):
    name = spec.name.removesuffix(".json")
    command = [program, "replay", spec, spec.with_name(name + ".in.safetensors"), "-o", output, "--quiet",
               "--isa", isa, "--threads", threads]
    return run(*command, *(["--implementation", implementation] if implementation else []))


def check_spec(tally, program, spec, folder):
    expected, metadata = read_file(spec.with_suffix(".expected.safetensors"))
    tolerance = json.loads(metadata["tolerance"]) if "tolerance" in metadata else None
    for implementation, isa, threads in combinations(spec):
        name = f"{spec.name} {implementation or ''} {isa} threads={threads}"
        output = Path(folder) / "out.safetensors"
        output.unlink(missing_ok=True)
        process = replay(program, spec, output, implementation, isa, threads)
        if is_unknown_class(process):
            tally.skip(spec.name, "no such class yet")
            return
        if process.returncode == 1 and "isa must be one that this CPU and this library have" in process.stderr:
            tally.skip(name, "this CPU does not have the instruction set")
            continue
        tally.check(name, problem_of(process) or difference(read_safetensors(output), expected, tolerance))


def main():
    program, folder = arguments()
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch:
        for archive in sorted(folder.glob("*.zip")):
            cases = Path(scratch) / archive.stem
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(cases)
            for spec in sorted(cases.glob("*.json")):
                check_spec(tally, program, spec, scratch)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
