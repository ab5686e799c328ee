"""Writes the golden files beside it with the Python package, for the C++ tests to read and to write
byte for byte. Made with safetensors 0.8.0, huggingface_hub 2.4.0 and torch 2.13.0.

The C++ side builds the same tensors by itself: see ../golden.h.
"""
import pathlib
import shutil
import struct

import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import save

HERE = pathlib.Path(__file__).resolve().parent

PLAIN = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16,
    "U16": torch.uint16, "I32": torch.int32, "U32": torch.uint32, "I64": torch.int64,
    "U64": torch.uint64, "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32,
    "F64": torch.float64, "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz, "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
}


def all_dtypes():
    """Each dtype under its own name, with values that it holds exactly."""
    values = torch.tensor([[0, 1, 2], [3, 4, 6]], dtype=torch.float64)
    tensors = {name: values.to(dtype) for name, dtype in PLAIN.items()}
    tensors["C64"] = torch.complex(values, -values).to(torch.complex64)
    powers = torch.tensor([[1.0, 2, 4], [8, 16, 32]])
    tensors["F8_E8M0"] = powers.to(torch.float8_e8m0fnu)
    pairs = torch.tensor([[0x20, 0x54], [0x76, 0xF9]], dtype=torch.uint8)
    tensors["F4"] = pairs.view(torch.float4_e2m1fn_x2)
    return tensors


def specials():
    """Bit patterns that a conversion on the way would change."""
    words = torch.tensor([0x7FC00001, 0x7F800001, 0x7F800000, -0x80000000, 1], dtype=torch.int32)
    halves = torch.tensor([0x7FC1, 0x7F81, -0x8000, 1], dtype=torch.int16)
    bytes_ = torch.arange(256, dtype=torch.int16).to(torch.uint8)
    return {
        "f32": words.view(torch.float32), "bf16": halves.view(torch.bfloat16),
        "f16": halves.clone().view(torch.float16), "f8": bytes_.view(torch.float8_e4m3fn),
    }


def edges():
    """Rank 0, no elements, and names that JSON has to escape."""
    return {
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0),
        "empty.rank3": torch.zeros(2, 0, 3, dtype=torch.int64),
        "": torch.tensor([7], dtype=torch.uint8),
        "層.0/é😀": torch.tensor([1, 2, 3], dtype=torch.uint8),
        "quote\" backslash\\ \b\f\n\r\t\x01\x1f\x7f\u2028": torch.tensor([-1, 1], dtype=torch.int16),
    }


EDGE_METADATA = {"format": "pt", "note": "quote\" nul\0 é😀", "": "empty key"}


def save_sorted(tensors, metadata):
    """The package writes metadata in the random order of a hash map: repeat until it is sorted."""
    while True:
        data = save(tensors, metadata=metadata)
        header = data[8:8 + struct.unpack("<Q", data[:8])[0]].decode()
        places = [header.index(f'"{key}":"') for key in sorted(metadata)]
        if places == sorted(places):
            return data


def sharded():
    """By huggingface_hub: a tensor above the limit gets the first shard, [a b d] and [e] follow."""
    folder = HERE / "sharded"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tensors = {
        "a.weight": torch.arange(16, dtype=torch.float32).reshape(4, 4),
        "b.bias": torch.arange(4, dtype=torch.float32),
        "c.big": torch.arange(64, dtype=torch.float32).reshape(8, 8),
        "d.é😀\x7f": torch.arange(4, dtype=torch.int32),
        "e": torch.arange(8, dtype=torch.int64),
    }
    save_torch_state_dict(tensors, folder, max_shard_size=100)
    for file in folder.iterdir():
        file.chmod(0o644)


if __name__ == "__main__":
    (HERE / "all_dtypes.safetensors").write_bytes(save(all_dtypes()))
    (HERE / "specials.safetensors").write_bytes(save(specials()))
    (HERE / "edges.safetensors").write_bytes(save_sorted(edges(), EDGE_METADATA))
    (HERE / "no_tensors.safetensors").write_bytes(save({}))
    sharded()
