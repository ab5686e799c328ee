"""Hadal's operators in PyTorch: importing this loads the library that defines torch.ops.hadal.

    import hadal
    output, log_sum_exp = hadal.ops.sparse_attention(query, key, value, keep=0.3)

The library is the file that the environment variable HADAL_OPS names, or the libhadal_ops.so that was
installed with this package, or the newest that was built in the source tree around it.
"""

import os
import pathlib

import torch

_NAME = "libhadal_ops.so"


def find_library():
    """The path of the operator library. Raises FileNotFoundError, telling where it was looked for."""
    if named := os.environ.get("HADAL_OPS"):
        if not os.path.isfile(named):
            raise FileNotFoundError(f"HADAL_OPS names {named}, which is no file")
        return named
    package = pathlib.Path(__file__).resolve().parent
    installed = package.parents[1] / _NAME
    built = package.parents[1].glob(f"build/*/lib/{_NAME}")
    found = [installed] if installed.is_file() else sorted(built, key=lambda path: path.stat().st_mtime)
    if not found:
        raise FileNotFoundError(
            f"{_NAME} is neither at {installed} nor built below {package.parents[1]}/build: "
            "set HADAL_OPS to its path")
    return str(found[-1])


torch.ops.load_library(find_library())
ops = torch.ops.hadal
