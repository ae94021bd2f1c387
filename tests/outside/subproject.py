#!/usr/bin/env python3
"""Builds an outside Meson project that has ravine among its subprojects, and runs it.

usage: subproject.py SOURCE_FOLDER SCRATCH_FOLDER MESON

With the options of somebody in a hurry: no kernels but those for any CPU.
"""

import shutil
import sys
from pathlib import Path

from outside import HERE, Tally, fresh, problem_of


def main():
    root, scratch = Path(sys.argv[1]).resolve(), fresh(Path(sys.argv[2]).resolve())
    meson = sys.argv[3:]
    project, build = scratch / "project", scratch / "build"
    shutil.copytree(HERE / "subproject", project)
    (project / "subprojects").mkdir()
    (project / "subprojects" / "ravine").symlink_to(root)
    tally = Tally()
    problem = problem_of(*meson, "setup", "--buildtype=debug", "-Dunity=on", "-Dravine:cuda=disabled", "-Dravine:instruction_sets=", build, project) or problem_of("ninja", "-C", build)
    tally.check("the outside project builds", problem)
    if problem:
        return tally.finish()
    tally.check("it runs", problem_of(build / "embeds"))
    beside = [folder for folder in ("tests", "tools") if (build / "subprojects" / "ravine" / folder).exists()]
    tally.check("tests and tools step aside", f"{beside} are built" if beside else "")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
