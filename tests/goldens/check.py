#!/usr/bin/env python3
"""Makes the goldens again and compares them with those of the project: byte for byte, but for those of `minimize`, whose sums
depend on the CPU.

usage: check.py

Runs with the Python that the environment variable RAVINE_TORCH_PYTHON names, or with this one; skipped if it has no
torch 2.8.0.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "tools")]
from counts import Tally  # noqa: E402
import minimize_golden  # noqa: E402


def torch_version(python):
    """torch's version without its build, or empty."""
    command = [python, "-c", "import torch, numpy; print(torch.__version__.split('+')[0])"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    return process.stdout.strip() if process.returncode == 0 else ""


def is_close(kept, made):
    spec = json.loads(kept.with_name(kept.name.replace(".expected.csv", ".json")).read_text())
    return not minimize_golden.difference(made.read_text(), kept.read_text(), minimize_golden.tolerance_of(spec))


def contents(path):
    """The bytes of a file; of an archive, those of its members, since another zlib packs otherwise."""
    if path.suffix != ".zip":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def compare(tally, kept, made):
    names = {path.name for folder in (kept, made) for path in folder.iterdir()}
    for name in sorted(names):
        both = (kept / name).is_file() and (made / name).is_file()
        exact = not (kept.name == "minimize" and name.endswith(".csv"))
        same = both and (contents(kept / name) == contents(made / name) if exact else is_close(kept / name, made / name))
        tally.check(f"{kept.name}/{name}", "" if same else "differs" if both else "is on one side only")


def main():
    tally = Tally()
    python = os.environ.get("RAVINE_TORCH_PYTHON", sys.executable)
    version = torch_version(python)
    if version != "2.8.0":
        tally.skip("goldens", f"torch must be 2.8.0, got {version or 'none'} (RAVINE_TORCH_PYTHON names a Python that has it)")
        return tally.finish()
    with tempfile.TemporaryDirectory() as folder:
        command = [python, str(TESTS / "goldens" / "make_goldens.py"), folder]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        tally.check("make_goldens.py", process.stderr.strip() if process.returncode else "")
        if process.returncode == 0:
            for name in ("checkpoint", "replay", "schedule", "minimize"):
                compare(tally, TESTS / "tools" / name, Path(folder) / name)
    process = subprocess.run([python, str(TESTS / "goldens" / "averages.py")], capture_output=True, text=True, check=False)
    same = process.stdout == (TESTS / "swa" / "torch_averages.h").read_text()
    tally.check("swa/torch_averages.h", process.stderr.strip() or ("" if same else "differs"))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
