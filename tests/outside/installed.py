#!/usr/bin/env python3
"""Installs ravine into an empty folder, builds outside projects against it through pkg-config, and runs them: one that uses an
optimizer, and the example of a rule outside of the library.

usage: installed.py BUILD_FOLDER SCRATCH_FOLDER MESON
"""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

from outside import HERE, Tally, fresh, problem_of


def options_of(meson, build):
    listing = subprocess.run([*meson, "introspect", "--buildoptions", str(build)], capture_output=True, text=True, check=True)
    return {option["name"]: option["value"] for option in json.loads(listing.stdout)}


def move_to(prefix, package, old):
    """pkg-config files name the folder for which the build was configured."""
    package.write_text(package.read_text().replace(f"prefix={old}\n", f"prefix={prefix}\n"))


def check_programs(tally, build, libraries):
    for kind, environment in (("shared", {"LD_LIBRARY_PATH": libraries}), ("static", {})):
        tally.check(f"the program on the {kind} library runs", problem_of(build / f"uses-{kind}", **environment))
    needed = subprocess.run(["readelf", "-d", str(build / "uses-static")], capture_output=True, text=True, check=True).stdout
    tally.check("the static library is the one linked", "libravine.so is needed" if "libravine" in needed else "")


def check_installed_program(tally, options, prefix):
    """The program and its data, where there is one."""
    program = prefix / options["bindir"] / "ravine"
    if not program.exists():
        tally.skip("the installed program", "it was not built")
        return
    tally.check("the installed program starts", problem_of(program, "--version"))
    data = prefix / options["datadir"] / "ravine" / "digits.csv.gz"
    tally.check("its data are installed", "" if gzip.decompress(data.read_bytes()).count(b"\n") == 1797 else "other data")


def check_example(tally, meson, scratch, prefix, libraries):
    """docs/examples/lion, with kernels for devices where nvcc is and the library has its own."""
    source, build = HERE.parent.parent / "docs" / "examples" / "lion", scratch / "lion"
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    on_devices = nvcc is not None and "cudart" in (libraries / "pkgconfig" / "ravine.pc").read_text()
    options = ["-Ddevices=true", "-Darchitecture=sm_80", f"-Dravine_include={prefix / 'include'}"] if on_devices else []
    problem = problem_of(*meson, "setup", "--wrap-mode=nofallback", "-Dwerror=true", *options, build, source,
                         PKG_CONFIG_PATH=libraries / "pkgconfig") or problem_of("ninja", "-C", build)
    tally.check("a rule outside of the library builds", problem)
    if problem:
        return
    tally.check("it gives the same bits everywhere", problem_of(build / "lion", LD_LIBRARY_PATH=libraries))
    if not on_devices:
        tally.skip("a rule outside of the library on devices", "no nvcc, or a library without kernels for devices")


def main():
    build, scratch = Path(sys.argv[1]).resolve(), fresh(Path(sys.argv[2]).resolve())
    meson = sys.argv[3:]
    options = options_of(meson, build)
    tally = Tally()
    stage = scratch / "stage"
    problem = problem_of(*meson, "install", "--no-rebuild", "-C", build, DESTDIR=stage)
    tally.check("it installs", problem)
    if problem:
        return tally.finish()
    prefix = Path(f"{stage}{options['prefix']}")
    libraries = prefix / options["libdir"]
    move_to(prefix, libraries / "pkgconfig" / "ravine.pc", options["prefix"])
    project, outside = scratch / "project", scratch / "build"
    shutil.copytree(HERE / "installed", project)
    problem = problem_of(*meson, "setup", "--wrap-mode=nofallback", outside, project,
                         PKG_CONFIG_PATH=libraries / "pkgconfig") or problem_of("ninja", "-C", outside)
    tally.check("the outside project builds", problem)
    if not problem:
        check_programs(tally, outside, libraries)
    check_installed_program(tally, options, prefix)
    check_example(tally, meson, scratch, prefix, libraries)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
