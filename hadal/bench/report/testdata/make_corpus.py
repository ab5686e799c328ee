#!/usr/bin/env python3
"""Writes the fuzzer's starting corpus beside it: small reports, sound and broken."""

import copy
import json
import pathlib

HERE = pathlib.Path(__file__).parent


def small():
    """complete.json with two cases of three rounds."""
    report = json.loads((HERE / "complete.json").read_text())
    report["cases"] = [report["cases"][0], report["cases"][-1]]
    speed = report["cases"][0]["speed"]
    for side in ("baseline", "candidate", "baseline_again"):
        speed[side] = {"samples": [1, 1, 1], "seconds": {"median": 1, "low": 1, "high": 1}}
    speed.update(speedup={"median": 1, "low": 1, "high": 1}, noise={"median": 1, "low": 1, "high": 1},
                 noise_floor=0, tolerance=0.05)
    return report


def extreme(report):
    """Numbers as large and as small as a report may hold."""
    report = copy.deepcopy(report)
    case = report["cases"][0]
    speed = case["speed"]
    speed["baseline"] = {"samples": [5e-324, 1.7e308], "seconds": {"median": 1, "low": 5e-324, "high": 1.7e308}}
    speed["candidate"] = {"samples": [1.7e308, 5e-324], "seconds": {"median": 1, "low": 5e-324, "high": 1.7e308}}
    speed["baseline_again"] = speed["candidate"]
    speed["speedup"] = speed["noise"] = {"median": 1, "low": 5e-324, "high": 1.7e308}
    speed["noise_floor"] = speed["tolerance"] = 1.7e308
    case["cost"].update(baseline_peak_bytes=2**63 - 1, baseline_flops=1.7e308, candidate_flops=5e-324)
    case["metrics"] = [{"name": "m", "value": value, "unit": "bytes"} for value in (2**62,)]
    case["seconds"] = 1.7e308
    return report


def empty(report):
    report = copy.deepcopy(report)
    report.update(cases=[], claims=[], finished=None, complete=False)
    return report


def main():
    folder = HERE / "corpus"
    folder.mkdir(exist_ok=True)
    report = small()
    texts = {"small": json.dumps(report), "extreme": json.dumps(extreme(report)), "empty": json.dumps(empty(report))}
    whole = texts["empty"]
    texts.update(
        cut=whole[:200],
        repeated=whole.replace('"seed"', '"scale": "full", "seed"'),
        nested="[" * 100,
        nothings=whole.replace('"cases": []', '"cases": [' + ",".join(["{}"] * 100) + "]"),
        overflow=whole.replace('"noise_floor": ', '"noise_floor": 1e999'),
        not_utf8=whole.replace("Release", "Rel\\ud800ease"),
        version=whole.replace('"schema_version": 1', '"schema_version": 2'))
    for name, text in texts.items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
