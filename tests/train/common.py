"""What the tests of `hadal train` share."""

import json
import re
import struct
import subprocess
import sys
import time

SMALL = """
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
steps = {steps}
[optimizer]
schedule = "constant"
warm_up = 0
[checkpoints]
folder = "checkpoints"
every = {every}
[log]
csv = "log.csv"
tensorboard = "events"
plan = "plan.json"
plot = "plan.html"
"""
SAVED = re.compile(r"saved step (\d+)")
WENT_ON = re.compile(r"going on after step (\d+)")


class Run:
    """A training in the background, whose standard error goes to a file."""

    def __init__(self, command, output):
        self.output = output
        with open(output, "w") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file)

    def text(self):
        return self.output.read_text()

    def wait_for(self, pattern, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if pattern.search(self.text()):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        sys.exit(f"the run did not get to {pattern.pattern}:\n{self.text()}")

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(timeout=120)


def last(pattern, text, otherwise=None):
    found = pattern.findall(text)
    return int(found[-1]) if found else otherwise


def tensors_of(folder, step):
    """The bytes of the tensors of a run's checkpoint, by name."""
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
