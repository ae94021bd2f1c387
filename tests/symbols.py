#!/usr/bin/env python3
"""Checks that no kernel is shared between instruction sets, and that the library exports nothing but its own names.

usage: symbols.py BUILD_FOLDER_OF_RAVINE

A function that the linker may merge (a weak symbol) must not come from objects of different instruction sets: it could
keep the copy that this CPU cannot run. So the weak symbols of every kernel library are compared with those of the other
instruction sets and of the floors above. A debug build shows most: nothing but always_inline is inlined there.
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from counts import Tally

ARCHIVE = re.compile(r"libravine-kernels-(\w+)\.a")
EXPORTED = re.compile(r"(?:(?:vtable|typeinfo|typeinfo name|guard variable|VTT) for |std::shared_ptr<ravine::\S+> )?ravine::")
MERGED = "VWuvw"  # weak and unique symbols


def symbols(path, *options):
    """(kind, mangled name) of every defined symbol."""
    listing = subprocess.run(["nm", "--defined-only", "--format=posix", *options, str(path)], capture_output=True, text=True,
                             check=True).stdout
    for line in listing.splitlines():
        words = line.split()
        if len(words) >= 2 and len(words[1]) == 1:
            yield words[1], words[0]


def demangle(names):
    names = list(names)
    process = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True)
    return dict(zip(names, process.stdout.splitlines()))


def shared_symbols(kernels, others):
    """{symbol: where it is} of those that an instruction set beyond the baseline has in common with anything else."""
    homes = defaultdict(set)
    risky = set()
    for isa, archives in kernels.items():
        for kind, name in (symbol for archive in archives for symbol in symbols(archive)):
            if kind.isupper() or kind in MERGED:
                homes[name].add(isa)
            if kind in MERGED and isa != "baseline":
                risky.add(name)
    for archive in others:
        for kind, name in symbols(archive):
            if name in risky and (kind.isupper() or kind in MERGED):
                homes[name].add(archive.name)
    return {name: homes[name] for name in risky if len(homes[name]) > 1}


def check_kernels(tally, build):
    kernels = defaultdict(list)
    for archive in sorted((build / "kernels").glob("*.a")):
        kernels[ARCHIVE.fullmatch(archive.name).group(1)].append(archive)
    others = [path for floor in ("runtime", "optim", "sched", "swa") for path in (build / floor).glob("*.a")]
    if not kernels:
        tally.check("kernel libraries", f"none in {build / 'kernels'}")
        return
    shared = shared_symbols(kernels, others)
    readable = demangle(shared)
    for isa in sorted(kernels):
        found = [name for name in shared if isa in shared[name]]
        tally.check(f"symbols of {isa} in {build}",
                    f"{len(found)} shared, such as {readable[found[0]]} in {sorted(shared[found[0]])}" if found else "")


def check_exports(tally, build):
    library = build / "libravine.so"
    if not library.exists():
        tally.skip("exports", f"no {library.name} in {build}")
        return
    readable = demangle(name for _, name in symbols(library, "--dynamic"))
    foreign = [text for text in readable.values() if not EXPORTED.match(text)]
    tally.check(f"exports of {library}", f"{len(foreign)} foreign names, such as {foreign[0]}" if foreign else "")


def main():
    tally = Tally()
    build = Path(sys.argv[1])
    check_kernels(tally, build)
    check_exports(tally, build)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
