"""Writes golden.tfevents with the tensorboard package (2.21.0): what tensorboard_log_test.cpp expects."""
import pathlib

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


def scalars(**values):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])


EVENTS = [
    Event(wall_time=1.5, file_version="brain.Event:2"),
    Event(wall_time=2.25, step=1, summary=scalars(loss=0.25, accuracy=1e-3)),
    Event(wall_time=1.7e9, step=5_000_000_000, summary=scalars(loss=float("inf"))),
    Event(wall_time=1.7e9, step=300, summary=Summary()),
]

with open(pathlib.Path(__file__).resolve().parent / "golden.tfevents", "wb") as file:
    writer = RecordWriter(file)
    for event in EVENTS:
        writer.write(event.SerializeToString())
