#!/usr/bin/env python3
"""What `ravine bench` lists, prints and refuses. No times are judged: only that a steady step allocates nothing.

usage: bench_test.py PROGRAM
"""

import json
import sys
from math import prod

from goldens import Tally, problem_of, run

# Tensors and parameters, from the shape formulas of the models.
CASES = {"1x16Mi": (1, 16777216), "1x64Mi": (1, 67108864), "16x1Mi": (16, 16777216), "4x1Mi": (4, 4194304),
         "1000x1024": (1000, 1024000), "1000x64": (1000, 64000), "10000x64": (10000, 640000), "10000x1": (10000, 10000),
         "gpt2-124m": (148, 124439808), "resnet50": (161, 25557032), "bert-base": (199, 109482240)}
KEYS = ["library", "version", "case", "optimizer", "options", "implementation", "dtype", "device", "isa", "threads", "tensors",
        "parameters", "rounds", "ms", "ms_p10", "ms_p90", "ns_per_parameter", "gbps", "ceiling_gbps", "share_of_ceiling",
        "allocations_per_step", "launches_per_step", "host_ms", "device_name"]
IMPLEMENTATIONS = ["automatic", "for_loop", "foreach", "fused"]


def lines(process):
    return [json.loads(line) for line in process.stdout.splitlines()]


def unequal(actual, expected):
    """Empty if they are equal."""
    return "" if actual == expected else f"{actual}, expected {expected}"


def check_list(tally, program):
    process = run(program, "bench", "--list", "--json")
    tally.check("the list is printed", problem_of(process))
    cases = {line["case"]: line for line in lines(process) if "case" in line}
    for name, counts in CASES.items():
        line = cases[name]
        tally.check(f"{name} has its tensors and parameters", unequal((line["tensors"], line["parameters"]), counts))
        shapes = line["shapes"]
        tally.check(f"the shapes of {name} add up", unequal((len(shapes), sum(map(prod, shapes))), counts))
    sizes = [prod(shape) for shape in cases["mixed-1000"]["shapes"]]
    spread = [sum(4**i <= size < 4**(i + 1) for size in sizes) for i in range(8)]
    tally.check("mixed-1000 has 1,000 sizes", unequal(len(sizes), 1000))
    tally.check("each eighth of its logarithms has about 125", "" if all(90 < n < 160 for n in spread) else f"{spread}")
    optimizers = [line["optimizer"] for line in lines(process) if "optimizer" in line]
    tally.check("the optimizers are listed", "" if {"Adam", "AdamW", "SGD"} <= set(optimizers) else f"{optimizers}")
    plain = run(program, "bench", "--list")
    tally.check("the list for people names all cases", "" if all(name in plain.stdout for name in CASES) else plain.stdout)


def check_measurement(tally, program):
    threads = [1, 2]
    process = run(program, "bench", "--case", "1000x64", "--optimizer", "adamw,sgd:momentum=0.9:lr=0.001", "--dtype", "f64,f32,bf16,f16",
                  "--implementation", ",".join(IMPLEMENTATIONS), "--threads", "1,2", "--seconds", "0.2", "--json", "--quiet")
    tally.check("a measurement succeeds", problem_of(process))
    tally.check("and says nothing else", process.stderr)
    found = lines(process)
    wanted = {(o, d, i, t) for o in ("AdamW", "SGD") for d in ("f64", "f32", "bf16", "f16") for i in IMPLEMENTATIONS for t in threads}
    tally.check("every combination is measured",
                unequal({(x["optimizer"], x["dtype"], x["implementation"], x["threads"]) for x in found}, wanted))
    for line in found:
        name = " ".join(str(line[key]) for key in ("optimizer", "dtype", "implementation", "threads"))
        tally.check(f"{name} has the keys of the contract", unequal(list(line), KEYS))
        tally.check(f"{name} allocates nothing in a step", unequal(line["allocations_per_step"], 0))
        tally.check(f"{name} is on the CPU", unequal((line["device"], line["host_ms"], line["device_name"]), ("cpu", None, None)))
        item = {"f64": 8, "f32": 4, "bf16": 2, "f16": 2}[line["dtype"]]
        moved = 64000 * item * (7 if line["optimizer"] == "AdamW" else 5)
        tally.check(f"{name} counts the bytes of the rule", "" if abs(line["gbps"] * line["ms"] * 1e6 / moved - 1) < 1e-9 else f"{line}")
        ordered = 0 < line["ms_p10"] <= line["ms"] <= line["ms_p90"]
        tally.check(f"{name} has quantiles in order", "" if ordered and line["rounds"] >= 3 else f"{line}")
    options = {json.dumps(x["options"]) for x in found if x["optimizer"] == "SGD"}
    tally.check("options that are the defaults are left out", unequal(options, {'{"momentum": 0.9}'}))


def free_bytes():
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable:"))


def check_refusal(tally, program, what, message, *options):
    process = run(program, "bench", *options, "--quiet")
    right = process.returncode == 1 and process.stderr.startswith("ravine: error: ") and message in process.stderr
    one_line = process.stderr.count("\n") == 1 and not process.stdout
    tally.check(f"{what} is refused", "" if right and one_line else f"{process.returncode}, {process.stderr}{process.stdout}")


def check_refusals(tally, program):
    check_refusal(tally, program, "an unknown case", "bench: --case must be one of 1x16Mi, ", "--case", "2x2")
    check_refusal(tally, program, "an unknown optimizer", "AdamW", "--optimizer", "adamx")
    check_refusal(tally, program, "an unknown option", "nesterow", "--optimizer", "sgd:nesterow=true")
    check_refusal(tally, program, "an option without value", "key=value", "--optimizer", "sgd:momentum")
    check_refusal(tally, program, "a bad option", "AdamW: betas[0]", "--optimizer", "adamw:betas=[1.5,0.9]")
    check_refusal(tally, program, "an unknown dtype", "'f8'", "--dtype", "f8")
    check_refusal(tally, program, "an unknown implementation", "'fast'", "--implementation", "fast")
    check_refusal(tally, program, "no thread", "bench: --threads must be from 1 to 1024, got 0", "--threads", "1,0")
    check_refusal(tally, program, "no time", "bench: --seconds must be above 0", "--seconds", "0")
    check_refusal(tally, program, "a missing device", "bench: --device must be one that can be used here, got cuda:100 (", "--device", "cuda:100")
    # 1x64Mi in f64 with AdamW takes 1 GiB for every optimizer, besides 1 GiB for all.
    copies = 2 + free_bytes() // 2**30
    many = ",".join(f"adamw:lr={i + 1}e-5" for i in range(copies))
    check_refusal(tally, program, "more than the free memory", "bench: everything up to 1x64Mi AdamW f64 must fit into free memory",
                  "--case", "1x64Mi", "--dtype", "f64", "--optimizer", many)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tally = Tally()
    check_list(tally, sys.argv[1])
    check_measurement(tally, sys.argv[1])
    check_refusals(tally, sys.argv[1])
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
