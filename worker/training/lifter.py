"""Trains the lifter: motion capture through virtual cameras, on a CPU.

Owns the network while it learns, its loss, the loop with its checkpoint, and the folding of its
batch norms into the matrices that `mocap_core.lift.network` multiplies.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mocap_core.lift.features import BONES, FEATURES, JOINTS_FROM_BONES
from mocap_core.lift.network import LiftError, Network

from . import kept
from .lifter_cameras import FRAMES, samples
from .lifter_people import Parts
from .recipe import TrainingError
from .stopping import stop_asked

#: What an error of a bone's direction costs, by bone: what drives a rig counts.
_BONE_WEIGHT = {
    "hip_half": 0.6,
    "shoulder_half": 0.8,
    "torso": 1.0,
    "neck": 0.4,
    "ear_half": 0.3,
    "nose": 0.3,
}


class LiftNet(nn.Module):
    """Martinez's network: blocks of two linear layers, each with a batch norm and a ReLU; `inner` wide between them."""

    def __init__(self, width: int = 640, inner: int = 512, blocks: int = 2):
        super().__init__()
        sizes = [(FEATURES, width)] + [(width, inner), (inner, width)] * blocks
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in sizes)
        self.norm = nn.ModuleList(nn.BatchNorm1d(b) for _, b in sizes)
        self.out = nn.Linear(width, 3 * len(BONES))
        self.short = nn.Linear(FEATURES, 3 * len(BONES), bias=False)

    def forward(self, x):
        """(B, FEATURES) → bones (B, 16, 3) m."""

        def layer(i, h):
            return torch.relu(self.norm[i](self.linear[i](h)))

        h = layer(0, x)
        for i in range(1, len(self.linear), 2):
            h = h + layer(i + 1, layer(i, h))
        return (self.out(h) + self.short(x)).reshape(len(x), len(BONES), 3)

    @torch.no_grad()
    def begin_as(self, network: Network, x: torch.Tensor) -> None:
        """Takes over a folded network of these widths; its batch norms stand as inputs x (N, FEATURES) fill them."""

        def fill(linear: nn.Linear, w: np.ndarray, b: np.ndarray) -> None:
            linear.weight.copy_(torch.from_numpy(w))
            linear.bias.copy_(torch.from_numpy(b[:, 0]))

        def layer(i: int, h: torch.Tensor) -> torch.Tensor:
            fill(self.linear[i], *network.layers[i])
            h, norm = self.linear[i](h), self.norm[i]
            norm.running_mean.copy_(h.mean(0))
            norm.running_var.copy_(h.var(0))
            norm.bias.copy_(norm.running_mean)
            norm.weight.copy_((norm.running_var + norm.eps).sqrt())
            return torch.relu(h)

        h = layer(0, x)
        for i in range(1, len(self.linear), 2):
            h = h + layer(i + 1, layer(i, h))
        fill(self.out, *network.layers[-1])
        self.short.weight.copy_(torch.from_numpy(network.short))

    @torch.no_grad()
    def arrays(self, dtype: type = np.float16) -> dict[str, np.ndarray]:
        """The folded weights as `mocap_core.lift.network.Network` reads them.

        In half precision matrices are rounded to nine significant bits, so that a file of them packs into 3 MB.
        """
        out = {}
        for i, (linear, norm) in enumerate(zip(self.linear, self.norm, strict=True)):
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            out[f"w{i}"] = (linear.weight * gain[:, None]).T
            out[f"b{i}"] = (linear.bias - norm.running_mean) * gain + norm.bias
        out[f"w{len(self.linear)}"] = self.out.weight.T
        out[f"b{len(self.linear)}"] = self.out.bias
        out["short"] = self.short.weight.T
        arrays = {name: value.contiguous().float().numpy().astype(dtype) for name, value in out.items()}
        if dtype is np.float16:
            arrays |= {name: rounded(values) for name, values in arrays.items() if values.ndim == 2}
        return arrays


def rounded(values: np.ndarray) -> np.ndarray:
    """Halves (float16) with the last two bits of their fractions zero; the nearest such to `values`."""
    bits = values.view(np.uint16)
    return ((bits + 2) & ~np.uint16(3)).view(np.float16)


#: What an error of a joint's acceleration, in m a frame², costs beside one of a direction in radians.
_TREMBLING = 1.0


def loss_of(
    bones: torch.Tensor, truth: torch.Tensor, view: torch.Tensor, weight: torch.Tensor, joints_from: torch.Tensor
):
    """Chord between directions, distance between joints, and between their accelerations; all linear in large errors.

    bones, truth (B, 3, 16, 3) m of three frames in a row, in viewing cameras; view (B, 3, 3, 3) from those to one.
    """
    length = truth.norm(dim=-1, keepdim=True)
    direction = bones / bones.norm(dim=-1, keepdim=True).clamp_min(1e-3)
    chord = ((direction - truth / length).square().sum(-1) + 1e-4).sqrt()
    off = joints_from @ ((bones - truth) @ view)
    bend = off[:, 0] - 2 * off[:, 1] + off[:, 2]
    return (
        (chord * weight).sum(-1).mean() / weight.sum()
        + 2 * (off.square().sum(-1) + 1e-5).sqrt().mean()
        + _TREMBLING * (bend.square().sum(-1) + 1e-6).sqrt().mean()
    )


