#!/usr/bin/env python3
"""Checks that text files have Unix line ends, no trailing space, no tabs and an end of line at their
end, and that sources are short.

    check_text.py <source folder>
"""

import pathlib
import sys

MAX_LINES = 300
# Sources that may be longer, with the reason.
LONG = {}

SOURCES = {".h", ".cpp", ".cu", ".cuh", ".py", ".sh", ".cmake", ".js", ".css"}
TEXTS = SOURCES | {".md", ".txt", ".in", ".json", ".html", ".yaml", ".yml", ".toml"}
NAMES = {"Makefile", "LICENSE", ".clang-format", ".clang-tidy", ".gitignore", ".ci/run"}
GENERATED = {"build", "report", ".git", ".venv", ".setup"}


def text_files(root):
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if parts[0] in GENERATED or "__pycache__" in parts or not path.is_file():
            continue
        # Test data is kept as it is needed, but not the programs that make it.
        if "testdata" in parts and path.suffix != ".py":
            continue
        if path.suffix in TEXTS or path.name in NAMES or "/".join(parts) in NAMES:
            yield path


def check_file(path, name):
    """Yields file:line: problem for each kind of problem, at the first line that has it."""
    try:
        lines = path.read_bytes().decode().split("\n")
    except UnicodeDecodeError as error:
        yield f"{name}:1: is not UTF-8: {error}"
        return
    kinds = {
        "ends its line with a carriage return": lambda line: line.endswith("\r"),
        "has space at the end of a line": lambda line: line.rstrip("\r") != line.rstrip("\r").rstrip(),
        "has a tab": lambda line: "\t" in line and path.name != "Makefile",
    }
    for problem, is_bad in kinds.items():
        bad = next((number for number, line in enumerate(lines, 1) if is_bad(line)), None)
        if bad:
            yield f"{name}:{bad}: {problem}"
    if lines[-1]:
        yield f"{name}:{len(lines)}: does not end with an end of line"
    elif len(lines) > 1 and not lines[-2]:
        yield f"{name}:{len(lines) - 1}: ends with an empty line"
    if path.suffix in SOURCES and len(lines) - 1 > MAX_LINES and name not in LONG:
        yield f"{name}:{MAX_LINES}: has {len(lines) - 1} lines, more than {MAX_LINES}: split it"


def check(root):
    """All problems below the folder `root`."""
    return [
        problem for path in text_files(root)
        for problem in check_file(path, path.relative_to(root).as_posix())
    ]


if __name__ == "__main__":
    problems = check(pathlib.Path(sys.argv[1]))
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
