"""Scans the files of malicious.py and clean.py in Hadal and in other scanners, and prints what each finds.

    pip install picklescan modelscan fickling typing_extensions torch safetensors numpy
    python tests/msp/scan_peers.py build/release/bin/hadal [--python PYTHON]

PYTHON is one that has the other scanners, where this one has torch; none of the files is loaded. A file counts as found where a scanner
reports an issue, or fails on it, for a malicious one; on a clean file only an issue counts.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import malicious

HERE = pathlib.Path(__file__).parent


def hadal(program):
    def scan(folder):
        done = subprocess.run([program, "audit", folder, "--json", "-"], capture_output=True, text=True)
        return {f["file"] for f in json.loads(done.stdout)["findings"] if f["level"] != "note"}, set()
    return scan


def peer(python, name):
    def scan(folder):
        done = subprocess.run([python, HERE / "scan_with.py", name, folder], capture_output=True, text=True, check=True)
        answer = json.loads(done.stdout.splitlines()[-1])
        return set(answer["found"]), set(answer["failed"])
    return scan


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hadal")
    parser.add_argument("--python", default=sys.executable)
    arguments = parser.parse_args()
    scanners = {"hadal": hadal(arguments.hadal)}
    scanners |= {name: peer(arguments.python, name) for name in ("picklescan", "modelscan", "fickling")}
    print("| files | number | " + " | ".join(scanners) + " |\n|---|---" + "|---" * len(scanners) + "|")
    sets = dict(malicious.SETS)
    try:
        import clean
        sets |= {f"clean: {name}": make for name, make in clean.SETS.items()}
    except ImportError as error:
        print(f"without clean files: {error}", file=sys.stderr)
    for name, make in sets.items():
        with tempfile.TemporaryDirectory() as made:
            folder = pathlib.Path(made)
            if name.startswith("clean"):
                make(folder)
                names = {p.name for p in folder.iterdir()}
            else:
                names = set()
                for file, content in make():
                    path = folder / file
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                    names.add(file)
            cells = []
            for scan in scanners.values():
                found, failed = scan(folder)
                counted = found if name.startswith("clean") else found | failed
                cells.append(f"{len(counted & names)}" + (f" ({len(failed & names)} by failing)" if failed else ""))
            print(f"| {name} | {len(names)} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