class _Batches(Dataset):
    """Number n: x, bones and view of `samples`, the same whoever makes it."""

    def __init__(self, parts: Parts, seed: int, batch: int):
        self.parts, self.seed, self.count = parts, seed, batch // FRAMES

    def __getitem__(self, number: int) -> tuple[torch.Tensor, ...]:
        data = samples(np.random.default_rng([self.seed, number]), self.parts, self.count)
        return tuple(torch.from_numpy(np.ascontiguousarray(values)) for values in (data.x, data.bones, data.view))

    def since(self, number: int, workers: int) -> DataLoader:
        """All from this number on, made ahead by `workers` processes; by this one for 0."""
        return DataLoader(
            self,
            batch_size=None,
            sampler=range(number, 2**40),
            num_workers=workers,
            multiprocessing_context="spawn" if workers else None,
            worker_init_fn=_leave_stopping_to_the_trainer,
        )


def _leave_stopping_to_the_trainer(_number: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@dataclass
class Progress:
    minutes: float
    total: float
    step: int
    loss: float


def train(
    parts: Parts,
    minutes: float,
    checkpoint: Path,
    *,
    seed: int = 0,
    init: Path | None = None,
    workers: int = 0,
    width: int = 640,
    inner: int = 512,
    blocks: int = 2,
    batch: int = 1024,
    rate: float = 2e-3,
    report: Callable[[Progress], None] = lambda progress: None,
) -> LiftNet | None:
    """Train for `minutes` of this process's time, going on from `checkpoint` if it is there.

    The learning rate falls along a half cosine over the minutes; what is returned is the running
    mean of the weights, None where Ctrl-C or SIGTERM ended it before: `checkpoint` goes on then. init: weights
    to begin with, at half the rate. workers: processes that make people beside this one; which they are does not
    depend on it. Raises LiftError and TrainingError; `checkpoint` holds the last good state.
    """
    if not math.isfinite(minutes):
        raise TrainingError(f"minutes={minutes} is no length of time; give how many to train for, such as 240")
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net, mean = (LiftNet(width, inner, blocks) for _ in range(2))
    if init is not None:
        rate /= 2
        _begin_with(net, init, parts, seed)
    mean.load_state_dict(net.state_dict())
    decay = [p for p in net.parameters() if p.ndim > 1]
    other = [p for p in net.parameters() if p.ndim == 1]
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": other, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate)
    step, spent, loss_mean = 0, 0.0, float("nan")

    def save():
        state = {"net": net.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict()}
        kept.write({**state, "step": step, "spent": spent}, checkpoint)

    if checkpoint.is_file():
        with kept.read(checkpoint) as saved:
            net.load_state_dict(saved["net"])
            mean.load_state_dict(saved["mean"])
            optimizer.load_state_dict(saved["optimizer"])
            step, spent = int(saved["step"]), float(saved["spent"])
    else:
        save()  # what cannot be written is known before anything was learnt
    joints_from = torch.from_numpy(JOINTS_FROM_BONES)
    weight = torch.tensor([_BONE_WEIGHT.get(b, 0.1 if "eye" in b else 1.0) for b in BONES])
    total, first = minutes * 60, step
    try:
        with stop_asked() as asked:
            batches = iter(_Batches(parts, seed, batch).since(step, workers))
            last = said = 0.0
            while spent < total and not asked.is_set():
                share = spent / total
                for group in optimizer.param_groups:
                    group["lr"] = float(rate * min(1, (step + 1) / 300) * (0.5 + 0.5 * np.cos(np.pi * share)) + 1e-6)
                x, truth, view = next(batches)
                if step == first:
                    last = said = time.monotonic()  # the processes that make people have begun
                net.train()
                with torch.autocast("cpu", torch.bfloat16):
                    bones = net(x.flatten(0, 1))
                loss = loss_of(bones.float().view_as(truth), truth, view, weight, joints_from)
                optimizer.zero_grad()
                loss.backward()
                norm = float(nn.utils.clip_grad_norm_(net.parameters(), 1.0))
                if not (math.isfinite(loss.item()) and math.isfinite(norm)):
                    raise TrainingError(
                        f"the loss is {loss.item()} and its gradient's length {norm} at step {step}; {checkpoint} "
                        "holds the last good state. Choose another --seed or --init, and another --out."
                    )
                optimizer.step()
                step += 1
                _follow(mean, net, min(0.999, step / (step + 50)))
                loss_mean = loss.item() if loss_mean != loss_mean else 0.98 * loss_mean + 0.02 * loss.item()
                now = time.monotonic()
                spent, last = spent + now - last, now
                if now - said > 20:
                    said = now
                    save()
                    report(Progress(spent / 60, minutes, step, loss_mean))
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        if asked.is_set():  # whoever asked ended that process, too
            return None
        raise TrainingError(f"a process that makes people ended; {checkpoint} goes on from the last save") from error
    if step > first:
        save()
        report(Progress(spent / 60, minutes, step, loss_mean))
    return None if spent < total else mean.eval()


def _begin_with(net: LiftNet, init: Path, parts: Parts, seed: int) -> None:
    try:
        network = Network(init)
        x = samples(np.random.default_rng([seed, 0, 1]), parts, 4096).x[:, 0]
        net.begin_as(network, torch.from_numpy(np.ascontiguousarray(x)))
    except LiftError:
        raise
    except Exception as error:  # a damaged file, or one of other widths, fails in many ways
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise LiftError(f"{init} cannot be begun with ({what}): it is damaged, or of other widths") from error
    if not all(value.isfinite().all() for value in net.state_dict().values()):
        raise LiftError(f"{init} holds weights that are no finite numbers; give others to begin with")


@torch.no_grad()
def _follow(mean: nn.Module, net: nn.Module, keep: float) -> None:
    """Move the running mean a little towards the network; batch statistics too."""
    for a, b in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
        if a.is_floating_point():
            a.lerp_(b, 1 - keep)
        else:
            a.copy_(b)
