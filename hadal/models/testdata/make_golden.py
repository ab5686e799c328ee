"""Writes resnet_logits.safetensors: logits of published CIFAR-10 ResNets for the first images of
CIFAR-10's first batch, from the ResNet of He et al. (2016) written anew in plain functions of
torch 2.13.0, in fp64.

Usage: make_golden.py FOLDER, the folder of the real data sets.
"""
import gzip
import json
import pathlib
import struct
import sys

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
IMAGES = 8


def read_safetensors(path):
    """The fp32 tensors of a file, in fp64."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    tensors = {}
    for name, info in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        assert info["dtype"] == "F32", name
        begin, end = (8 + length + offset for offset in info["data_offsets"])
        values = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
        tensors[name] = values.reshape(info["shape"]).double()
    return tensors


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        values = struct.pack(f"<{tensor.numel()}d", *tensor.flatten().tolist())
        header[name] = {"dtype": "F64", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_images(path):
    """The first images, normalized."""
    data = gzip.open(path).read(IMAGES * 3073)
    records = torch.frombuffer(bytearray(data), dtype=torch.uint8).reshape(IMAGES, 3073)
    images = records[:, 1:].reshape(IMAGES, 3, 32, 32).double() / 255
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64)
    deviation = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64)
    return (images - mean[:, None, None]) / deviation[:, None, None]


def resnet(weights, x):
    def unit(x, prefix, index, stride=1):
        x = F.conv2d(x, weights[f"{prefix}conv{index}.weight"], stride=stride, padding=1)
        norm = [weights[f"{prefix}bn{index}.{part}"][:, None, None]
                for part in ("running_mean", "running_var", "weight", "bias")]
        return (x - norm[0]) / torch.sqrt(norm[1] + 1e-5) * norm[2] + norm[3]

    x = unit(x, "", 1).relu()
    for stage in (1, 2, 3):
        block = 0
        while f"layer{stage}.{block}.conv1.weight" in weights:
            prefix = f"layer{stage}.{block}."
            shrinks = stage > 1 and block == 0
            y = unit(unit(x, prefix, 1, 2 if shrinks else 1).relu(), prefix, 2)
            if shrinks:
                zeros = torch.zeros_like(x[:, : x.shape[1] // 2, ::2, ::2])
                x = torch.cat([zeros, x[:, :, ::2, ::2], zeros], dim=1)
            x = (x + y).relu()
            block += 1
    return x.mean(dim=(2, 3)) @ weights["linear.weight"].T + weights["linear.bias"]


def main():
    folder = pathlib.Path(sys.argv[1]) / "cv"
    images = read_images(folder / "cifar10-4k" / "data_batch_1-first-4000.bin.gz")
    logits = {f"resnet{depth}": resnet(
        read_safetensors(folder / f"resnet{depth}-cifar10.safetensors"), images)
        for depth in (20, 56)}
    write_safetensors(HERE / "resnet_logits.safetensors", logits)


main()
