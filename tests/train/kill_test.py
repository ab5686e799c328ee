#!/usr/bin/env python3
"""Kills `hadal train` at 50 moments and holds that each time at most the steps since the last checkpoint
are lost, and that the run ends with the weights of one that nobody killed.

    kill_test.py <program> [<tries>]
"""

import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from common import SAVED, SMALL, WENT_ON, Run, last, tensors_of

EVERY = 3


def kill_again_and_again(program, folder, tries, moments):
    """Returns the last step that a killed run had saved."""
    saved = 0
    for number in range(tries):
        run = Run([program, "train", folder / "run.toml", "--threads", "1"], folder / "output.txt")
        # Half of them while they write one checkpoint after the other, the others whenever.
        if number % 2 == 0:
            run.wait_for(SAVED)
        time.sleep(moments.uniform(0, 0.4))
        run.end(signal.SIGKILL)
        text = run.text()
        start = last(WENT_ON, text)
        assert start is not None or saved == 0 or "generated stories" not in text, f"try {number} began anew after step {saved}:\n{text}"
        if start is not None:
            # What was told to be saved is there, and what was saved, but not told, may be.
            assert saved <= start <= saved + EVERY, f"try {number} went on from {start}, after {saved}:\n{text}"
            saved = max(saved, start)
        saved = last(SAVED, text, saved)
    return saved


def main():
    program = sys.argv[1]
    tries = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    with tempfile.TemporaryDirectory() as name:
        killed, whole = pathlib.Path(name, "killed"), pathlib.Path(name, "whole")
        for folder in (killed, whole):
            folder.mkdir()
            (folder / "run.toml").write_text(SMALL.format(steps=100_000, every=EVERY))
        saved = kill_again_and_again(program, killed, tries, random.Random(1))
        assert saved >= EVERY * (tries // 2), f"only {saved} steps were saved in {tries} tries"
        left = [path.name for path in (killed / "checkpoints" / "rank-0-of-1").iterdir()]
        assert sum(name.startswith("step-") for name in left) <= 3, left

        # The same number of steps in one go.
        for folder in (killed, whole):
            (folder / "run.toml").write_text(SMALL.format(steps=saved + 5, every=EVERY))
        for folder in (killed, whole):
            done = subprocess.run([program, "train", folder / "run.toml", "--threads", "1"], timeout=600)
            assert done.returncode == 0
        assert tensors_of(killed, saved + 5) == tensors_of(whole, saved + 5), "the weights differ"
        steps = [line.split(",")[0] for line in (killed / "log.csv").read_text().splitlines()[1:]]
        assert steps == sorted(set(steps), key=int), "the table's steps do not rise"
        print(f"{tries} kills, {saved} steps saved, the same weights as in one go")


if __name__ == "__main__":
    main()
