#!/usr/bin/env python3
"""Adds up the single test cases of finished Meson test runs; the last line is `N passed, N failed, N skipped`.

usage: count_cases.py BUILD_FOLDER...

The test programs end with doctest's summary, the scripts with a line as above. A test that ends badly without naming a
failed case (a crash, a time limit, a sanitizer's report) counts as one more that failed, and so does one that counts no case
at all. A test that Meson calls skipped, and that prints no sums, counts as one skipped.
"""

import json
import re
import sys
from pathlib import Path

from counts import Tally

SCRIPT = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)
DOCTEST = re.compile(r"^\[doctest\] test cases: *\d+ \| *(\d+) passed \| *(\d+) failed \| *(\d+) skipped", re.MULTILINE)
GOOD, SKIPPED = ("OK", "EXPECTEDFAIL"), "SKIP"


def results_of(build):
    """Every finished test of the last run, as Meson logs it."""
    log = Path(build) / "meson-logs" / "testlog.json"
    if not log.exists():
        return []
    return [json.loads(line) for line in log.read_text().splitlines()]


def cases_of(output):
    """(passed, failed, skipped) as the test says last, or None."""
    found = DOCTEST.findall(output) or SCRIPT.findall(output)
    return tuple(int(number) for number in found[-1]) if found else None


def add(tally, name, result):
    passed, failed, skipped = cases_of(result.get("stdout", "")) or (0, 0, 0)
    tally.passed += passed
    tally.failed += failed
    tally.skipped += skipped
    if result["result"] == SKIPPED:
        if not skipped:
            tally.skip(name, "it cannot run here")
    elif result["result"] not in GOOD:
        if not failed:
            tally.check(name, f"{result['result']}, exit status {result['returncode']}")
    elif not passed + skipped:
        tally.check(name, "it counted no test case")


def main():
    tally = Tally()
    for build in sys.argv[1:]:
        results = results_of(build)
        if not results:
            tally.check(build, "no test ran")
        for result in results:
            add(tally, f"{build}: {result['name']}", result)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
