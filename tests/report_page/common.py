"""What the tests of the report have in common."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORT = ROOT / "hadal/bench/report"
SAMPLES = ("complete", "partial", "failed", "hostile")
PROBE = sys.argv.pop(1) if len(sys.argv) > 1 else sys.exit("usage: TEST.py REPORT_PROBE")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def sample_path(name):
    return REPORT / "testdata" / f"{name}.json"


def render(name, folder):
    """The page of a sample report, in `folder`."""
    page = pathlib.Path(folder) / f"{name}.html"
    subprocess.run([PROBE, "render", sample_path(name), page], check=True, timeout=60)
    return page
