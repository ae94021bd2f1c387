"""What the golden tests share: running the program and counting results."""

import subprocess
import sys
from pathlib import Path

SKIPPED_TEST = 77  # Meson's exit status for a test that could not run


class Tally:
    """Counts checks and prints what went wrong."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def check(self, name, problem):
        """Counts one check; `problem` is empty if it passed."""
        if problem:
            self.failed += 1
            print(f"FAILED {name}: {problem}")
        else:
            self.passed += 1

    def skip(self, name, reason):
        self.skipped += 1
        print(f"skipped {name}: {reason}")

    def finish(self):
        """Prints the sums; the exit status of the test."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        if self.failed:
            return 1
        return 0 if self.passed else SKIPPED_TEST


def arguments():
    """The program and the folder of the goldens, from the command line."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} PROGRAM FOLDER")
    return sys.argv[1], Path(sys.argv[2])


def run(*command):
    """The finished process, with its output as text."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def problem_of(process):
    """Empty if the process succeeded, or how it ended."""
    if process.returncode == 0:
        return ""
    return f"exit status {process.returncode}, {process.stderr.strip()}"


def is_unknown_class(process):
    """Whether the program refused a class that it does not have."""
    return process.returncode == 1 and any(
        f"{kind} must be one of" in process.stderr for kind in ("a scheduler", "an optimizer"))
