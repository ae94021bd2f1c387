#!/usr/bin/env python3
"""Compares `ravine minimize` with goldens.

usage: minimize_golden.py PROGRAM FOLDER

FOLDER has X.json beside X.expected.csv. LBFGS has sums whose order is not torch's: its numbers are compared to a tolerance,
and the calls of the closure exactly. All else is compared bit for bit.
"""

import json
import math
import sys

from goldens import Tally, arguments, is_unknown_class, problem_of, run

TOLERANCE = {"f64": 1e-9, "f32": 2e-4}
IMPLEMENTATIONS = ("for_loop", "foreach", "fused")


def table(text):
    header, *rows = (line.split(",") for line in text.splitlines())
    return header, rows


def is_close(actual, expected, tolerance):
    a, b = float(actual), float(expected)
    if math.isnan(b) or math.isinf(b) or tolerance == 0:
        return str(a) == str(b)
    return abs(a - b) <= tolerance * max(abs(b), 1e-3)


def difference(actual, expected, tolerance):
    """Empty, or where two tables differ."""
    (header, rows), (expected_header, expected_rows) = table(actual), table(expected)
    if header != expected_header or len(rows) != len(expected_rows):
        return f"{len(rows)} rows of {header}, expected {len(expected_rows)} of {expected_header}"
    counts = [i for i, name in enumerate(header) if name in ("step", "evals")]
    for cells, expected_cells in zip(rows, expected_rows):
        for i, (cell, expected_cell) in enumerate(zip(cells, expected_cells)):
            if cell != expected_cell if i in counts else not is_close(cell, expected_cell, tolerance):
                return f"step {cells[0]}: {header[i]} is {cell}, expected {expected_cell}"
    return ""


def tolerance_of(spec):
    return TOLERANCE[spec.get("dtype", "f64")] if spec["optimizer"]["type"] == "LBFGS" else 0


def main():
    program, folder = arguments()
    tally = Tally()
    for path in sorted(folder.glob("*.json")):
        spec = json.loads(path.read_text())
        expected = path.with_suffix(".expected.csv").read_text()
        process = run(program, "minimize", path)
        if is_unknown_class(process):
            tally.skip(path.name, "no such class yet")
            continue
        tally.check(path.name, problem_of(process) or difference(process.stdout, expected, tolerance_of(spec)))
        if spec["optimizer"]["type"] == "LBFGS":
            again = run(program, "minimize", path, "--threads", 3, "--isa", "scalar")
            tally.check(f"{path.name} elsewhere", problem_of(again) or ("" if again.stdout == process.stdout else "other bits"))
            continue
        for name in IMPLEMENTATIONS:
            chosen = run(program, "minimize", path, "--implementation", name)
            tally.check(f"{path.name} {name}", problem_of(chosen) or difference(chosen.stdout, expected, 0))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
