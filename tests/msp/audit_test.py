#!/usr/bin/env python3
"""`hadal audit` on files that Python makes: every malicious one is found, no clean one is, and what it writes is sound.

    audit_test.py HADAL
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import malicious

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("HADAL_DATA") or ROOT / "../shared/data")
HADAL = sys.argv.pop(1) if len(sys.argv) > 1 else sys.exit("usage: audit_test.py HADAL")


def audit(path, *arguments):
    return subprocess.run([HADAL, "audit", path, *arguments], capture_output=True, text=True, timeout=120)


def findings(path):
    """The findings by file, notes left out, and the exit status."""
    done = audit(path, "--json", "-")
    assert done.returncode in (0, 1), done.stderr
    by_file = {}
    for finding in json.loads(done.stdout)["findings"]:
        if finding["level"] != "note":
            by_file.setdefault(finding["file"], []).append(finding)
    return by_file, done.returncode


def write(folder, files):
    names = []
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        names.append(name)
    return names


class Audit(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)

    def test_finds_every_malicious_file(self):
        total = 0
        for name, make in malicious.SETS.items():
            folder = self.folder / name
            names = write(folder, make())
            found, status = findings(folder)
            self.assertEqual(status, 1)
            self.assertEqual([n for n in names if n not in found], [], name)
            total += len(names)
        self.assertGreater(total, 150)

    def test_names_what_is_called_and_where(self):
        write(self.folder, [("a.pkl", b"\x80\x04" + malicious.stack_call("os", "system") + b".")])
        found, _ = findings(self.folder)
        self.assertEqual(found["a.pkl"][0]["rule"], "pickle/dangerous-import")
        self.assertEqual(found["a.pkl"][0]["text"], "byte 14: imports os.system, and calls it at byte 22")
        self.assertEqual(found["a.pkl"][0]["offset"], 14)

    def test_is_silent_on_clean_files(self):
        try:
            import clean
        except ImportError as error:
            self.skipTest(f"{error}")
        for name, make in clean.SETS.items():
            folder = self.folder / name
            folder.mkdir()
            make(folder)
            found, status = findings(folder)
            self.assertEqual((found, status), ({}, 0), name)

    def test_is_silent_on_published_models(self):
        if not DATA.is_dir():
            self.skipTest(f"{DATA} is absent; set HADAL_DATA to the data folder")
        for name in ("cv/resnet20-cifar10.safetensors", "cv/resnet56-cifar10.safetensors", "llm/stories260K-hf"):
            found, status = findings(DATA / name)
            self.assertEqual((found, status), ({}, 0), name)

    def test_measures_the_storages_of_a_checkpoint(self):
        try:
            import torch
        except ImportError as error:
            self.skipTest(f"{error}")
        weight = torch.randn(64, 64, generator=torch.Generator().manual_seed(1))
        torch.save({"w": weight}, self.folder / "good.pt")
        words = weight.view(torch.int32)
        text = torch.tensor(list(b"import os; os.system('true')  # " * 8), dtype=torch.int32)
        words.view(-1)[:len(text)] = words.view(-1)[:len(text)] & ~0xFF | text
        torch.save({"w": weight, "n": torch.tensor([float("nan")])}, self.folder / "bad.pt")
        found, _ = findings(self.folder)
        self.assertEqual({f: sorted(x["rule"] for x in found[f]) for f in found},
                         {"bad.pt": ["weights/hidden-text", "weights/not-finite"]})

    def test_exit_status_says_what_happened(self):
        write(self.folder, [("bad.pkl", malicious.BAD), ("good.pkl", malicious.CLEAN)])
        self.assertEqual(audit(self.folder / "good.pkl").returncode, 0)
        self.assertEqual(audit(self.folder / "bad.pkl").returncode, 1)
        missing = audit(self.folder / "missing.pkl")
        self.assertEqual((missing.returncode, missing.stdout), (2, ""))

    def test_writes_sarif_that_follows_its_schema(self):
        write(self.folder, [("a b.pkl", malicious.BAD), *malicious.by_archive(), *malicious.by_safetensors()])
        sarif = json.loads(audit(self.folder, "--sarif", "-").stdout)
        self.check_sarif(sarif)
        results = sarif["runs"][0]["results"]
        self.assertGreater(len(results), 40)
        self.assertTrue(any(r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.pkl"
                            for r in results))

    def check_sarif(self, sarif):
        """By the schema where SARIF_SCHEMA names it, and by hand what the schema cannot say."""
        schema = os.environ.get("SARIF_SCHEMA")
        if schema:
            import jsonschema
            jsonschema.Draft7Validator(json.loads(pathlib.Path(schema).read_text())).validate(sarif)
        self.assertEqual(sarif["version"], "2.1.0")
        run, = sarif["runs"]
        rules = run["tool"]["driver"]["rules"]
        taxa = {t["name"]: {x["id"] for x in t["taxa"]} for t in run["taxonomies"]}
        self.assertEqual({t["name"] for t in run["tool"]["driver"]["supportedTaxonomies"]}, set(taxa))
        self.assertEqual(len({r["id"] for r in rules}), len(rules))
        for rule in rules:
            self.assertIn(rule["defaultConfiguration"]["level"], ("note", "warning", "error"))
            for relation in rule["relationships"]:
                self.assertIn(relation["target"]["id"], taxa[relation["target"]["toolComponent"]["name"]])
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            self.assertTrue(result["message"]["text"])
            self.assertEqual({t["toolComponent"]["name"] for t in result["taxa"]}, set(taxa))
            artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
            self.assertEqual(run["artifacts"][artifact["index"]]["location"]["uri"], artifact["uri"])

    def test_the_page_takes_nothing_from_files_as_markup(self):
        write(self.folder, [("<script>alert(1)</script>".replace("/", "") + ".pkl", malicious.BAD)])
        page = audit(self.folder, "--html", "-").stdout
        self.assertNotIn("<script>", page)
        self.assertIn("&lt;script&gt;alert(1)", page)


if __name__ == "__main__":
    unittest.main()
