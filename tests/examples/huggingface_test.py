"""Runs the example with Hugging Face's Llama: huggingface_test.py LIB_FOLDER TORCH_VERSION random|real."""

import importlib.metadata
import math
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def require(package, version=None):
    try:
        found = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        skip(f"the Python package {package} is absent from {sys.executable}")
    if version and found.split("+")[0] != version:
        skip(f"Hadal was built with {package} {version}, and {sys.executable} has {found}")


def model_folder(model):
    """The arguments that name the model."""
    if model == "random":
        return []
    data = os.environ.get("HADAL_DATA") or str(ROOT / "../shared/data")
    folder = pathlib.Path(data) / "llm/stories260K-hf"
    if not folder.is_dir():
        skip(f"{folder} is absent; set HADAL_DATA to the data folder")
    return [folder]


def value(output, pattern):
    match = re.search(pattern, output)
    return match[1] if match else sys.exit(f"the output has no {pattern!r}")


def main():
    library, torch_version, model = sys.argv[1:]
    require("torch", torch_version)
    require("transformers")
    environment = {**os.environ, "PYTHONPATH": os.path.join(library, "python"), "HADAL_OPS": "",
                   "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-B", ROOT / "examples/huggingface/llama.py", *model_folder(model)],
                          env=environment, stdout=subprocess.PIPE, text=True, timeout=280)
    print(done.stdout)
    if done.returncode != 0:
        sys.exit(f"the example ended with {done.returncode}")
    for what in ("one text", "batch, left padding"):
        assert float(value(done.stdout, what + r" +(\S+)")) < 1e-3, what
    assert value(done.stdout, r"tokens generated +(.*)") == "the same"
    kept = float(value(done.stdout, r"(\d+)% of the pairs kept")) / 100
    assert 0.3 <= kept < 0.5, kept
    sparse, dense = (float(value(done.stdout, pattern)) for pattern in (r"perplexity +([\d.]+)", r"dense ([\d.]+)"))
    assert math.isfinite(dense) and sparse != dense and abs(sparse / dense - 1) < 0.25, (sparse, dense)


if __name__ == "__main__":
    main()
