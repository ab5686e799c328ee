#!/usr/bin/env python3
"""Holds what `hadal harden` promises on the command line: harden_test.py <program>."""

import json
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

from common import SAVED, WENT_ON, Run, last, tensors_of

PROGRAM = sys.argv.pop(1)
SMALL = """
seed = 3
[model]
name = "small-cnn"
[data]
set = "digits"
[train]
batch = 16
steps = {steps}
[precision]
policy = "fp32"
[checkpoints]
folder = "checkpoints"
every = {every}
[defence]
method = "fast"
epsilon = 0.02
[evaluation]
images = 10
attacks = "pgd"
[output]
model = "hard.safetensors"
"""


def harden(config, *arguments):
    return subprocess.run([PROGRAM, "harden", config, *arguments], capture_output=True, text=True, timeout=300)


def names_in(path):
    data = path.read_bytes()
    return set(json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])) - {"__metadata__"}


class HardenCommand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "run.toml"

    def test_trains_writes_and_judges(self):
        self.config.write_text(SMALL.format(steps=60, every=60))
        done = harden(self.config)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertEqual(done.returncode == 1, "FAILED" in done.stdout)
        self.assertIn("hardened by fast within 0.02 (linf)", done.stderr)
        self.assertRegex(done.stderr, r"step 60: accuracy under PGD-20 0?\.?\d+")
        self.assertRegex(done.stdout, r"accuracy without an attack: \d+\.\d % \[\d+\.\d, \d+\.\d\]")
        self.assertRegex(done.stdout, r"right and not broken up to pgd: ")
        self.assertRegex(done.stdout, r"robust accuracy: ")
        self.assertEqual(done.stdout.count("masking, "), 5)
        self.assertIn("conv1.weight", names_in(self.folder / "hard.safetensors"))
        self.assertIn("task/average.conv1.weight", tensors_of(self.folder, 60))
        again = harden(self.config, "--from", self.folder / "hard.safetensors")
        self.assertEqual(again.stdout, done.stdout)

    def test_saves_on_sigterm_and_goes_on(self):
        self.config.write_text(SMALL.format(steps=100_000, every=90_000))
        run = Run([PROGRAM, "harden", self.config], self.folder / "output.txt")
        run.wait_for(re.compile("hardened by fast"))
        self.assertEqual(run.end(signal.SIGTERM), 0, run.text())
        saved = last(SAVED, run.text())
        self.assertIsNotNone(saved, run.text())
        self.config.write_text(SMALL.format(steps=saved + 3, every=90_000))
        done = harden(self.config)
        self.assertEqual(last(WENT_ON, done.stderr), saved)

    def test_refuses_what_it_cannot_harden(self):
        self.config.write_text(SMALL.format(steps=60, every=60).replace("0.02", "0"))
        done = harden(self.config)
        self.assertEqual(done.returncode, 2)
        self.assertIn("defence.epsilon: expected a number above 0", done.stderr)
        self.config.write_text(SMALL.format(steps=60, every=60))
        done = harden(self.config, "--from", self.folder / "none.safetensors")
        self.assertEqual(done.returncode, 2)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["run.toml"])


if __name__ == "__main__":
    unittest.main()
