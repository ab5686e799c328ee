"""Holds the JSON Schema of the report against the reader: both take the samples, both refuse what
breaks the form, and the schema is never the stricter one."""

import copy
import json
import random
import subprocess
import unittest

from common import PROBE, REPORT, SAMPLES, sample_path, skip

try:
    import jsonschema
except ImportError:
    skip("the Python package jsonschema is absent")

SCHEMA = json.loads((REPORT / "schema/bench-report-v1.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
WRONG_TYPES = (None, True, -7, 0.5, "wrong", [], {})


def sample(name):
    return json.loads(sample_path(name).read_text())


def verdicts(reports):
    """What the reader says of each report."""
    lines = "".join(json.dumps(report) + "\n" for report in reports)
    answer = subprocess.run([PROBE, "check"], input=lines, capture_output=True, text=True, check=True, timeout=100)
    return answer.stdout.splitlines()


def small_report():
    """A judged and a failed case, few samples: short enough to change in hundreds of ways."""
    report = sample("complete")
    report["cases"] = [report["cases"][0], report["cases"][-1]]
    report["claims"] = report["claims"][2:3]
    report["claims"][0]["id"] = "a"
    return report


def places(value, path=()):
    """The path of each value in a tree, the first two items of a list standing for all."""
    yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from places(child, path + (key,))
    elif isinstance(value, list):
        for i, child in enumerate(value[:2]):
            yield from places(child, path + (i,))


def at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def changed(report, path, value):
    report = copy.deepcopy(report)
    at(report, path[:-1])[path[-1]] = value
    return report


def without(report, path):
    report = copy.deepcopy(report)
    del at(report, path[:-1])[path[-1]]
    return report


def same_type(a, b):
    numbers = (int, float)
    if isinstance(a, bool) or isinstance(b, bool):
        return type(a) is type(b)
    return type(a) is type(b) or (isinstance(a, numbers) and isinstance(b, numbers))


NULLABLE = {"finished", "sha256", "quality", "speed", "cost", "measured"}


def may_be(path, old, new):
    """Whether a value of another type may stand there."""
    if new is None:
        return path[-1] in NULLABLE or path[-2:-1] == ("quality",) or path[-1] == "value"
    if path[-1] in NULLABLE and old is None:
        return path[-1] == "measured" and isinstance(new, str)
    return same_type(old, new)


def broken_forms(report):
    """(what was done, report) for changes that break the form whatever else the report says."""
    for path in places(report):
        value = at(report, path)
        if path and isinstance(path[-1], str):
            yield f"{path} removed", without(report, path)
        if isinstance(value, dict):
            yield f"{path} with a further member", changed(report, path + ("extra",), 1)
        for other in WRONG_TYPES if path else ():
            if not may_be(path, value, other):
                yield f"{path} = {other!r}", changed(report, path, other)
    for path, values in OUT_OF_RANGE.items():
        for value in values:
            yield f"{path} = {value!r}"[:200], changed(report, path, value)


CASE, SPEED = ("cases", 0), ("cases", 0, "speed")
TIMES = ("", "now", "2026-01-31 12:34:56Z", "2026-01-31T12:34:56", "2026-01-31T12:34:56.Z", "2026-1-31T12:34:56Z")
IDS = ("", "one", "nlp/", "/one", "nlp/a/b", "nlp/One", "nlp/o e")
OUT_OF_RANGE = {
    ("schema",): ("other", ""),
    ("schema_version",): (0, 2, 1.5),
    ("run_id",): ("", "0" * 31, "0" * 33, "G" * 32, "A" * 32),
    ("started",): TIMES,
    ("finished",): TIMES + (None,),
    ("scale",): ("", "huge", "Quick"),
    ("seed",): (-1, 2**64, 0.5),
    ("noise_floor",): (-0.1,),
    ("noise", "low"): (0, -1),
    ("environment", "cpu"): ("",),
    ("environment", "cores"): (0, -1, 2**31, 1.5),
    ("environment", "threads"): (0, 2**31),
    ("environment", "memory_bytes"): (-1, 2**63, 0.5),
    CASE + ("id",): IDS,
    CASE + ("domain",): ("", "vision", "NLP"),
    CASE + ("module",): ("", "a b", "A"),
    CASE + ("version",): (0, -1, 2**31, 1.5),
    CASE + ("verdict",): ("", "good"),
    CASE + ("seconds",): (-1,),
    CASE + ("data", "sha256"): ("", "a" * 63, "a" * 65, "A" * 64, None),
    CASE + ("quality",): (None,),
    CASE + ("speed",): (None,),
    CASE + ("cost",): (None,),
    CASE + ("quality", "metric"): ("",),
    CASE + ("quality", "bound"): ("", "equal"),
    CASE + ("quality", "passed"): (False,),
    CASE + ("quality", "candidate"): (None,),
    CASE + ("metrics", 0, "name"): ("",),
    CASE + ("metrics",): ([{"name": str(i), "value": 1, "unit": ""} for i in range(1001)],),
    CASE + ("cost", "baseline_peak_bytes"): (-1, 2**63, 0.5),
    CASE + ("cost", "candidate_peak_bytes"): (-1, 2**63),
    CASE + ("cost", "baseline_flops"): (-1,),
    CASE + ("cost", "candidate_flops"): (-0.5,),
    SPEED + ("tolerance",): (-0.1,),
    SPEED + ("noise_floor",): (-0.1,),
    SPEED + ("speedup", "median"): (0, -1),
    SPEED + ("baseline", "samples"): ([], [0], [-1], [1] * 100001),
    SPEED + ("candidate", "seconds", "high"): (0, -1),
    ("claims", 0, "id"): ("", "A", "ab", "1"),
}


class Schema(unittest.TestCase):
    def test_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_closes_every_object(self):
        def objects(node):
            if isinstance(node, dict):
                if "required" in node and "type" in node:
                    yield node
                for child in node.values():
                    yield from objects(child)
        described = list(objects(SCHEMA))
        self.assertEqual(len(described), 11)
        for node in described:
            self.assertIs(node["additionalProperties"], False)
            self.assertEqual(node["required"], list(node["properties"]))

    def test_takes_the_samples(self):
        for name in SAMPLES:
            VALIDATOR.validate(sample(name))

    def test_refuses_broken_forms_as_the_reader_does(self):
        report = small_report()
        VALIDATOR.validate(report)
        self.assertEqual(verdicts([report]), ["ok"])
        what, reports = zip(*broken_forms(report))
        self.assertGreater(len(reports), 700)
        for what, broken, verdict in zip(what, reports, verdicts(reports), strict=True):
            self.assertFalse(VALIDATOR.is_valid(broken), f"the schema takes: {what}")
            self.assertNotEqual(verdict, "ok", f"the reader takes: {what}")

    def test_is_never_stricter_than_the_reader(self):
        rng = random.Random(1)
        values = (None, True, False, 0, 1, -1, 0.5, 2, 1e300, "", "a", "quick", "full", "failed", "same",
                  "at_least", "at_most", "nlp/a", "speech", "2026-01-31T12:34:56.5Z", "0" * 32, [], {})
        report = small_report()
        paths = [path for path in places(report) if path]
        reports = []
        for _ in range(3000):
            mutant = report
            for _ in range(rng.choice((1, 1, 2))):
                path = rng.choice(paths)
                try:
                    mutant = changed(mutant, path, rng.choice(values))
                except (KeyError, TypeError, IndexError):  # an earlier change removed the place
                    continue
            reports.append(mutant)
        taken = 0
        for mutant, verdict in zip(reports, verdicts(reports), strict=True):
            if verdict == "ok":
                taken += 1
                VALIDATOR.validate(mutant)
        self.assertGreater(taken, 300)


if __name__ == "__main__":
    unittest.main()
