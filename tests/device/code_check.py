#!/usr/bin/env python3
"""Checks the code that nvcc makes of the kernels: its arithmetic in PTX, its registers and memory by the assembler's report.

usage: code_check.py NVCC KERNELS_FOLDER GENERATED_FOLDER FAMILY=HEADER...

PTX, because there every operation still says how it is rounded; in machine code a division is a dozen of them. The same checks
are then run on code made with flags that break the contract, and must find it.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from counts import Tally

STORAGES = ["double", "float", "bf16", "f16"]
CONTRACT = ["--fmad=false", "-prec-div=true", "-prec-sqrt=true", "-ftz=false"]
ARCHITECTURE = "90"
MOST_REGISTERS = 128  # two blocks of 256 threads on a multiprocessor
KERNEL = re.compile(r"\.entry (\w+)\(.*?^\}", re.DOTALL | re.MULTILINE)
APPROXIMATE = re.compile(r"^\s*(?:@%p\d+ )?((?:mad\.f|ex2|lg2|sin|cos|tanh)\S*|\S+\.(?:approx|full|ftz)\S*)", re.MULTILINE)
UNROUNDED = re.compile(r"^\s*((?:add|sub|mul|div|sqrt|rcp|fma)\.f(?:32|64))\b", re.MULTILINE)
# Operations of rules for each root, all optional ones included: the coupled decay (fma), the unscaling (div). By hand, from the rules. An
# average that follows is one fma more, of 16-bit parameters two (it is in their dtype or in float32).
PROPORTIONS = {
    "AdamRuleILb0": {"fma": 3, "mul": 4, "div": 3, "sqrt": 1},
    "AdamRuleILb1": {"fma": 3, "mul": 4, "div": 3, "sqrt": 1},
    "9NAdamRule": {"fma": 3, "mul": 5, "div": 4, "sqrt": 1},
    "9RAdamRule": {"fma": 3, "mul": 7, "div": 2, "rcp": 1, "sqrt": 1},
    "11AdagradRule": {"fma": 2, "mul": 1, "div": 2, "sqrt": 1},
}


def compile_ptx(nvcc, kernels, source, ptx, flags, *definitions):
    subprocess.run([nvcc, "-std=c++20", "-O3", *flags, f"-arch=compute_{ARCHITECTURE}", "-ptx", f"-I{kernels / 'include'}",
                    *definitions, kernels / "src" / source, "-o", ptx], check=True)
    return ptx


def compile_family(nvcc, kernels, family, header, storage, folder, flags):
    return compile_ptx(nvcc, kernels, "kernels.cu", folder / f"{family.replace('::', '-')}-{storage}.ptx", flags,
                       f"-DRAVINE_RULES=<ravine/kernels/{header}>", f"-DRAVINE_FAMILY={family}", f"-DRAVINE_STORAGE={storage}")


def arithmetic_faults(text):
    """What no kernel may have. CUDA's pow is a function of its own, beside the kernels: it promises no bits."""
    faults = [f"{found} is approximate" for found in sorted(set(APPROXIMATE.findall(text)))]
    return faults + [f"{found} does not say how it is rounded" for found in sorted(set(UNROUNDED.findall(text)))]


def faults_of(kernel, text):
    """What is wrong with the PTX of a rule's kernel."""
    faults = arithmetic_faults(text)
    if re.search(r"\b(?:ld|st)\.v\d", text):
        faults.append("a vector access is to generic memory")
    for access in ("ld", "st"):
        reads_nothing = access == "ld" and "4Fill" in kernel
        if not reads_nothing and not re.search(rf"\b{access}\.global\S*\.(?:v4\.\w32|v2\.\w64)\b", text):
            faults.append(f"no {access} of 16 bytes")
    for rule, proportion in PROPORTIONS.items():
        if rule in kernel and "rounded" not in kernel:
            averages = 2 if re.search("4bf16|3f16", kernel) else 1
            expected = proportion | {"fma": proportion["fma"] + averages}
            counts = {name: len(re.findall(rf"\b{name}\.rn\.f(?:32|64)\b", text)) for name in proportion}
            if any(counts[name] != expected[name] * counts["sqrt"] for name in proportion) or counts["sqrt"] == 0:
                faults.append(f"operations are not in the rule's proportion {expected}: {counts}")
    return faults


