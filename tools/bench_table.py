#!/usr/bin/env python3
"""Prints JSON lines of `ravine bench` and of bench_torch.py as a Markdown table.

usage: bench_table.py FILE...
"""

import json
import sys

COLUMNS = [("library", "{}"), ("case", "{}"), ("optimizer", "{}"), ("options", "{}"), ("average", "{}"), ("implementation", "{}"), ("dtype", "{}"), ("threads", "{}"), ("ms", "{:.3g}"),
           ("ms_p10", "{:.3g}"), ("ms_p90", "{:.3g}"), ("ns_per_parameter", "{:.3g}"), ("gbps", "{:.1f}"), ("ceiling_gbps", "{:.1f}"),
           ("share_of_ceiling", "{:.2f}"), ("allocations_per_step", "{}"), ("times_ravine", "{:.3g}")]


def cell(line, key, form):
    if key == "options":
        return " ".join(f"{name}={json.dumps(value)}" for name, value in line[key].items())
    return form.format(line[key]) if line.get(key) is not None else ""


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    lines = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            lines += [json.loads(line) for line in file]
    table = [[key for key, _ in COLUMNS]] + [[cell(line, key, form) for key, form in COLUMNS] for line in lines]
    used = [i for i in range(len(COLUMNS)) if any(row[i] for row in table[1:])]
    widths = [max(len(row[i]) for row in table) for i in used]
    for number, row in enumerate(table):
        print("| " + " | ".join(row[i].ljust(width) for i, width in zip(used, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


if __name__ == "__main__":
    main()
