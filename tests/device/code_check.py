#!/usr/bin/env python3
"""Checks the code that nvcc makes of the kernels: its arithmetic in PTX, its registers and memory by the assembler's report.

usage: code_check.py NVCC INCLUDE_FOLDER KERNELS_CU

PTX, because there every operation still says how it is rounded; in machine code a division is a dozen of them. The same checks
are then run on code made with flags that break the contract, and must find it.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from counts import Tally

FAMILIES = {"Adam": "rules/adam.h", "Sgd": "rules/sgd.h", "Averages": "rules/average.h", "passes::All": "passes.h"}
STORAGES = ["double", "float", "bf16", "f16"]
CONTRACT = ["--fmad=false", "-prec-div=true", "-prec-sqrt=true", "-ftz=false"]
ARCHITECTURE = "90"
MOST_REGISTERS = 128  # two blocks of 256 threads on a multiprocessor
KERNEL = re.compile(r"\.entry (\w+)\(.*?^\}", re.DOTALL | re.MULTILINE)
APPROXIMATE = re.compile(r"^\s*(?:@%p\d+ )?((?:mad\.f|ex2|lg2|sin|cos|tanh)\S*|\S+\.(?:approx|full|ftz)\S*)", re.MULTILINE)
UNROUNDED = re.compile(r"^\s*((?:add|sub|mul|div|sqrt|rcp|fma)\.f(?:32|64))\b", re.MULTILINE)
# Of Adam's rule with both of its optional operations: lerp, addcmul and the coupled decay; the two divisions and the unscaling.
ADAM = {"fma": 3, "mul": 4, "div": 3, "sqrt": 1}


def compile_ptx(nvcc, include, source, family, storage, folder, flags):
    ptx = folder / f"{family.replace('::', '-')}-{storage}.ptx"
    subprocess.run([nvcc, "-std=c++20", "-O3", *flags, f"-arch=compute_{ARCHITECTURE}", "-ptx", f"-I{include}",
                    f"-DRAVINE_RULES=<ravine/kernels/{FAMILIES[family]}>", f"-DRAVINE_FAMILY={family}", f"-DRAVINE_STORAGE={storage}",
                    source, "-o", ptx], check=True)
    return ptx


def faults_of(kernel, text):
    """What is wrong with a kernel's PTX."""
    faults = [f"{found} is approximate" for found in sorted(set(APPROXIMATE.findall(text)))]
    faults += [f"{found} does not say how it is rounded" for found in sorted(set(UNROUNDED.findall(text)))]
    if re.search(r"\b(?:ld|st)\.v\d", text):
        faults.append("a vector access is to generic memory")
    for access in ("ld", "st"):
        reads_nothing = access == "ld" and "4Fill" in kernel
        if not reads_nothing and not re.search(rf"\b{access}\.global\S*\.(?:v4\.\w32|v2\.\w64)\b", text):
            faults.append(f"no {access} of 16 bytes")
    if "AdamRule" in kernel and "rounded" not in kernel:
        counts = {name: len(re.findall(rf"\b{name}\.rn\.f(?:32|64)\b", text)) for name in ADAM}
        expected = dict(ADAM)
        if "3f16" in kernel:
            expected["mul"] += 5 if "AdamRuleILb1" in kernel else 4  # widening each slot
        if any(counts[name] != expected[name] * counts["sqrt"] for name in ADAM) or counts["sqrt"] == 0:
            faults.append(f"operations are not in the rule's proportion {expected}: {counts}")
    return faults


def check_ptx(ptx):
    """{kernel: faults} of a file."""
    return {match.group(1): faults_of(match.group(1), match.group(0)) for match in KERNEL.finditer(ptx.read_text())}


def assemble(nvcc, ptx):
    """{kernel: faults} by the assembler's report."""
    ptxas = Path(nvcc).resolve().parent / "ptxas"
    report = subprocess.run([ptxas, "-v", f"-arch=sm_{ARCHITECTURE}", ptx, "-o", "/dev/null"], capture_output=True, text=True,
                            check=True).stderr
    found = {}
    pattern = r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores.*?Used (\d+) registers"
    for kernel, stack, spilled, registers in re.findall(pattern, report, re.DOTALL):
        faults = []
        if int(spilled) > 0:
            faults.append(f"{spilled} bytes are spilled")
        if int(stack) > 0:
            faults.append(f"a stack of {stack} bytes")
        if int(registers) > MOST_REGISTERS:
            faults.append(f"{registers} registers")
        found[kernel] = faults
    return found


def main():
    nvcc, include, source = sys.argv[1:]
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for family in FAMILIES:
            for storage in STORAGES:
                ptx = compile_ptx(nvcc, include, source, family, storage, folder, CONTRACT)
                arithmetic, machine = check_ptx(ptx), assemble(nvcc, ptx)
                same = arithmetic and arithmetic.keys() == machine.keys()
                tally.check(f"{family} {storage}", "" if same else "no kernels, or other ones in the assembler's report")
                for kernel, faults in arithmetic.items():
                    faults = faults + machine.get(kernel, [])
                    tally.check(kernel, "; ".join(faults))

        def check_rejected(what, flags, change=lambda text: text):
            ptx = compile_ptx(nvcc, include, source, "Adam", "float", folder, flags)
            ptx.write_text(change(ptx.read_text()))
            rejected = any(check_ptx(ptx).values()) or any(assemble(nvcc, ptx).values())
            tally.check(f"{what} are found", "" if rejected else "they are not")

        check_rejected("contracted operations", ["--fmad=true", *CONTRACT[1:]])
        check_rejected("approximations", ["-use_fast_math"])
        check_rejected("spills", CONTRACT, lambda text: text.replace(".minnctapersm 2", ".minnctapersm 8"))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
