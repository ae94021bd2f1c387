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


def check_written(tally, program, path, out):
    for name, steps in (("written", [path, out]), ("written by way of safetensors", [path, out.with_suffix(".safetensors"), out])):
        problem = ""
        for step in zip(steps, steps[1:]):
            problem = problem or problem_of(run(program, "convert", *step))
        if "complex128" in problem and len(steps) == 3:
            continue  # which safetensors has not
        tally.check(f"{path.name} is {name}", problem or ("" if out.read_bytes() == path.read_bytes() else difference(out.read_bytes(), path.read_bytes())))


def difference(got, wanted):
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
                check_inspect(tally, program, path, json.loads(path.with_suffix(".json").read_text()))
                if not path.name.startswith("read-"):
                    check_written(tally, program, path, Path(place) / "out" / path.name)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
