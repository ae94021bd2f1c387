"""What the tests of outside projects share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from counts import Tally  # noqa: E402, F401


def problem_of(*command, **environment):
    """Empty, or the end of what a failed command said."""
    process = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             env={**os.environ, **{key: str(value) for key, value in environment.items()}}, check=False)
    if process.returncode == 0:
        return ""
    return f"{command[0]} ended with {process.returncode}\n" + "\n".join(process.stdout.splitlines()[-20:])


def fresh(folder):
    """An empty folder in place of an old one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
