#!/usr/bin/env python3
"""Holds what `hadal train` promises on the command line: command_test.py <program>."""

import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from common import SAVED, SMALL, WENT_ON, Run, last, tensors_of

PROGRAM = sys.argv.pop(1)
STEP = re.compile(r"step (\d+)")


def train(config, *arguments):
    return subprocess.run([PROGRAM, "train", config, *arguments], capture_output=True, text=True, timeout=300)


class TrainCommand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "run.toml"

    def test_trains_to_the_end_and_leaves_what_it_was_told_to(self):
        self.config.write_text(SMALL.format(steps=40, every=20))
        done = train(self.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"decoder of 1 layers of 16, generated stories")
        self.assertRegex(done.stderr, r"step 40: perplexity per byte \d+\.\d+")
        lines = (self.folder / "log.csv").read_text().splitlines()
        self.assertEqual(lines[0].split(",")[:4], ["step", "wall_time", "loss", "learning_rate"])
        self.assertEqual([line.split(",")[0] for line in lines[1:]], ["10", "20", "30", "40"])
        self.assertLess(float(lines[-1].split(",")[2]), float(lines[1].split(",")[2]))
        self.assertEqual(len(list((self.folder / "events").iterdir())), 1)
        self.assertIn('"layers"', (self.folder / "plan.json").read_text())
        self.assertIn("<svg", (self.folder / "plan.html").read_text())
        self.assertTrue(tensors_of(self.folder, 40))

    def test_says_that_there_is_nothing_to_do_and_scores(self):
        self.config.write_text(SMALL.format(steps=4, every=2))
        train(self.config)
        again = train(self.config)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertRegex(again.stderr, r"going on after step 4")
        self.assertRegex(again.stderr, r"step 4: perplexity")

    def test_saves_on_sigterm_and_goes_on(self):
        self.config.write_text(SMALL.format(steps=100_000, every=90_000))
        run = Run([PROGRAM, "train", self.config], self.folder / "output.txt")
        run.wait_for(re.compile("generated stories"))
        self.assertEqual(run.end(signal.SIGTERM), 0, run.text())
        saved = last(SAVED, run.text())
        self.assertIsNotNone(saved, run.text())
        self.config.write_text(SMALL.format(steps=saved + 3, every=90_000))
        done = train(self.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(last(WENT_ON, done.stderr), saved)

    def test_refuses_a_bad_configuration_before_any_work(self):
        self.config.write_text(SMALL.format(steps=40, every=20).replace("batch = 4", "batch = 0"))
        done = train(self.config)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(
            done.stderr.splitlines()[0],
            f"hadal: {self.config}, line 13: train.batch: expected an integer from 1 to 1e+12, got 0",
        )
        self.assertEqual([path.name for path in self.folder.iterdir()], ["run.toml"])

    def test_refuses_a_missing_file_and_a_set_that_needs_a_folder(self):
        self.assertEqual(train(self.folder / "none.toml").returncode, 2)
        self.config.write_text('[data]\nset = "mnist"\n')
        done = subprocess.run([PROGRAM, "train", self.config], capture_output=True, text=True, timeout=300,
                              env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(done.returncode, 2)
        self.assertIn('the set "mnist" needs a folder of data sets', done.stderr)

    def test_trains_on_two_processes(self):
        self.config.write_text(SMALL.format(steps=12, every=6))
        done = subprocess.run([PROGRAM, "launch", "-n", "2", "--", PROGRAM, "train", self.config, "--threads", "1"],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        folder = self.folder / "checkpoints"
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["rank-0-of-2", "rank-1-of-2"])
        self.assertEqual(len((self.folder / "log.csv").read_text().splitlines()), 3)


if __name__ == "__main__":
    unittest.main()
