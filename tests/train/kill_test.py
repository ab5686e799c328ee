#!/usr/bin/env python3
"""Kills `hadal train` at 50 moments and holds that each time at most the steps since the last checkpoint
are lost, and that the run ends with the weights of one that nobody killed.

    kill_test.py <program> [<tries>]
"""

import json
import pathlib
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

CONFIG = """
seed = 3
[model]
name = "decoder"
dim = 16
layers = 1
heads = 2
hidden = 32
context = 32
[data]
set = "stories"
[train]
batch = 4
steps = 100000
[checkpoints]
folder = "checkpoints"
every = 3
keep = 2
[log]
csv = "log.csv"
"""
EVERY = 3
SAVED = re.compile(r"saved step (\d+)")
WENT_ON = re.compile(r"going on after step (\d+)")


class Run:
    """A training in the background, whose standard error is read to its end."""

    def __init__(self, program, config, output):
        self.output = output
        with open(output, "w") as file:
            self.process = subprocess.Popen([program, "train", config, "--threads", "1"], stdout=file, stderr=file)

    def kill(self, number):
        self.process.send_signal(number)
        return self.process.wait(timeout=120), self.output.read_text()


def last(pattern, text, otherwise=None):
    found = pattern.findall(text)
    return int(found[-1]) if found else otherwise


def tensors_of(folder, step):
    """The bytes of the tensors of a checkpoint, by name."""
    path = folder / "checkpoints" / "rank-0-of-1" / f"step-{step:09}.safetensors"
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    begin = 8 + length
    return {
        name: data[begin + entry["data_offsets"][0] : begin + entry["data_offsets"][1]]
        for name, entry in header.items()
        if name != "__metadata__"
    }


def wait_for(run, pattern, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if pattern.search(run.output.read_text()):
            return
        if run.process.poll() is not None:
            break
        time.sleep(0.02)
    sys.exit(f"the run did not get to {pattern.pattern}:\n{run.output.read_text()}")


def kill_again_and_again(program, folder, tries, moments):
    """Returns the last step that a killed run had saved."""
    saved = 0
    for number in range(tries):
        run = Run(program, folder / "run.toml", folder / "output.txt")
        # Half of them while they write one checkpoint after the other, the others whenever.
        if number % 2 == 0:
            wait_for(run, SAVED)
        time.sleep(moments.uniform(0, 0.4))
        _, text = run.kill(signal.SIGKILL)
        start = last(WENT_ON, text)
        assert start is not None or saved == 0 or not text, f"try {number} began anew after step {saved}:\n{text}"
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
            (folder / "run.toml").write_text(CONFIG)
        saved = kill_again_and_again(program, killed, tries, random.Random(1))
        assert saved >= EVERY * (tries // 2), f"only {saved} steps were saved in {tries} tries"
        left = [path.name for path in (killed / "checkpoints" / "rank-0-of-1").iterdir()]
        assert sum(name.startswith("step-") for name in left) <= 3, left

        # The same number of steps in one go.
        for folder in (killed, whole):
            (folder / "run.toml").write_text(CONFIG.replace("steps = 100000", f"steps = {saved + 5}"))
        for folder in (killed, whole):
            done = subprocess.run([program, "train", folder / "run.toml", "--threads", "1"], timeout=600)
            assert done.returncode == 0
        assert tensors_of(killed, saved + 5) == tensors_of(whole, saved + 5), "the weights differ"
        steps = [line.split(",")[0] for line in (killed / "log.csv").read_text().splitlines()[1:]]
        assert steps == sorted(set(steps), key=int), "the table's steps do not rise"
        print(f"{tries} kills, {saved} steps saved, the same weights as in one go")


if __name__ == "__main__":
    main()
