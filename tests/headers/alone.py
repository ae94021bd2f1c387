#!/usr/bin/env python3
"""Compiles every public header alone, twice in a row, with warnings as errors, and once more without exceptions and
rtti. A header is given the include folders of its own floor and of those below it, and no others.

usage: alone.py SOURCE_FOLDER COMPILER...
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from counts import Tally  # noqa: E402

FLOORS = ["kernels", "runtime", "optim", "sched", "swa"]
WARNINGS = ["-Werror", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow"]
AVX2 = ["-mavx2", "-mfma", "-mf16c"]
# Headers for files that are compiled once per instruction set; compilers note that vectors change the ABI.
FLAGS = {"pack.h": [*AVX2, "-Wno-psabi", "-Wno-ignored-attributes"], "instantiate.h": ["-DRAVINE_BASELINE"]}
VARIANTS = {"": [], " without exceptions": ["-fno-exceptions", "-fno-rtti"]}


def headers_of(root):
    """(floor, header) of every public header."""
    for floor in FLOORS:
        folder = root / floor / "include"
        for header in sorted(folder.rglob("*.h")):
            yield floor, header.relative_to(folder)


def compile_alone(root, compiler, floor, header, flags):
    """Empty, or what the compiler said first."""
    includes = [f"-I{root / below / 'include'}" for below in FLOORS[:FLOORS.index(floor) + 1]]
    text = f"#include <{header}>\n" * 2
    command = [*compiler, "-x", "c++", "-std=c++20", "-fsyntax-only", *WARNINGS, *includes, *flags,
               *FLAGS.get(header.name, []), "-"]
    process = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if process.returncode == 0:
        return ""
    errors = [line for line in process.stderr.splitlines() if "error" in line]
    return (errors or process.stderr.splitlines() or ["no message"])[0]


def main():
    root = Path(sys.argv[1])
    compiler = [word for word in sys.argv[2:] if not word.endswith("ccache")]
    tally = Tally()
    jobs = [(floor, header, variant) for floor, header in headers_of(root) for variant in VARIANTS]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        problems = pool.map(lambda job: compile_alone(root, compiler, job[0], job[1], VARIANTS[job[2]]), jobs)
        for (_, header, variant), problem in zip(jobs, problems):
            tally.check(f"{header}{variant}", problem)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
