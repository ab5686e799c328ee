"""Writes grad_scaler.safetensors beside it: trajectories of torch.amp.GradScaler. Made with torch
2.13.0 and safetensors 0.8.0.

Two optimizers, SGD over `a` and AdamW over `b`, learn from the loss (a * x).sum() + (b * y).sum(),
where x and y have infinities and NaN in some steps. In every third step the gradients of `a` are
unscaled and clipped to the norm 1 first.

    x, y, start.a, start.b       the inputs
    scale, tracker               after each step
    a, b                         after each step

`order` [sequences, 6] holds all sequences of up to five calls (0 none, 1 unscale_, 2 step, 3 update,
4 scale and backward), and in the last column the place of the first that raises, or -1.
"""
import itertools
import pathlib

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
STEPS = 40
SIZE = 6


def trajectory():
    torch.manual_seed(2)
    x, y = torch.randn(STEPS, SIZE), torch.randn(STEPS, SIZE)
    x[3, 1], x[4, 0], x[17, 5] = float("inf"), float("-inf"), float("nan")
    y[4, 2], y[11, 3], y[30, 0] = float("inf"), float("nan"), float("-inf")
    a = torch.nn.Parameter(torch.randn(SIZE))
    b = torch.nn.Parameter(torch.randn(SIZE))
    out = {"x": x, "y": y, "start.a": a.detach().clone(), "start.b": b.detach().clone()}
    sgd = torch.optim.SGD([a], lr=0.1, momentum=0.9)
    adamw = torch.optim.AdamW([b], lr=0.01)
    scaler = torch.amp.GradScaler("cpu", init_scale=1000.0, growth_factor=3.0, backoff_factor=0.3,
                                  growth_interval=4)
    rows = {"scale": [], "tracker": [], "a": [], "b": []}
    for step in range(STEPS):
        sgd.zero_grad()
        adamw.zero_grad()
        scaler.scale((a * x[step]).sum() + (b * y[step]).sum()).backward()
        if step % 3 == 0:
            scaler.unscale_(sgd)
            torch.nn.utils.clip_grad_norm_([a], 1.0)
        scaler.step(sgd)
        scaler.step(adamw)
        if step == 25:
            scaler.update(77.0)
        else:
            scaler.update()
        rows["scale"].append(torch.tensor(scaler.get_scale()))
        rows["tracker"].append(torch.tensor(scaler._get_growth_tracker()))
        rows["a"].append(a.detach().clone())
        rows["b"].append(b.detach().clone())
    return out | {name: torch.stack(values) for name, values in rows.items()}


def first_to_raise(calls):
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    scaler = torch.amp.GradScaler("cpu")
    actions = {
        1: lambda: scaler.unscale_(optimizer),
        2: lambda: scaler.step(optimizer),
        3: lambda: scaler.update(),
        4: lambda: scaler.scale(weight.sum()).backward(),
    }
    for place, call in enumerate(calls):
        try:
            actions[call]()
        except (RuntimeError, AssertionError):
            return place
    return -1


def orders():
    rows = []
    for length in range(1, 6):
        for calls in itertools.product((1, 2, 3, 4), repeat=length):
            rows.append([*calls, *[0] * (5 - length), first_to_raise(calls)])
    return torch.tensor(rows, dtype=torch.int8)


if __name__ == "__main__":
    save_file(trajectory() | {"order": orders()}, HERE / "grad_scaler.safetensors")
