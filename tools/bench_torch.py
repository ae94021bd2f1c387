#!/usr/bin/env python3
"""Times torch.optim beside `ravine bench` on the same lists of tensors, in turns.

usage: bench_torch.py PROGRAM [--case NAME,...] [--optimizer adamw,sgd:momentum=0.9] [--dtype f32,bf16] [--threads 1,2]
                      [--implementation fused,foreach,for_loop,compiled] [--ravine fused] [--device cpu] [--seconds S] [--rounds N]

In every round each torch implementation steps for a slice of time, and then ravine (fused, or what --ravine says), on tensors of its
own. Prints one JSON object a line: for torch the keys of `ravine bench --json` that it can have, with `times_ravine`, the
median over the rounds of (time of torch / time of ravine). "compiled" is torch.compile of the step of foreach; it takes up to a minute.
Without torch: one line, and exit status 77.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

try:
    import torch
except ImportError:
    print("skipped: torch is not installed")
    sys.exit(77)

DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
WARM_STEPS = 3
STEPS_BETWEEN_WAITS = 10  # on a device, whose steps are given faster than they are done


def parse_arguments():
    parser = argparse.ArgumentParser(description="Times torch.optim beside `ravine bench`, in turns.")
    listed = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("program", help="the ravine program")
    parser.add_argument("--case", type=listed, default=["1x16Mi", "16x1Mi", "1000x1024", "10000x64"])
    parser.add_argument("--optimizer", type=listed, default=["adamw"], help="as for `ravine bench`, with plain values only")
    parser.add_argument("--dtype", type=listed, default=["f32"])
    parser.add_argument("--threads", type=listed, default=["1"])
    parser.add_argument("--implementation", type=listed, default=["fused", "foreach", "for_loop"], help="torch's; also compiled")
    parser.add_argument("--ravine", default="fused", help="the implementation of ravine to compare with")
    parser.add_argument("--device", default="cpu", help="cpu or cuda, of both")
    parser.add_argument("--seconds", type=float, default=10, help="for each case, optimizer, dtype and number of threads")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def lines_of(command):
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode != 0:
        sys.exit(f"bench_torch: the program must succeed, got exit status {process.returncode} from {' '.join(command)}")
    return [json.loads(line) for line in process.stdout.splitlines()]


def make_parameters(shapes, dtype, device):
    generator = torch.Generator().manual_seed(1)
    result = []
    for shape in shapes:
        # Never 0, like the gradients of `ravine bench`.
        numbers = lambda: torch.rand(shape, generator=generator).mul_(2).sub_(1).add_(2**-26).to(device, dtype)  # noqa: E731
        parameter = torch.nn.Parameter(numbers())
        parameter.grad = numbers()
        result.append(parameter)
    return result


class Compiled:
    """An optimizer whose step is compiled. What cannot be compiled fails here."""

    def __init__(self, optimizer):
        self.step = torch.compile(optimizer.step)
        self.step()


def make_optimizer(text, parameters, implementation):
    name, *options = text.split(":")
    known = {key.lower(): value for key, value in vars(torch.optim).items() if isinstance(value, type)}
    keywords = {key: json.loads(value) for key, value in (option.split("=", 1) for option in options)}
    if implementation in ("foreach", "for_loop", "compiled"):
        keywords["foreach"] = implementation != "for_loop"
    else:
        keywords["fused"] = True
    optimizer = known[name.lower()](parameters, **keywords)
    return Compiled(optimizer) if implementation == "compiled" else optimizer


def time_steps(optimizer, seconds, device):
    """The median seconds of a step, over at least three times; the first steps find other data in the caches and do not count."""
    steps, wait = (1, lambda: None) if device == "cpu" else (STEPS_BETWEEN_WAITS, torch.cuda.synchronize)
    for _ in range(WARM_STEPS):
        optimizer.step()
    wait()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(steps):
            optimizer.step()
        wait()
        times.append((time.perf_counter() - start) / steps)
    return statistics.median(times)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))]


def compare(arguments, case, text, dtype, threads):
    torch.set_num_threads(int(threads))
    parameters = make_parameters(case["shapes"], DTYPES[dtype], arguments.device)
    optimizers = {}
    for implementation in arguments.implementation:
        try:
            optimizers[implementation] = make_optimizer(text, parameters, implementation)
        except (RuntimeError, TypeError) as error:
            print(f"skipped: {text} {implementation} {dtype}: {str(error).splitlines()[0]}", file=sys.stderr)
    for optimizer in optimizers.values():
        for _ in range(WARM_STEPS):
            optimizer.step()
    slice_seconds = arguments.seconds / arguments.rounds / (len(optimizers) + 1)
    command = [arguments.program, "bench", "--case", case["case"], "--optimizer", text, "--dtype", dtype, "--threads", threads,
               "--implementation", arguments.ravine, "--seconds", str(slice_seconds), "--json", "--quiet",
               *(["--device", arguments.device] if arguments.device != "cpu" else [])]
    ours, theirs = [], {name: [] for name in optimizers}
    for _ in range(arguments.rounds):
        for name, optimizer in optimizers.items():
            theirs[name].append(time_steps(optimizer, slice_seconds, arguments.device))
        line = lines_of(command)[0]
        ours.append(line["ms"] / 1e3)
    median = statistics.median(ours)
    print(json.dumps(line | {"rounds": arguments.rounds, "ms": median * 1e3, "ms_p10": quantile(ours, 0.1) * 1e3,
                             "ms_p90": quantile(ours, 0.9) * 1e3, "ns_per_parameter": median * 1e9 / line["parameters"]}), flush=True)
    for name, times in theirs.items():
        report(line, name, times, statistics.median(b / a for a, b in zip(ours, times)))


def report(line, implementation, times, ratio):
    median = statistics.median(times)
    moved = line["gbps"] * line["ms"]  # MB in a step
    shared = {key: line[key] for key in ("case", "optimizer", "options", "dtype", "device", "threads", "tensors", "parameters")}
    print(json.dumps({"library": "torch", "version": torch.__version__, "implementation": implementation, **shared,
                      "rounds": len(times), "ms": median * 1e3, "ms_p10": quantile(times, 0.1) * 1e3,
                      "ms_p90": quantile(times, 0.9) * 1e3, "ns_per_parameter": median * 1e9 / line["parameters"],
                      "gbps": moved / (median * 1e3), "times_ravine": ratio}), flush=True)


def main():
    arguments = parse_arguments()
    cases = {line["case"]: line for line in lines_of([arguments.program, "bench", "--list", "--json"]) if "case" in line}
    for name in arguments.case:
        if name not in cases:
            sys.exit(f"bench_torch: --case must be one of {', '.join(cases)}, got {name!r}")
        for text in arguments.optimizer:
            for dtype in arguments.dtype:
                for threads in arguments.threads:
                    compare(arguments, cases[name], text, dtype, threads)


if __name__ == "__main__":
    main()
