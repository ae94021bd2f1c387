#!/usr/bin/env python3
"""Compares `ravine schedule` with goldens, bit for bit, also when it is interrupted and resumed.

usage: schedule_golden.py PROGRAM FOLDER

FOLDER has archives of X.json beside X.expected.csv.
"""

import struct
import sys
import tempfile
import zipfile
from pathlib import Path

from goldens import Tally, arguments, is_unknown_class, problem_of, run


def bits(text):
    """The number as bytes; every NaN is the same."""
    number = float(text)
    return b"nan" if number != number else struct.pack("<d", number)


def table(text):
    header, *rows = text.splitlines()
    return header, [[bits(cell) for cell in row.split(",")] for row in rows]


def difference(actual, expected):
    """Empty, or where two tables differ."""
    (header, rows), (expected_header, expected_rows) = table(actual), table(expected)
    if header != expected_header:
        return f"header {header}, expected {expected_header}"
    if len(rows) != len(expected_rows):
        return f"{len(rows)} rows, expected {len(expected_rows)}"
    for actual_row, expected_row, line, expected_line in zip(
            rows, expected_rows, actual.splitlines()[1:], expected.splitlines()[1:]):
        if actual_row != expected_row:
            return f"{line}, expected {expected_line}"
    return ""


def stops(last):
    """The steps to resume at: those at both ends, and some between."""
    return sorted({0, 1, 2, last // 4, last // 2, 3 * last // 4, last - 1, last} & set(range(last + 1)))


def check_spec(tally, program, spec):
    expected = spec.with_suffix(".expected.csv").read_text()
    process = run(program, "schedule", spec)
    if is_unknown_class(process):
        tally.skip(spec.name, "no such class yet")
        return
    tally.check(spec.name, problem_of(process) or difference(process.stdout, expected))
    for stop in stops(len(expected.splitlines()) - 2):
        resumed = run(program, "schedule", spec, "--resume-at", stop)
        tally.check(f"{spec.name} resumed at {stop}", problem_of(resumed) or difference(resumed.stdout, expected))


def main():
    program, folder = arguments()
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch:
        for archive in sorted(folder.glob("*.zip")):
            cases = Path(scratch) / archive.stem
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(cases)
            for spec in sorted(cases.glob("*.json")):
                check_spec(tally, program, spec)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
