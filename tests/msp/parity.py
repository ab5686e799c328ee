"""Attacks a published ResNet-20 in Hadal and in torchattacks, and prints what is left robust and how long it took.

    cmake --build build/release --target attack_probe
    pip install torchattacks torchvision
    python tests/msp/parity.py build/release/tests/msp/attack_probe [--images 50] [--attacks fgsm,pgd] [--time]

Robust accuracy must agree within half a point (--images 50: in every image). Attacks without a random start make
the same points, but where rounding turns the sign of a gradient (5 % of pixels at most). --time alternates both
sides and prints the ratios of medians of PGD-20, by the clock and by the processor's time, which says
more where others use the machine; OMP_NUM_THREADS holds for both sides.
Reads the images and weights from the folder named by HADAL_DATA (default ../shared/data).
"""

import argparse
import gzip
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchattacks
from safetensors.torch import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("HADAL_DATA") or ROOT / "../shared/data") / "cv"
WEIGHTS = DATA / "resnet20-cifar10.safetensors"
PIXEL = 1 / 255


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.changes = inputs != outputs
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 2 if self.changes else 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.changes:
            pad = (y.shape[1] - x.shape[1]) // 2
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, pad, pad))
        return F.relu(y + x)


class ResNet20(nn.Module):
    """He et al. (2016), section 4.2, with the names of the published weights; takes images in [0, 1]."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        widths = (16, 16, 32, 64)
        for stage in (1, 2, 3):
            setattr(self, f"layer{stage}", nn.Sequential(
                Block(widths[stage - 1], widths[stage]), *(Block(widths[stage], widths[stage]) for _ in range(2))))
        self.linear = nn.Linear(64, 10)
        self.register_buffer("mean", torch.tensor((.485, .456, .406)).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor((.229, .224, .225)).view(1, 3, 1, 1), persistent=False)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1((x - self.mean) / self.deviation)))
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def read_images(count):
    with gzip.open(DATA / "cifar10-4k/data_batch_1-first-4000.bin.gz") as file:
        records = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).view(-1, 3073)[:count]
    return records[:, 1:].reshape(-1, 3, 32, 32).float() / 255, records[:, 0].long()


# name: (Hadal's attack, norm, epsilon, steps, step size), torchattacks' class and arguments, whether it starts at the
# clean image and so has to give the same points.
def cases(eps):
    return {
        "fgsm": (("fgsm", "linf", eps, 1, eps), torchattacks.FGSM, dict(eps=eps), True),
        "bim": (("bim", "linf", eps, 10, eps / 4), torchattacks.BIM, dict(eps=eps, alpha=eps / 4, steps=10), True),
        "mi-fgsm": (("mi-fgsm", "linf", eps, 10, eps / 4), torchattacks.MIFGSM,
                    dict(eps=eps, alpha=eps / 4, steps=10, decay=1.0), True),
        "pgd-clean": (("pgd-clean", "linf", eps, 20, eps / 4), torchattacks.PGD,
                      dict(eps=eps, alpha=eps / 4, steps=20, random_start=False), True),
        "pgd": (("pgd", "linf", eps, 20, eps / 4), torchattacks.PGD, dict(eps=eps, alpha=eps / 4, steps=20), False),
        "pgd-l2": (("pgd", "l2", 40 * eps, 20, 10 * eps), torchattacks.PGDL2,
                   dict(eps=40 * eps, alpha=10 * eps, steps=20), False),
        "apgd-ce": (("apgd-ce", "linf", eps, 100, 0), torchattacks.APGD, dict(eps=eps, steps=100, loss="ce"), False),
        "apgd-dlr": (("apgd-dlr", "linf", eps, 100, 0), torchattacks.APGD,
                     dict(eps=eps, steps=100, loss="dlr"), False),
        "apgd-t": (("apgd-t", "linf", eps, 20, 0), torchattacks.APGDT, dict(eps=eps, steps=20, n_classes=10), False),
        "fab-t": (("fab-t", "linf", eps, 20, 0), torchattacks.FAB,
                  dict(eps=eps, steps=20, n_classes=10, multi_targeted=True), False),
        "square": (("square", "linf", 4 * eps, 500, 0), torchattacks.Square, dict(eps=4 * eps, n_queries=500), False),
        "deepfool": (("deepfool", "l2", "inf", 50, 0), torchattacks.DeepFool, dict(steps=50), False),
        "carlini-wagner": (("carlini-wagner", "l2", "inf", 50, 0.01), torchattacks.CW,
                           dict(c=1, kappa=0, steps=50, lr=0.01), False),
    }


# Each side gives its seconds by the clock and of the processor, and its points.
def in_hadal(probe, settings, folder, stop=True, seed=0):
    arguments = [probe, WEIGHTS, folder / "inputs.safetensors", folder / "outputs.safetensors",
                 *settings, int(stop), seed]
    done = subprocess.run([str(a) for a in arguments], check=True, capture_output=True, text=True)
    return tuple(map(float, done.stdout.split())), load_file(folder / "outputs.safetensors")


def in_torchattacks(model, kind, options, images, labels):
    attack = kind(model, **options)
    start = time.perf_counter(), time.process_time()
    points = attack(images, labels).detach()
    return (time.perf_counter() - start[0], time.process_time() - start[1]), points


def compare(name, case, probe, model, images, labels, folder):
    """Prints a row, and returns whether both sides agree."""
    settings, kind, options, same_points = case
    # Those attacks that torchattacks does not stop early are compared at their last points.
    stop = name not in ("bim", "mi-fgsm", "pgd-clean", "pgd", "pgd-l2")
    ours_s, ours = in_hadal(probe, settings, folder, stop)
    peer_s, peer = in_torchattacks(model, kind, options, images, labels)
    with torch.no_grad():
        robust = [(model(points).argmax(1) == labels) & (model(images).argmax(1) == labels)
                  for points in (ours["points"], peer)]
    percent = [100 * r.float().mean().item() for r in robust]
    distance = [(points - images).flatten(1).norm(dim=1).mean().item() for points in (ours["points"], peer)]
    right = model(images).argmax(1) == labels
    equal = ((ours["points"] - peer).abs() < 1e-5)[right].float().mean().item()
    agrees = abs(percent[0] - percent[1]) <= 0.5 and (not same_points or equal > 0.95)
    print(f"| {name} | {percent[0]:.1f} | {percent[1]:.1f} | {distance[0]:.4f} | {distance[1]:.4f} | "
          f"{100 * equal:.2f} | {ours_s[0]:.2f} | {peer_s[0]:.2f} | {'yes' if agrees else 'NO'} |", flush=True)
    return agrees


def time_pgd(probe, model, images, labels, folder, rounds):
    """PGD-20 at 8/255 on both sides, in turn: with all steps for all images, and with early stopping."""
    eps = 8 * PIXEL
    settings = ("pgd", "linf", eps, 20, eps / 4)
    options = dict(eps=eps, alpha=eps / 4, steps=20)
    in_torchattacks(model, torchattacks.FGSM, dict(eps=eps), images, labels)
    seconds = {"torchattacks": [], "all steps": [], "early stopping": []}
    for _ in range(rounds):
        seconds["torchattacks"].append(in_torchattacks(model, torchattacks.PGD, options, images, labels)[0])
        seconds["all steps"].append(in_hadal(probe, settings, folder, stop=False)[0])
        seconds["early stopping"].append(in_hadal(probe, settings, folder)[0])
    for kind, place in (("clock", 0), ("processor", 1)):
        median = {name: statistics.median(v[place] for v in values) for name, values in seconds.items()}
        for name, values in seconds.items():
            each = [v[place] for v in values]
            print(f"{kind}, {name}: {median[name]:.3f} s (from {min(each):.3f} to {max(each):.3f}), "
                  f"{median['torchattacks'] / median[name]:.2f}x")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("probe")
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--epsilon", type=float, default=PIXEL / 2, help="of linf attacks; small, so that some survive")
    parser.add_argument("--attacks", help="some of them, with commas")
    parser.add_argument("--time", action="store_true", help="times PGD-20 instead")
    parser.add_argument("--rounds", type=int, default=5, help="of --time")
    arguments = parser.parse_args()
    model = ResNet20()
    model.load_state_dict(load_file(WEIGHTS), strict=False)
    model.eval()
    images, labels = read_images(arguments.images)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        save_file({"images": images, "labels": labels}, folder / "inputs.safetensors")
        if arguments.time:
            time_pgd(arguments.probe, model, images, labels, folder, arguments.rounds)
            return 0
        print("| attack | robust % | torchattacks | mean L2 | torchattacks | equal points % | s | torchattacks | "
              "agrees |\n|---|---|---|---|---|---|---|---|---|")
        chosen = cases(arguments.epsilon)
        if arguments.attacks:
            chosen = {name: chosen[name] for name in arguments.attacks.split(",")}
        agree = [compare(name, case, arguments.probe, model, images, labels, folder)
                 for name, case in chosen.items()]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
