"""What the tests of the program share: running it and judging how it ended."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from counts import Tally  # noqa: E402, F401


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
