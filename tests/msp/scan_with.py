"""Scans a folder with a scanner of PyPI, for scan_peers.py: scan_with.py SCANNER FOLDER; prints what it found as JSON."""

import contextlib
import io
import json
import logging
import pathlib
import sys

logging.disable(logging.CRITICAL)


def picklescan(path):
    from picklescan.scanner import SafetyLevel, scan_file_path
    result = scan_file_path(str(path))
    # Suspicious is what it does not know; its own program counts dangerous alone as an issue.
    return any(g.safety == SafetyLevel.Dangerous for g in result.globals), result.scan_err


def modelscan(path):
    from modelscan.modelscan import ModelScan
    result = ModelScan().scan(str(path))
    return result["summary"]["total_issues"] > 0, bool(result["errors"])


def fickling(path):
    from fickling.analysis import Severity, check_safety
    from fickling.fickle import StackedPickle
    if path.read_bytes()[:2] == b"PK":
        import zipfile
        pickles = []
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".pkl"):
                    pickles += StackedPickle.load(io.BytesIO(archive.read(name)))
    else:
        with open(path, "rb") as file:
            pickles = list(StackedPickle.load(file))
    return any(check_safety(p).severity > Severity.LIKELY_SAFE for p in pickles), False


def main():
    scan = {"picklescan": picklescan, "modelscan": modelscan, "fickling": fickling}[sys.argv[1]]
    folder = pathlib.Path(sys.argv[2])
    found, failed = [], []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                issue, error = scan(path)
            if issue:
                found.append(name)
            elif error:
                failed.append(name)
        except Exception:
            failed.append(name)
    print(json.dumps({"found": found, "failed": failed}))


main()
