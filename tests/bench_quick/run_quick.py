"""Runs `hadal bench run --quick` and checks its reports: run_quick.py HADAL generated|real.

On real data, those cases that use it.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "hadal/bench/report/schema/bench-report-v1.schema.json"


def environment(data):
    variables = dict(os.environ)
    folder = variables.pop("HADAL_DATA", "") or str(ROOT / "../shared/data")
    if data == "real":
        if not pathlib.Path(folder).is_dir():
            print(f"skipped: {folder} is absent; set HADAL_DATA to the data folder")
            sys.exit(77)
        variables["HADAL_DATA"] = folder
    return variables


def check(report, data):
    problems = [f"{case['id']}: {case['message']}" for case in report["cases"] if case["verdict"] == "failed"]
    if not report["complete"]:
        problems.append("the report is not complete")
    if {case["domain"] for case in report["cases"]} != {"nlp", "cv", "speech"}:
        problems.append("a domain has no case")
    problems += [f"{case['id']} ran on {case['data']['description']}" for case in report["cases"]
                 if case["verdict"] != "skipped" and case["data"]["generated"] != (data == "generated")]
    problems += [f"{case['id']}: FLOPs were not counted" for case in report["cases"]
                 if case["cost"] and case["cost"]["candidate_flops"] == 0]
    claims = "abc" if data == "generated" else "ab"
    problems += [f"claim ({claim['id']}) was not measured" for claim in report["claims"]
                 if claim["id"] in claims and not claim["measured"]]
    return problems


def check_schema(report):
    try:
        import jsonschema
    except ImportError:
        print("the schema was not checked: jsonschema is not installed")
        return []
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(report)]


def main():
    hadal, data = sys.argv[1:]
    cases = []
    if data == "real":
        cases = subprocess.run([hadal, "bench", "list", "--ids", "--real-data"], check=True, stdout=subprocess.PIPE,
                               text=True).stdout.split()
    with tempfile.TemporaryDirectory() as folder:
        json_file, html_file = pathlib.Path(folder) / "report.json", pathlib.Path(folder) / "report.html"
        status = subprocess.run([hadal, "bench", "run", "--quick", *cases, "--json", json_file, "--html", html_file],
                                env=environment(data)).returncode
        report = json.loads(json_file.read_text())
        problems = check(report, data) + check_schema(report)
        if status != 0:
            problems.append(f"hadal ended with {status}")
        if "<title>" not in html_file.read_text():
            problems.append("the page is empty")
        again = subprocess.run([hadal, "bench", "compare", json_file, json_file], stdout=subprocess.PIPE, text=True)
        if again.returncode != 0 or f"{len(report['cases'])} same" not in again.stdout:
            problems.append(f"the run is not the same as itself:\n{again.stdout}")
    print("\n".join(problems) or "every case kept its quality")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
