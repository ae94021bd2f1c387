#!/usr/bin/env python3
"""Compiles every public header alone, twice in a row, with warnings as errors, and those of each floor together without
exceptions and rtti. A header is given the include folders of its own floor and of those below it, and no others.

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
AVX2 = ["-mavx2", "-mfma", "-mf16c"]
# Headers for files that are compiled once per instruction set; compilers note that vectors change the ABI.
FLAGS = {"pack.h": [*AVX2, "-Wno-psabi", "-Wno-ignored-attributes"], "instantiate.h": ["-DRAVINE_BASELINE"]}
ALWAYS = ["-std=c++20", "-fsyntax-only", "-Werror", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow"]


def headers_of(root):
    """(floor, header) of every public header."""
    for floor in FLOORS:
        folder = root / floor / "include"
        for header in sorted(folder.rglob("*.h")):
            yield floor, header.relative_to(folder)


def compile_headers(root, compiler, floor, headers, flags):
    """Empty, or what the compiler said first."""
    includes = [f"-I{root / below / 'include'}" for below in FLOORS[:FLOORS.index(floor) + 1]]
    text = "".join(f"#include <{header}>\n" for header in headers)
    own_flags = [flag for header in headers for flag in FLAGS.get(header.name, [])]
    command = [*compiler, "-x", "c++", *ALWAYS, *includes, *flags, *own_flags, "-"]
    process = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if process.returncode == 0:
        return ""
    errors = [line for line in process.stderr.splitlines() if "error" in line]
    return (errors or process.stderr.splitlines() or ["no message"])[0]


def main():
    root = Path(sys.argv[1])
    compiler = [word for word in sys.argv[2:] if not word.endswith("ccache")]
    tally = Tally()
    jobs = [(str(header), floor, [header, header], []) for floor, header in headers_of(root)]
    for floor in FLOORS:
        # Those that instantiate kernels are compiled so in the library itself, and exclude each other.
        headers = [header for its_floor, header in headers_of(root) if its_floor == floor and "instantiate" not in header.name]
        jobs.append((f"{floor} without exceptions", floor, headers, ["-fno-exceptions", "-fno-rtti"]))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        problems = pool.map(lambda job: compile_headers(root, compiler, *job[1:]), jobs)
        for job, problem in zip(jobs, problems):
            tally.check(job[0], problem)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
