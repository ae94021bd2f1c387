#!/usr/bin/env python3
"""Files of torch.save: `ravine inspect` says what they hold, and `ravine convert` writes the same bytes, also by way of safetensors.

usage: checkpoint_golden.py PROGRAM FOLDER

FOLDER has archives of X.pt beside X.json. What X begins with "read-" is only read.
"""

import json
import sys
import tempfile
import zipfile
from pathlib import Path

from goldens import Tally, arguments, problem_of, run


def same(a, b):
    """As JSON, where 1 is not 1.0 and True is neither; the order of keys counts."""
    return json.dumps(a) == json.dumps(b)


def check_inspect(tally, program, path, wanted):
    process = run(program, "inspect", path, "--json")
    problem = problem_of(process)
    if not problem and not same(json.loads(process.stdout), wanted):
        problem = f"{process.stdout[:500]!r} instead of {json.dumps(wanted)[:500]!r}"
    tally.check(f"{path.name} is read", problem)
    tally.check(f"{path.name} is shown", problem_of(run(program, "inspect", path)))


def check_written(tally, program, path, out, wanted):
    process = run(program, "convert", path, out)
    tally.check(f"{path.name} is written", problem_of(process) or difference(out.read_bytes(), path.read_bytes()))
    other = out.with_suffix(".safetensors")
    process = run(program, "convert", path, other)
    if "complex128" in process.stderr:
        tally.check(f"{path.name}: safetensors has no complex128", "" if "'complex128'" in process.stderr else process.stderr)
        return
    problem = problem_of(process) or problem_of(run(program, "convert", other, out))
    if not problem and path.stem == "views":  # safetensors has no strides
        problem = "" if same(json.loads(run(program, "inspect", out, "--json").stdout), wanted) else "differs"
    tally.check(f"{path.name} survives safetensors", problem or (path.stem != "views" and difference(out.read_bytes(), path.read_bytes())))


def difference(got, wanted):
    """Empty, or where the bytes differ."""
    if got == wanted:
        return ""
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
    return f"{len(got)} bytes instead of {len(wanted)}, byte {at}: {got[at - 40:at + 40]!r} instead of {wanted[at - 40:at + 40]!r}"


def main():
    program, folder = arguments()
    tally = Tally()
    for archive in sorted(folder.glob("*.zip")):
        with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(archive) as packed:
            packed.extractall(place)
            (Path(place) / "out").mkdir()
            for path in sorted(Path(place).glob("*.pt")):
                wanted = json.loads(path.with_suffix(".json").read_text())
                check_inspect(tally, program, path, wanted)
                if not path.name.startswith("read-"):
                    check_written(tally, program, path, Path(place) / "out" / path.name, wanted)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
