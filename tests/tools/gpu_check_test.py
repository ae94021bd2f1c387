#!/usr/bin/env python3
"""tools/gpu_check.sh without a GPU: what it refuses, and that the folder that it makes runs anywhere.

usage: gpu_check_test.py SOURCE_FOLDER BUILD_FOLDER
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from counts import Tally  # noqa: E402

MOST_BYTES = 60 << 20
C_LIBRARY = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1"}


def run(*command, **more):
    """With an empty environment: nothing of this machine helps a program to its libraries."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, **more)


def judge(process, status, part):
    said = process.stdout + process.stderr
    if process.returncode != status:
        return f"exit status {process.returncode}, expected {status}: {said.strip()[-300:]}"
    return "" if part in said else f"no {part!r} in {said.strip()[-300:]!r}"


def check_usage(tally, script, scratch):
    tally.check("the script is one", judge(run("sh", "-n", script), 0, ""))
    for words in ([], ["fly"], ["run", "a", "b"], ["build", "a", "b", "c"]):
        tally.check(f"{words} is wrong usage", judge(run("sh", script, *words), 2, "usage: "))
    tally.check("a folder that build did not make is not run", judge(run("sh", script, "run", scratch), 1, "FOLDER must be"))


def check_folder(tally, script, build, scratch):
    made = scratch / "made"
    tally.check("the folder is made", judge(run("sh", script, "build", made, build), 0, "On the machine"))
    taken = scratch / "taken along"
    if made.exists():
        shutil.move(made, taken)
    size = sum(path.stat().st_size for path in taken.rglob("*") if path.is_file())
    tally.check("the folder is small", "" if 0 < size < MOST_BYTES else f"{size} bytes")
    if shutil.which("nvidia-smi") and run("nvidia-smi").returncode == 0:
        tally.skip("run without a device", "there is one: run the folder itself")
        return
    tally.check("run without a device says so", judge(run("sh", taken / "gpu_check.sh", "run", cwd="/"), 1, "gpu_check: device must be"))
    tally.check("the program starts elsewhere", judge(run(taken / "bin/ravine", "--version", cwd="/"), 0, "ravine"))
    spec = taken / "replay/adamw-f32-0.json"
    process = run(taken / "bin/ravine", "replay", spec, spec.with_suffix(".in.safetensors"), "-o", scratch / "out.safetensors")
    tally.check("the program replays elsewhere", judge(process, 0, ""))
    loaded = [line.split()[0] for line in run("ldd", taken / "bin/ravine", taken / "bin/cuda-device-tests").stdout.splitlines()
              if "=>" in line and f"{taken}/" not in line]
    foreign = sorted(set(loaded) - C_LIBRARY)
    tally.check("all libraries but the C library's lie in the folder", ", ".join(foreign))
    tally.check("an earlier folder is made anew", judge(run("sh", script, "build", taken, build), 0, "On the machine"))


def main():
    source, build = Path(sys.argv[1]), Path(sys.argv[2])
    script = source / "tools/gpu_check.sh"
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        check_usage(tally, script, Path(name))
        programs = [build / "tools/ravine", build / "tests/cuda-device-tests"]
        if all(program.exists() for program in programs):
            check_folder(tally, script, build, Path(name))
        else:
            tally.skip("the folder", "no CUDA in this build")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
