#!/usr/bin/env python3
"""Makes the golden data of the tests from PyTorch 2.8.0.

usage: make_goldens.py FOLDER

Writes FOLDER/replay and FOLDER/schedule; those of this project lie in tests/tools. Needs torch 2.8.0 and numpy, on an
x86-64 CPU with AVX2. The same files come out every time. torch's square roots of f32 and f64 are replaced by correctly
rounded ones, because its own depend on the CPU's maker; every file says so in its metadata ("sqrt"). Half precision runs
through whole SIMD blocks, because torch has another form for tails.
"""

import itertools
import sys
from pathlib import Path

try:
    import torch
except ImportError:
    sys.exit("make_goldens.py: torch 2.8.0 must be installed, got none")

import fused_halves  # noqa: E402
import recording  # noqa: E402
import replay_cases  # noqa: E402
import schedules  # noqa: E402
import tensor_cases  # noqa: E402
import torch_run  # noqa: E402


def expected_of(case):
    if case.spec.get("implementation") == "fused":
        return fused_halves.run(case)
    return torch_run.run(case)


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    if torch.__version__.split("+")[0] != recording.METADATA["torch"]:
        sys.exit(f"make_goldens.py: torch must be {recording.METADATA['torch']}, got {torch.__version__}")
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        sys.exit(f"make_goldens.py: torch must find AVX2 on this CPU, got {torch.backends.cpu.get_cpu_capability()}")
    torch.set_num_threads(1)
    for name in ("replay", "schedule"):
        (Path(sys.argv[1]) / name).mkdir(parents=True, exist_ok=True)
    for case in itertools.chain(replay_cases.recordings(), tensor_cases.recordings()):
        recording.write(case, expected_of(case), Path(sys.argv[1]) / "replay")
    schedules.write(Path(sys.argv[1]) / "schedule")


if __name__ == "__main__":
    main()
