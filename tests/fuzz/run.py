#!/usr/bin/env python3
"""Runs fuzzers one after another, each over its seeds, what was found before, and changes of both.

usage: run.py BUILD SOURCE TARGET... [--seconds N] [--corpus FOLDER]

BUILD and SOURCE are the folders tests/fuzz of a build with -Dfuzz=enabled and of the project. What crashes a target, takes it
longer than 10 seconds or more than 2 GiB is written to BUILD/findings. FOLDER keeps what was learned for the next run.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from counts import Tally

# Goldens of the program that are inputs of a target, and how their names end.
GOLDENS = {
    "replay_spec": ("replay", ".json"),
    "schedule_spec": ("schedule", ".json"),
    "minimize_spec": ("minimize", ".json"),
    "torch_file": ("checkpoint", ".pt"),
    "torch_zip": ("checkpoint", ".pt"),
}
LARGEST_GOLDEN = 10_000  # larger ones teach little and take long


def put_goldens(folder, golden, ending):
    for path in sorted(golden.glob("*" + ending)):
        (folder / path.name).write_bytes(path.read_bytes())
    for path in sorted(golden.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(ending) and info.file_size <= LARGEST_GOLDEN:
                    (folder / f"{path.stem}-{info.filename}").write_bytes(archive.read(info))


def put_seeds(build, source, targets, folder):
    """A folder for each target, with all that there is."""
    subprocess.run([build / "fuzz-seeds", folder], check=True)
    for target in targets:
        place = folder / target
        place.mkdir(exist_ok=True)
        if target in GOLDENS:
            golden, ending = GOLDENS[target]
            put_goldens(place, source.parent / "tools" / golden, ending)


def fuzz(build, source, target, seeds, corpus, seconds):
    """(executions, problem)."""
    findings = build / "findings"
    findings.mkdir(exist_ok=True)
    corpus.mkdir(parents=True, exist_ok=True)
    folders = [corpus, seeds / target, source / "seeds" / target, source / "regressions" / target]
    dictionary = source / "dictionaries" / (target.split("_")[-1] if target.endswith("_spec") else target.split("_")[0])
    command = [build / f"fuzz-{target}", *(folder for folder in folders if folder.is_dir()),
               f"-max_total_time={seconds}", "-seed=1", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
               "-max_len=16384", f"-artifact_prefix={findings}/{target}-"]
    if dictionary.is_file():
        command.append(f"-dict={dictionary}")
    done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"})
    executed = re.search(r"number_of_executed_units: *(\d+)", done.stderr)
    executions = int(executed.group(1)) if executed else 0
    if done.returncode:
        return executions, f"exit status {done.returncode}\n{done.stderr[-4000:]}"
    return executions, "" if executions else "it ran nothing"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("targets", nargs="+")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--corpus", type=Path)
    arguments = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory() as temporary:
        seeds, corpus = Path(temporary) / "seeds", arguments.corpus or Path(temporary) / "corpus"
        seeds.mkdir()
        put_seeds(arguments.build, arguments.source, arguments.targets, seeds)
        for target in arguments.targets:
            executions, problem = fuzz(arguments.build, arguments.source, target, seeds, corpus / target, arguments.seconds)
            print(f"{target}: {executions} executions", flush=True)
            tally.check(f"fuzz {target}", problem)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
