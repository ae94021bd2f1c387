#!/usr/bin/env python3
"""Compiles and runs the C++ in the documents and the examples, as it stands there.

usage: readme.py SOURCE_FOLDER BUILD_FOLDER COMPILER...

A block between ```cpp and ``` that has an `int main` is a program: it is compiled with warnings as errors, linked with the
static library and run in an empty folder. A block that includes a header but has no `main` is compiled only. Others are
fragments, and left alone.

Every docs/examples/*.cpp is such a program too, linked with the shared library: what a header declares must be exported. It checks what
it claims: one that exits with another status than 0, or prints nothing, has failed. README.md links all of them.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from counts import Tally

BLOCK = re.compile(r"^```cpp\n(.*?)^```", re.DOTALL | re.MULTILINE)
FLOORS = ["kernels", "runtime", "optim", "sched", "swa"]
FLAGS = ["-std=c++20", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wno-sign-conversion", "-Werror"]


def blocks_of(document):
    """(line, text) of every C++ block."""
    text = document.read_text()
    for match in BLOCK.finditer(text):
        yield text.count("\n", 0, match.start()) + 2, match.group(1)


def libraries(build):
    """What a program on the static library is linked with."""
    query = ["pkg-config", "--static", "--libs", "ravine"]
    folder = build / "meson-private"
    process = subprocess.run(query, env={"PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": str(folder)}, capture_output=True,
                             text=True, check=False)
    if process.returncode != 0:
        sys.exit(f"pkg-config: {process.stderr.strip()}")
    words = process.stdout.split()
    return [str(build / "libravine.a") if word == "-lravine" else word for word in words]


def run(command, folder, must_print=False):
    """Empty, or how the command ended."""
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if process.returncode == 0:
        return "" if process.stdout or not must_print else "it prints nothing"
    output = process.stderr.strip() or process.stdout.strip()
    return f"exit status {process.returncode}\n{output}"


def check_block(compiler, root, libs, text):
    """Empty, or what went wrong."""
    includes = [f"-I{root / floor / 'include'}" for floor in FLOORS]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "snippet.cpp").write_text(text)
        command = [*compiler, *FLAGS, *includes, "snippet.cpp"]
        if "int main" not in text:
            return run([*command, "-fsyntax-only"], folder)
        (Path(folder) / "empty").mkdir()
        return run([*command, "-o", "snippet", *libs], folder) or run(["../snippet"], f"{folder}/empty", must_print=True)


def main():
    root, build = Path(sys.argv[1]), Path(sys.argv[2])
    compiler = [word for word in sys.argv[3:] if not word.endswith("ccache")]
    tally = Tally()
    libs, shared = libraries(build), [str(build / "libravine.so"), f"-Wl,-rpath,{build}"]
    for document in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        for line, text in blocks_of(document):
            if "int main" in text or "#include" in text:
                tally.check(f"{document.relative_to(root)}:{line}", check_block(compiler, root, libs, text))
    readme = (root / "README.md").read_text()
    examples = sorted((root / "docs" / "examples").glob("*.cpp"))
    tally.check("there are examples", "" if examples else "none in docs/examples")
    for example in examples:
        name = str(example.relative_to(root))
        tally.check(name, check_block(compiler, root, shared, example.read_text()))
        tally.check(f"README.md links {name}", "" if f"]({name})" in readme else "it does not")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
