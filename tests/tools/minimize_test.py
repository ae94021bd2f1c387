#!/usr/bin/env python3
"""What `ravine minimize` writes and refuses.

usage: minimize_test.py PROGRAM
"""

import json
import math
import re
import sys
import tempfile
import xml.etree.ElementTree
from pathlib import Path

from goldens import Tally
from usage_test import Runner

LBFGS = {"type": "LBFGS", "line_search_fn": "strong_wolfe"}
RAVINE = {"function": "rosenbrock", "start": [-1.5, 2.0], "optimizer": LBFGS, "steps": 3}
PARABOLA = {"function": "sphere", "start": [10], "optimizer": {"type": "LBFGS", "max_iter": 1}, "steps": 2}
SVG = "{http://www.w3.org/2000/svg}"


class Minimizer(Runner):
    def minimize(self, spec, *options, **more):
        return self.run("minimize", "spec.json", *options, spec=spec, **more)

    def table(self, spec, *options):
        """Header and rows."""
        process = self.minimize(spec, *options)
        header, *rows = (line.split(",") for line in process.stdout.splitlines()) if process.stdout else ([],)
        return header, rows


def check_output(runner):
    process = runner.minimize(PARABOLA)
    runner.accepts("a row for the start and for each step", process,
                  process.stdout == "step,loss,grad_norm,evals,x0\n0,100.0,20.0,0,10.0\n1,81.0,18.0,1,9.0\n2,0.0,0.0,2,0.0\n")
    process = runner.minimize(PARABOLA, "-o", "out.csv")
    runner.accepts("a file is written instead of stdout", process, not process.stdout and (runner.folder / "out.csv").read_text().count("\n") == 4)
    process = runner.run("minimize", "-", stdin=json.dumps(PARABOLA))
    runner.accepts("- reads a spec from stdin", process, process.stdout.endswith("2,0.0,0.0,2,0.0\n"))
    process = runner.minimize({**RAVINE, "steps": 0})
    runner.accepts("no steps leave the first row", process, process.stdout.count("\n") == 2)
    sgd = {"type": "sgd", "lr": 0.25}
    process = runner.minimize({**PARABOLA, "optimizer": sgd, "scheduler": {"type": "StepLR", "step_size": 1, "gamma": 0.5}})
    runner.accepts("a scheduler is stepped after the optimizer", process, [line.split(",")[4] for line in process.stdout.splitlines()[1:]] == ["10.0", "5.0", "3.75"])
    runner.accepts("null means that there is none", runner.minimize({**PARABOLA, "scheduler": None, "dtype": None}))
    process = runner.minimize({**PARABOLA, "start": [0.1], "dtype": "f32", "steps": 0})
    runner.accepts("float32 is what it is as a double", process, process.stdout.endswith(",0.10000000149011612\n"))
    process = runner.minimize({**PARABOLA, "start": [{"$float": "nan"}], "steps": 1})
    runner.accepts("NaN is written as nan", process, process.stdout.endswith("1,nan,nan,1,nan\n"))
    for name, options in (("NaN", {"tolerance_grad": {"$float": "nan"}, "tolerance_change": {"$float": "nan"}}), ("endless", {"history_size": 2**63 - 1})):
        runner.accepts(f"{name} options of LBFGS are stepped with", runner.minimize({**RAVINE, "optimizer": {**LBFGS, **options}}))
    process = runner.minimize({**RAVINE, "optimizer": {"type": "LBFGS", "lr": 1, "max_iter": 60}, "steps": 4})
    runner.accepts("a run that diverges is written to its end", process, process.stdout.count("\n") == 6)
    process = runner.minimize({**RAVINE, "optimizer": {"type": "LBFGS", "maximize": True, "max_iter": 2, "lr": 1e-3}})
    losses = [float(line.split(",")[1]) for line in process.stdout.splitlines()[1:]]
    runner.accepts("maximize climbs, and the loss is the function's", process, losses[0] == 12.5 and losses == sorted(losses))


VALUES = {  # at points where they are known
    "rosenbrock": [([1, 1], 0), ([-1.5, 2], 12.5), ([1, 1, 1], 0), ([0, 0, 0], 2)],
    "beale": [([3, 0.5], 0), ([0, 0], 14.203125)],
    "himmelblau": [([3, 2], 0), ([0, 0], 170)],
    "sphere": [([3, -4], 25), ([0], 0)],
    "quadratic": [([3, -4], 0.5 * (2 * 9 + 10 * 16))],
    "rastrigin": [([0, 0, 0], 0), ([1, -1], 2), ([0.5], 20.25)],
    "styblinski_tang": [([0, 0], 0), ([1, 2], 0.5 * (-10 + 16 - 64 + 10))],
}


