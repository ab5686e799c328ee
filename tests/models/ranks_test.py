"""The program generates the same in one process, side by side, in stages, and in stages of ranks side by side."""

import pathlib
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
RANK = "[rank 0] "


def run(*command):
    done = subprocess.run([PROGRAM, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    return done.stdout


def lines_of_rank_0(output):
    return "".join(line[len(RANK):] + "\n" for line in output.splitlines() if line.startswith(RANK))


with tempfile.TemporaryDirectory() as folder:
    model = str(pathlib.Path(folder) / "model")
    run("model", "make", model, "--tiny", "--seed", "3")
    words = ["generate", model, "a little house " * 60, "--max-tokens", "24", "--temperature", "0",
             "--format", "fp32", "--ignore-end", "--cache-gib", "0.1", "--threads", "1"]
    alone = run(*words)
    for ranks, stages in ((2, 1), (2, 2), (4, 2)):
        output = run("launch", "-n", str(ranks), "--", PROGRAM, *words, "--pipeline-parallel-size",
                     str(stages))
        assert lines_of_rank_0(output) == alone, (ranks, stages, output, alone)
    refused = subprocess.run([PROGRAM, "launch", "-n", "3", "--", PROGRAM, *words,
                              "--pipeline-parallel-size", "2"], capture_output=True, text=True,
                             check=False)
    assert refused.returncode == 2, refused
    assert "3 ranks do not divide by 2 stages" in refused.stderr, refused
