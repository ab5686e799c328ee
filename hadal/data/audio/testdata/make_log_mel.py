"""Writes log_mel.safetensors beside it with torchaudio's own MelSpectrogram, run in double precision
on the same single-precision samples. Made with torchaudio 2.11.0 and torch 2.13.0.

torchaudio's Python code suffices: where its compiled part does not fit the installed torch, it is
left out, as neither MelSpectrogram nor what it calls needs it.
"""
import pathlib
import sys
import types

import torch
from safetensors.torch import save_file

try:
    import torchaudio
except (ImportError, OSError):
    for name in [n for n in sys.modules if n.startswith("torchaudio")]:
        del sys.modules[name]
    stub = types.ModuleType("torchaudio._extension")
    stub.fail_if_no_align = lambda function: function
    stub._IS_TORCHAUDIO_EXT_AVAILABLE = stub._IS_ALIGN_AVAILABLE = False
    sys.modules["torchaudio._extension"] = stub
    import torchaudio

HERE = pathlib.Path(__file__).resolve().parent

# name: sample rate, fft, window, hop, mels, low, high, log offset; also in ../log_mel_test.cpp
OPTIONS = {
    "default": (8000, 256, 200, 80, 40, 0.0, 4000.0, 1e-6),
    "wide": (16000, 400, 400, 160, 80, 20.0, 7600.0, 1e-6),
    "odd_window": (8000, 128, 101, 53, 23, 60.0, 3700.0, 1e-3),
    "empty_bands": (11025, 64, 64, 64, 48, 0.0, 5512.5, 1e-5),
}


def signals():
    generator = torch.Generator().manual_seed(1)
    time = torch.arange(701) / 8000
    chirp = 0.5 * torch.sin(2 * torch.pi * (200 + 2000 * time) * time)
    impulse = torch.zeros(401)
    impulse[100] = 1
    return {
        "noise": 2 * torch.rand(333, generator=generator) - 1,
        "speech_like": chirp + 0.01 * torch.randn(701, generator=generator),
        "silence": torch.zeros(258),
        "impulse": impulse,
        "square": 1 - 2.0 * (torch.arange(300) % 2),
    }


def log_mel(samples, rate, fft, window, hop, mels, low, high, offset):
    transform = torchaudio.transforms.MelSpectrogram(
        sample_rate=rate, n_fft=fft, win_length=window, hop_length=hop, n_mels=mels, f_min=low,
        f_max=high)
    single = torch.log(transform(samples) + offset)
    double = torch.log(transform.double()(samples.double()) + offset)
    print(f"    torchaudio in single precision: {(single - double).abs().max():.1e} off")
    return double.float()


if __name__ == "__main__":
    tensors = {}
    for signal, samples in signals().items():
        tensors[f"samples.{signal}"] = samples
        for name, options in OPTIONS.items():
            print(signal, name)
            tensors[f"{name}.{signal}"] = log_mel(samples, *options).contiguous()
    save_file(tensors, HERE / "log_mel.safetensors")
    (HERE / "log_mel.safetensors").chmod(0o644)
