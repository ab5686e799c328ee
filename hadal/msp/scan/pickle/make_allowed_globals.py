"""Prints allowed_globals.txt: what pickles of PyTorch's own checkpoints import.

    pip install torch torchvision numpy
    python make_allowed_globals.py > allowed_globals.txt

Look at each difference before you commit it: whatever stands there is imported, and called, without a finding.
"""

import importlib
import inspect
import io
import pickletools
import pkgutil
import sys
import zipfile

import torch
import torch.jit._pickle
import torch._weights_only_unpickler as weights_only
import torchvision

# What checkpoints hold besides, and what pickle itself needs for objects of protocols 0 and 1. All only make values.
PLAIN = """
_codecs encode
argparse Namespace
builtins bool
builtins bytearray
builtins bytes
builtins complex
builtins dict
builtins float
builtins frozenset
builtins int
builtins list
builtins object
builtins range
builtins set
builtins slice
builtins str
builtins tuple
collections Counter
collections OrderedDict
collections defaultdict
collections deque
copyreg _reconstructor
datetime date
datetime datetime
datetime timedelta
datetime timezone
decimal Decimal
fractions Fraction
functools partial
numpy dtype
numpy ndarray
numpy.core.multiarray _reconstruct
numpy.core.multiarray scalar
numpy.core.numeric _frombuffer
numpy._core.multiarray _reconstruct
numpy._core.multiarray scalar
numpy._core.numeric _frombuffer
pathlib PosixPath
pathlib PurePosixPath
pathlib PureWindowsPath
pathlib WindowsPath
pathlib._local PosixPath
pathlib._local PurePosixPath
torch._C._nn gelu
torch.nn.functional gelu
torch.nn.utils.spectral_norm SpectralNorm
torch.nn.utils.weight_norm WeightNorm
torch.nn.functional relu
torch.storage _load_from_bytes
uuid UUID
""".split("\n")


def module_classes(package):
    """The classes of networks below `package`."""
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        try:
            loaded = importlib.import_module(module.name)
        except Exception:
            continue
        for thing in vars(loaded).values():
            if isinstance(thing, type) and issubclass(thing, torch.nn.Module):
                if thing.__module__.startswith(package.__name__ + "."):
                    yield f"{thing.__module__} {thing.__qualname__}"


def optimizers():
    for thing in list(vars(torch.optim).values()) + list(vars(torch.optim.lr_scheduler).values()):
        if isinstance(thing, type) and thing.__module__.startswith("torch.optim."):
            yield f"{thing.__module__} {thing.__qualname__}"


def imports(data):
    texts = []
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "GLOBAL":
            yield argument
        elif opcode.name == "STACK_GLOBAL":
            yield " ".join(texts[-2:])
        elif isinstance(argument, str):
            texts.append(argument)


def model_imports():
    """What the models of torchvision import."""
    for name in torchvision.models.list_models():
        if "quantized" in name:
            continue
        builder = torchvision.models.get_model_builder(name)
        has_backbone = "weights_backbone" in inspect.signature(builder).parameters
        options = {"weights_backbone": None} if has_backbone else {}
        saved = io.BytesIO()
        try:
            with torch.device("meta"):
                torch.save(builder(weights=None, **options), saved)
        except Exception:  # some compute with their weights
            continue
        with zipfile.ZipFile(saved) as archive:
            yield from imports(archive.read("archive/data.pkl"))


def main():
    allowed = {line for line in PLAIN if line}
    allowed |= {key.rsplit(".", 1)[0] + " " + key.rsplit(".", 1)[1] for key in weights_only._get_allowed_globals()}
    for package in (torch.nn.modules, torchvision.models, torchvision.ops):
        allowed |= set(module_classes(package))
    allowed |= {name for name in optimizers() if "." not in name.split(" ")[1]}
    allowed |= {f"torch.jit._pickle {name}" for name in vars(torch.jit._pickle)
                if name.startswith(("build_", "restore_"))}
    seen = {name.replace("__builtin__", "builtins") for name in model_imports()}
    print("# module and name, made by make_allowed_globals.py")
    print("\n".join(sorted(allowed | seen)))
    return seen - allowed


if __name__ == "__main__":
    print("beyond the lists:", *sorted(main()), sep="\n  ", file=sys.stderr)
