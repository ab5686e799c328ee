#!/usr/bin/env python3
"""Checks which part of Hadal may include and link which: see "Layers" in CONTRIBUTING.md.

    check_layers.py <source folder>
"""

import pathlib
import re
import sys

# A part may use the parts of a smaller rank, and itself.
RANKS = {
    "testing": 0,
    "core": 1,
    "data": 2,
    "models": 3,
    "hpts": 4,
    "dao": 4,
    "draf": 5,
    "msp": 5,
    "bench/report": 6,
    "bench": 7,
    "bench/cases": 8,
    "cli": 9,
}
# Parts that may use less than their rank allows.
ONLY = {
    "bench/report": {"core"},
    "bench": {"core", "bench/report"},
}
UMBRELLAS = {"torch/torch.h", "torch/all.h", "torch/extension.h", "ATen/ATen.h"}
# Headers that one file alone may include, which keeps what is particular about them from spreading.
ALONE = {
    # Other headers of gloo than LibTorch was built with: only pointers may cross.
    re.compile(r"gloo/|torch/csrc/distributed/c10d/ProcessGroupGloo"): "core/process_group/gloo_backend.cpp",
    # Its constructor changes from one LibTorch to the next.
    re.compile(r"torch/csrc/distributed/c10d/reducer"): "hpts/distributed/reducer.cpp",
}
SOURCES = {".h", ".cpp", ".cu", ".cuh"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
COMMAND = re.compile(r"\b(\w+)\s*\(([^()]*)\)")
STANDARD_HEADER = re.compile(r"[a-z_0-9]+")


def part_of(path):
    """The part that a path below hadal/ belongs to, and None for one in no part."""
    folders = path.split("/")[:-1]
    for length in (2, 1):
        part = "/".join(folders[:length])
        if part in RANKS:
            return part
    return None


def part_of_target(target):
    """The part of a CMake target of ours (hadal_bench_cases, Hadal::core), and None for others."""
    match = re.fullmatch(r"(?:hadal_|Hadal::)(\w+)|(\w+)_tests", target)
    name = match and (match[1] or match[2])
    if not name:
        return None
    return next((part for part in (name.replace("_", "/"), name) if part in RANKS), None)


def may_use(user, used):
    if user == used:
        return True
    if user in ONLY:
        return used == "testing" or used in ONLY[user]
    return RANKS[used] < RANKS[user]


def without_comments(cmake):
    return re.sub(r"#.*", "", cmake)


def public_headers(hadal):
    """The headers that hadal_module() lists as public, as paths below hadal/."""
    found = set()
    for lists in sorted(hadal.rglob("CMakeLists.txt")):
        folder = lists.parent.relative_to(hadal)
        for command, arguments in COMMAND.findall(without_comments(lists.read_text())):
            if command != "hadal_module":
                continue
            is_header = False
            for word in arguments.split():
                if word.isupper():
                    is_header = word == "PUBLIC_HEADERS"
                elif is_header:
                    found.add((folder / word).as_posix())
    return found


def check_public_include(part, include, public):
    """What is wrong with a public header's include, or None."""
    if include.startswith("hadal/"):
        if include.removeprefix("hadal/") in public:
            return None
        return f'a public header includes "{include}", which is not public'
    if STANDARD_HEADER.fullmatch(include) or include == "ATen/core/Tensor.h":
        return None
    if include.startswith("torch/nn/") and RANKS[part] >= RANKS["models"]:
        return None
    return f"a public header includes <{include}>; allowed are standard headers, " \
           "ATen/core/Tensor.h, and from models upwards torch/nn/..."


def check_source(path, text, public):
    """Yields (line, problem) for the includes of the file `path` below hadal/."""
    part = part_of(path)
    is_test = path.endswith("_test.cpp")
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(1)) + 1
        include = match[1]
        if ".." in include.split("/"):
            yield line, f'includes "{include}": write the path from the repository\'s root'
            continue
        if include in UMBRELLAS:
            yield line, f"includes <{include}>, which costs seconds: include what is used"
        for header, owner in ALONE.items():
            if header.match(include) and path != owner:
                yield line, f"includes <{include}>, which only hadal/{owner} may"
        if path in public:
            problem = check_public_include(part, include, public)
            if problem:
                yield line, problem
        if not include.startswith("hadal/"):
            continue
        used = part_of(include.removeprefix("hadal/"))
        if used is None:
            yield line, f'includes "{include}", which belongs to no layer'
        elif used == "testing":
            # Headers that only tests include may; public ones are refused above.
            if path.endswith(".cpp") and not is_test:
                yield line, f'includes "{include}", which only tests may'
        elif not may_use(part, used):
            yield line, f'{part} may not include "{include}" of {used}'


def check_links(path, text):
    """Yields (line, problem) for the libraries that the CMakeLists.txt `path` below hadal/ links."""
    text = without_comments(text)
    for match in COMMAND.finditer(text):
        command, words = match[1], match[2].split()
        if command not in ("hadal_module", "target_link_libraries") or not words:
            continue
        owner = "hadal_" + words[0] if command == "hadal_module" else words[0]
        part = part_of_target(owner) or part_of(path)
        line = text.count("\n", 0, match.start()) + 1
        if part is None:
            yield line, f"{owner} belongs to no layer"
            continue
        for used in filter(None, map(part_of_target, words[1:])):
            if used != "testing" and not may_use(part, used):
                yield line, f"{part} may not link {used}"


def check(root):
    """All problems below the folder `root`, each as file:line: text."""
    hadal = root / "hadal"
    public = public_headers(hadal)
    problems = []
    for file in sorted(hadal.rglob("*")):
        path = file.relative_to(hadal).as_posix()
        if file.name == "CMakeLists.txt" and file.parent != hadal:
            found = check_links(path, file.read_text())
        elif file.suffix not in SOURCES or not file.is_file():
            continue
        elif part_of(path) is None:
            found = [(1, "belongs to no layer: add its folder to RANKS in check_layers.py")]
        else:
            found = check_source(path, file.read_text(), public)
        problems += [f"hadal/{path}:{line}: {problem}" for line, problem in found]
    missing = sorted(path for path in public if not (hadal / path).is_file())
    problems += [f"hadal/{path}: is listed in PUBLIC_HEADERS but does not exist" for path in missing]
    return problems


if __name__ == "__main__":
    problems = check(pathlib.Path(sys.argv[1]))
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