def check_ptx(ptx, faults=faults_of):
    """{kernel: faults} of a file."""
    return {match.group(1): faults(match.group(1), match.group(0)) for match in KERNEL.finditer(ptx.read_text())}


def reduction_faults(_, text):
    """Sums. A reduction loads elements one by one: its threads' elements are neighbours."""
    faults = arithmetic_faults(text)
    if re.search(r"\bld\.(?:b|u|f)(?:16|32|64)\b", text):
        faults.append("an access is to generic memory")
    if re.search(r"\bfma\.", text):
        faults.append("a sum is contracted")
    return faults


def scalars_faults(kernel, text):
    """The powers of Adam's bias corrections are products of pairs, each of a product and three explicit fma; its decay is one product more."""
    faults = arithmetic_faults(text)
    products, fmas = (len(re.findall(rf"\b{name}\.rn\.f64\b", text)) for name in ("mul", "fma"))
    if "8AdamRule" not in kernel:
        return faults
    expected = 3 * (products - 1)
    if fmas != expected:
        faults.append(f"{fmas} fma beside {products} products, not {expected}")
    return faults


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


def check_files(tally, name, arithmetic, machine):
    same = arithmetic and arithmetic.keys() == machine.keys()
    tally.check(name, "" if same else "no kernels, or other ones in the assembler's report")
    for kernel, faults in arithmetic.items():
        tally.check(kernel, "; ".join(faults + machine.get(kernel, [])))


def main():
    nvcc, kernels, generated = sys.argv[1], Path(sys.argv[2]), f"-I{sys.argv[3]}"
    families = dict(argument.split("=") for argument in sys.argv[4:])
    tally = Tally()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for family, header in families.items():
            for storage in STORAGES:
                ptx = compile_family(nvcc, kernels, family, header, storage, folder, CONTRACT)
                check_files(tally, f"{family} {storage}", check_ptx(ptx), assemble(nvcc, ptx))
        for name in ("reductions", "lines"):
            ptx = compile_ptx(nvcc, kernels, f"{name}.cu", folder / f"{name}.ptx", CONTRACT)
            check_files(tally, name, check_ptx(ptx, reduction_faults), assemble(nvcc, ptx))
        ptx = compile_ptx(nvcc, kernels, "scalars.cu", folder / "scalars.ptx", CONTRACT, generated)
        check_files(tally, "scalars", check_ptx(ptx, scalars_faults), assemble(nvcc, ptx))

        def check_rejected(what, flags, change=lambda text: text):
            ptx = compile_family(nvcc, kernels, "Adam", families["Adam"], "float", folder, flags)
            ptx.write_text(change(ptx.read_text()))
            rejected = any(check_ptx(ptx).values()) or any(assemble(nvcc, ptx).values())
            tally.check(f"{what} are found", "" if rejected else "they are not")

        check_rejected("contracted operations", ["--fmad=true", *CONTRACT[1:]])
        check_rejected("approximations", ["-use_fast_math"])
        check_rejected("spills", CONTRACT, lambda text: text.replace(".minnctapersm 2", ".minnctapersm 8"))
        for source, faults in ("reductions.cu", reduction_faults), ("scalars.cu", scalars_faults):
            ptx = compile_ptx(nvcc, kernels, source, folder / "contracted.ptx", ["--fmad=true", *CONTRACT[1:]], generated)
            tally.check(f"contractions are found in {source}", "" if any(check_ptx(ptx, faults).values()) else "they are not")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