def check_functions(runner):
    for function, points in VALUES.items():
        for start, value in points:
            spec = {"function": function, "start": start, "optimizer": {"type": "SGD"}, "steps": 0}
            spec |= {"curvature": [2, 10]} if function == "quadratic" else {}
            for dtype, tolerance in (("f64", 1e-12), ("f32", 1e-5)):
                _, rows = runner.table({**spec, "dtype": dtype})
                close = rows and math.isclose(float(rows[0][1]), value, rel_tol=tolerance, abs_tol=tolerance)
                runner.tally.check(f"{function} at {start} in {dtype}", "" if close else f"{rows}, expected {value}")


def check_gradients(runner):
    """A small step of SGD is the gradient, which differences of the losses must agree with."""
    for function, points in VALUES.items():
        start = [0.7 - 0.3 * i for i in range(len(points[0][0]))]
        spec = {"function": function, "start": start, "optimizer": {"type": "SGD", "lr": 1}, "steps": 1}
        spec |= {"curvature": [2, 10]} if function == "quadratic" else {}

        def loss(point, spec=spec):
            return float(runner.table({**spec, "start": point, "steps": 0})[1][0][1])

        rows = runner.table(spec)[1]
        gradient = [float(a) - float(b) for a, b in zip(rows[0][4:], rows[1][4:])]
        h = 1e-5
        differences = [(loss([x + h * (i == j) for j, x in enumerate(start)]) - loss([x - h * (i == j) for j, x in enumerate(start)])) / (2 * h)
                       for i in range(len(start))]
        close = all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6) for a, b in zip(gradient, differences))
        runner.tally.check(f"the gradient of {function}", "" if close else f"{gradient}, by differences {differences}")
        norm = math.isclose(float(rows[0][2]), math.hypot(*gradient), rel_tol=1e-9)
        runner.tally.check(f"the norm of the gradient of {function}", "" if norm else rows[0][2])


def check_refusals(runner):
    def refuses(name, spec, *parts, options=()):
        runner.refuses(name, runner.minimize(spec, *options), *parts)

    def without(key):
        return {k: v for k, v in RAVINE.items() if k != key}

    refuses("an unknown key is answered with the known ones", {**RAVINE, "steps ": 1}, "minimize: a key must be one of function, curvature, start, dtype")
    for key in ("function", "start", "optimizer", "steps"):
        refuses(f"no {key} is refused", without(key), f"minimize: {key} must be given, got none (spec.json)")
    refuses("an unknown function is answered with the known ones", {**RAVINE, "function": "ackley"},
            "minimize: function must be one of beale, himmelblau, quadratic", "'ackley'")
    refuses("a function has a name", {**RAVINE, "function": 3}, "minimize: function must be a string, got 3")
    refuses("another dtype is refused", {**RAVINE, "dtype": "bf16"}, "minimize: dtype must be f64 or f32, got 'bf16'")
    for start in ([], 3, "here", {"x": 1}):
        refuses(f"start {start!r} is refused", {**RAVINE, "start": start}, "minimize: start must be a list of at least one number")
    for item in (None, "1", [1], True):
        refuses(f"{item!r} is no number", {**RAVINE, "start": [1, item]}, "minimize: start[1] must be a number")
    refuses("one number is no ravine", {**RAVINE, "start": [1]}, "minimize: start must have at least 2 numbers for rosenbrock, got 1")
    refuses("beale is of the plane", {**RAVINE, "function": "beale", "start": [1, 2, 3]}, "start must have 2 numbers for beale, got 3")
    refuses("curvature belongs to quadratic", {**RAVINE, "curvature": [1, 2]}, "curvature must go with the function quadratic, got rosenbrock")
    quadratic = {**RAVINE, "function": "quadratic"}
    refuses("quadratic needs its curvature", quadratic, "minimize: curvature must be given, got none")
    refuses("a curvature for each number", {**quadratic, "curvature": [1]}, "curvature must have as many numbers as start, 2, got 1")
    for steps in (-1, 1.5, 10**8, "4"):
        refuses(f"steps {steps!r} is refused", {**RAVINE, "steps": steps}, "minimize: steps must be an integer from 0 to")
    refuses("an unknown class is refused", {**RAVINE, "optimizer": {"type": "Newton"}}, "minimize: an optimizer must be one of", "LBFGS")
    refuses("a bad option names its class", {**RAVINE, "optimizer": {**LBFGS, "line_search_fn": "wolfe"}},
            "LBFGS: line_search_fn must be None or 'strong_wolfe', got 'wolfe'")
    refuses("a history holds at least one pair", {**RAVINE, "optimizer": {**LBFGS, "history_size": 0}}, "LBFGS: history_size must be >= 1, got 0")
    refuses("a function has no sparse gradients", {**RAVINE, "optimizer": {"type": "SparseAdam"}}, "SparseAdam: gradients must be sparse, got a dense one")
    refuses("a point is no matrix", {**RAVINE, "optimizer": {"type": "Muon"}}, "Muon: parameters must be matrices, of 2 dimensions, got 'x' of shape (2,)")
    refuses("a scalar that float32 cannot hold is refused", {**RAVINE, "dtype": "f32", "optimizer": {**LBFGS, "lr": 1e39}}, "LBFGS: ", "float32 without overflow")
    refuses("a closure is not a reason for another implementation", RAVINE, "LBFGS: implementation must be automatic or for_loop, got fused",
            options=["--implementation", "fused"])
    refuses("only the plane is drawn", {**RAVINE, "start": [1, 2, 3]}, "minimize: --plot must go with a function of two dimensions, got 3",
            options=["--plot", "out.svg"])
    refuses("an output folder that is not there is refused", RAVINE, "no/out.csv", options=["-o", "no/out.csv", "--plot", "out.svg"])
    for option, value, part in (("--threads", "0", "from 1 to"), ("--isa", "sse", "isa must be"), ("--device", "gpu", "cpu, cuda or cuda:N")):
        refuses(f"{option} '{value}' is refused", RAVINE, "error: minimize: ", part, options=[option, value])


