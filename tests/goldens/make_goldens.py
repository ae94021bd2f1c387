#!/usr/bin/env python3
"""Makes the golden data of the tests from PyTorch 2.8.0.

usage: make_goldens.py FOLDER

Writes FOLDER/replay, an archive for each class of optimizers, FOLDER/schedule and FOLDER/checkpoint, archives too, and FOLDER/minimize; those of
this project lie in tests/tools. Needs torch 2.8.0 and numpy, on an
x86-64 CPU with AVX2. The same files come out every time. torch's square roots of f32 and f64 are replaced by correctly
rounded ones, because its own depend on the CPU's maker; every file says so in its metadata ("sqrt"). Half precision runs
through whole SIMD blocks, because torch has another form for tails.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

try:
    import torch
except ImportError:
    sys.exit("make_goldens.py: torch 2.8.0 must be installed, got none")

import checkpoints  # noqa: E402
import fused_halves  # noqa: E402
import minimizations  # noqa: E402
import recording  # noqa: E402
import replay_cases  # noqa: E402
import schedules  # noqa: E402
import tensor_cases  # noqa: E402
import torch_run  # noqa: E402


def expected_of(case):
    if case.spec.get("implementation") == "fused":
        return fused_halves.run(case)
    return torch_run.run(case)


def pack(folder, archive):
    """All files of a folder, without dates."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.iterdir()):
            packed.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    if torch.__version__.split("+")[0] != recording.METADATA["torch"]:
        sys.exit(f"make_goldens.py: torch must be {recording.METADATA['torch']}, got {torch.__version__}")
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        sys.exit(f"make_goldens.py: torch must find AVX2 on this CPU, got {torch.backends.cpu.get_cpu_capability()}")
    torch.set_num_threads(1)
    for name in ("checkpoint", "replay", "schedule", "minimize"):
        (Path(sys.argv[1]) / name).mkdir(parents=True, exist_ok=True)
    for stem, cases in (replay_cases.recordings() | tensor_cases.recordings()).items():
        with tempfile.TemporaryDirectory() as folder:
            for case in cases:
                recording.write(case, expected_of(case), Path(folder))
            pack(Path(folder), Path(sys.argv[1]) / "replay" / f"{stem}.zip")
    for stem, cases in schedules.archives().items():
        with tempfile.TemporaryDirectory() as folder:
            schedules.write(cases, Path(folder))
            pack(Path(folder), Path(sys.argv[1]) / "schedule" / f"{stem}.zip")
    with tempfile.TemporaryDirectory() as folder:
        checkpoints.write(Path(folder))
        pack(Path(folder), Path(sys.argv[1]) / "checkpoint" / "torch.zip")
    minimizations.write(Path(sys.argv[1]) / "minimize")


if __name__ == "__main__":
    main()
