"""Files that a scan must not alarm on, as PyTorch, NumPy, pickle and safetensors write them."""

import argparse
import collections
import datetime
import pathlib
import pickle

import numpy
import torch
from safetensors.torch import save_file


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU())
        self.head = torch.nn.Linear(4, 2)

    def forward(self, x):
        if x.sum() > 0:
            x = x * 2
        return self.head(self.body(x).mean((2, 3)))


def networks():
    nn = torch.nn
    yield "sequential", nn.Sequential(collections.OrderedDict(a=nn.Linear(3, 4), b=nn.GELU(), c=nn.LayerNorm(4)))
    yield "transformer", nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, enable_nested_tensor=False)
    yield "recurrent", nn.LSTM(4, 4, 2)
    yield "normed", nn.utils.weight_norm(nn.Linear(3, 3))
    yield "embedding", nn.ModuleDict({"e": nn.Embedding(10, 4), "l": nn.ModuleList([nn.Conv1d(4, 4, 1)])})


def tensors():
    torch.manual_seed(0)
    yield from {"float": torch.randn(64, 64), "half": torch.randn(8).half(), "bfloat": torch.randn(8).bfloat16(),
                "int": torch.arange(8), "bool": torch.tensor([True, False]), "complex": torch.randn(4).to(torch.cfloat),
                "scalar": torch.tensor(1.5), "empty": torch.empty(0), "transposed": torch.randn(3, 4).t(),
                "sparse": torch.eye(4).to_sparse(), "parameter": torch.nn.Parameter(torch.randn(3)),
                "float8": torch.randn(8).to(torch.float8_e4m3fn), "meta": torch.empty(3, device="meta")}.items()


def write_torch(folder):
    net = Net().eval()
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.randn(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    state = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "when": datetime.datetime.now(),
             "args": argparse.Namespace(lr=1e-3, path=pathlib.Path("x")), "numpy": numpy.float64(1.5),
             "counts": collections.Counter("abc"), "default": collections.defaultdict(list, a=[1])}
    torch.save(net.state_dict(), folder / "state.pt")
    torch.save(state, folder / "checkpoint.ckpt")
    torch.save(state, folder / "checkpoint-4.bin", pickle_protocol=4)
    torch.save(state, folder / "before-1.6.pth", _use_new_zipfile_serialization=False)
    torch.save(dict(tensors()), folder / "tensors.pt")
    for name, network in networks():
        torch.save(network, folder / f"{name}.pt")
        torch.save(network, folder / f"{name}-before-1.6.pt", _use_new_zipfile_serialization=False)
    torch.jit.script(net).save(folder / "scripted.pt")
    torch.jit.trace(net, torch.randn(1, 3, 8, 8), check_trace=False).save(folder / "traced.pt")


def write_pickles(folder):
    weights = {"w": torch.randn(3, 3), "n": numpy.arange(5.0), "nested": [{"a": (1, "x", None, b"y", True)}] * 3}
    for protocol in range(6):
        (folder / f"plain-{protocol}.pkl").write_bytes(pickle.dumps({**weights, "w": [1.0, 2.0]}, protocol))
        if protocol >= 2:
            (folder / f"tensor-{protocol}.pkl").write_bytes(pickle.dumps(weights, protocol))
    numpy.save(folder / "array.npy", numpy.random.randn(8, 8))
    numpy.savez(folder / "arrays.npz", a=numpy.arange(3), b=numpy.zeros((2, 2)))
    numpy.savez_compressed(folder / "packed.npz", a=numpy.zeros(100_000))


def write_safetensors(folder):
    save_file({name: t.contiguous() for name, t in tensors() if name not in ("sparse", "meta", "parameter")},
              folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"], "hidden_size": 64}')
    (folder / "tokenizer_config.json").write_text(
        '{"chat_template": "{% for m in messages %}{{ m[\'content\'] | trim }}{% endfor %}"}')
    (folder / "README.md").write_text("# A model\n\nimport os is not run.\n")


SETS = {"torch": write_torch, "pickles": write_pickles, "safetensors": write_safetensors}