def check_plot(runner):
    def draw(name, spec):
        process = runner.minimize(spec, "-o", "out.csv", "--plot", "out.svg")
        picture = runner.folder / "out.svg"
        text = picture.read_text() if picture.exists() else ""
        shapes = re.sub(">[^<]*<", "><", text)
        runner.accepts(f"a picture of {name}", process, bool(text) and len(text) < 400_000 and not re.search("nan|inf", shapes))
        return text, xml.etree.ElementTree.fromstring(text) if text else None

    text, picture = draw("a ravine", RAVINE)
    labels = [element.text for element in picture.iter(f"{SVG}text")]
    runner.tally.check("start, end and both axes are named", "" if {"start", "end", "x0", "x1"} <= set(labels) else str(labels))
    runner.tally.check("the title says what came of it", "" if labels[0].startswith("LBFGS on rosenbrock: loss ") else labels[0])
    filled = [path for path in picture.iter(f"{SVG}path") if re.fullmatch("#[0-9a-f]{6}", path.get("fill", ""))]
    runner.tally.check("there are many contour lines", "" if len(filled) >= 10 else str(len(filled)))
    closed = all(loop.endswith("Z") for path in filled for loop in re.findall("M[^M]*", path.get("d")))
    runner.tally.check("every contour line is closed", "" if closed else text[:300])
    process = runner.minimize(RAVINE, "-o", "out.csv", "--plot", "-")
    runner.accepts("- draws to stdout", process, process.stdout.startswith("<svg "))
    draw("a run that stays", {**RAVINE, "function": "sphere", "start": [0, 0]})
    draw("a run of one step", {**RAVINE, "function": "sphere", "start": [3, 4], "steps": 1})
    draw("NaN", {**RAVINE, "start": [{"$float": "nan"}, 1]})
    draw("a plane that is flat", {**RAVINE, "function": "quadratic", "curvature": [0, 0]})
    draw("a run that diverges", {**RAVINE, "optimizer": {"type": "SGD", "lr": 1}, "steps": 40})
    draw("thousands of steps", {**RAVINE, "optimizer": {"type": "SGD", "lr": 1e-4}, "steps": 20000})
    for scale in (1e-300, 1e-9, 1e9, 1e140):
        draw(f"the scale of {scale}", {**RAVINE, "function": "sphere", "start": [scale, -2 * scale], "optimizer": {"type": "SGD", "lr": 0.1}})


def main():
    tally = Tally()
    with tempfile.TemporaryDirectory() as root:
        runner = Minimizer(str(Path(sys.argv[1]).resolve()), tally, root)
        for check in (check_output, check_functions, check_gradients, check_refusals, check_plot):
            check(runner)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
