"""Writes optimizers.safetensors beside it: what torch.optim makes of the same weights and gradients.
Made with torch 2.13.0 and safetensors 0.8.0.

    <rule>.<parameter>   the parameter after the last step
    gradient.<parameter> [steps, ...]; the second parameter has none in each fifth step
    start.<parameter>
"""
import pathlib

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).resolve().parent
STEPS = 50
SHAPES = {"matrix": (7, 43), "vector": (5,)}

RULES = {
    "sgd": lambda groups: torch.optim.SGD(groups),
    "sgd_momentum": lambda groups: torch.optim.SGD(groups, momentum=0.9, dampening=0.1),
    "sgd_nesterov": lambda groups: torch.optim.SGD(groups, momentum=0.9, nesterov=True),
    "adam": lambda groups: torch.optim.Adam(groups),
    "adamw": lambda groups: torch.optim.AdamW(groups, betas=(0.8, 0.98), eps=1e-6),
}


def train(make, start, gradients):
    """The learning rate falls from 0.01, for the vector from half that, which decays not."""
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    optimizer = make([
        {"params": [parameters["matrix"]], "lr": 0.01, "weight_decay": 0.1},
        {"params": [parameters["vector"]], "lr": 0.005, "weight_decay": 0.0},
    ])
    for step in range(STEPS):
        for name, parameter in parameters.items():
            absent = name == "vector" and step % 5 == 4
            parameter.grad = None if absent else gradients[name][step].clone()
        optimizer.param_groups[0]["lr"] = 0.01 * (1 - step / STEPS)
        optimizer.param_groups[1]["lr"] = 0.005 * (1 - step / STEPS)
        optimizer.step()
    return {name: parameter.detach() for name, parameter in parameters.items()}


if __name__ == "__main__":
    torch.manual_seed(1)
    start = {name: torch.randn(shape) for name, shape in SHAPES.items()}
    gradients = {name: torch.randn(STEPS, *shape) * 10 ** torch.randn(STEPS, *shape)
                 for name, shape in SHAPES.items()}
    tensors = {f"start.{name}": value for name, value in start.items()}
    tensors |= {f"gradient.{name}": value for name, value in gradients.items()}
    for rule, make in RULES.items():
        final = train(make, start, gradients)
        tensors |= {f"{rule}.{name}": value for name, value in final.items()}
    save_file(tensors, HERE / "optimizers.safetensors")
