"""The Slurm file starts the program as it should, by a stand-in for srun; the Kubernetes file is consistent."""

import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("PyYAML is absent")
    sys.exit(77)

folder, program = pathlib.Path(sys.argv[1]), sys.argv[2]


def options_of_serve():
    return subprocess.run([program, "serve", "--help"], capture_output=True, text=True, check=True).stdout


def check_command(words):
    """Each option is one that the program has."""
    known = options_of_serve()
    for word in words:
        if word.startswith("--"):
            assert word in known, f"hadal serve has no {word}"


def sbatch():
    with tempfile.TemporaryDirectory() as stand_ins:
        srun = pathlib.Path(stand_ins) / "srun"
        srun.write_text('#!/bin/sh\necho "$HADAL_RENDEZVOUS_SECRET"\nprintf "%s\\n" "$@"\n')
        srun.chmod(0o755)
        environment = dict(os.environ, PATH=f"{stand_ins}:{os.environ['PATH']}", MODEL="/a model",
                           API_KEYS="/keys", SLURM_JOB_NUM_NODES="3")
        run = ["bash", str(folder / "hadal.sbatch")]
        secret, *words = subprocess.run(run, env=environment, capture_output=True, text=True,
                                        check=True).stdout.splitlines()
        assert len(secret) == 64, secret
        words = words[words.index("hadal"):]
        assert words[:3] == ["hadal", "serve", "/a model"], words
        assert words[-2:] == ["--pipeline-parallel-size", "3"], words
        check_command(words)
        del environment["MODEL"]
        failed = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
        assert failed.returncode != 0 and "set MODEL" in failed.stderr, failed


def kubernetes():
    documents = list(yaml.safe_load_all((folder / "kubernetes.yaml").read_text()))
    ranks, serving, group = documents
    spec = group["spec"]
    pod = spec["template"]
    container = pod["spec"]["containers"][0]
    environment = {item["name"]: item for item in container["env"]}
    labels = pod["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    assert ranks["spec"]["selector"].items() <= labels.items()
    assert spec["serviceName"] == ranks["metadata"]["name"]
    assert environment["WORLD_SIZE"]["value"] == str(spec["replicas"])
    host = f"{group['metadata']['name']}-0.{ranks['metadata']['name']}"
    assert environment["MASTER_ADDR"]["value"] == host
    assert environment["MASTER_PORT"]["value"] == str(ranks["spec"]["ports"][0]["port"])
    assert serving["spec"]["selector"]["apps.kubernetes.io/pod-index"] == "0"
    command = container["command"]
    assert spec["replicas"] % int(command[command.index("--pipeline-parallel-size") + 1]) == 0
    check_command(command)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        script = container[probe]["exec"]["command"][-1]
        for rank, expected in (("1", 0), ("0", 1)):  # nothing listens here
            done = subprocess.run(["bash", "-c", script.replace("8000", "1")], capture_output=True,
                                  env=dict(os.environ, RANK=rank), check=False)
            assert done.returncode == expected, (probe, rank, done)


sbatch()
kubernetes()
