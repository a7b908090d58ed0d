"""Trains the lifter: motion capture through virtual cameras, on one CPU thread.

Owns the network while it learns, its loss, the loop with its checkpoint, and the folding of its
batch norms into the matrices that `mocap_core.lift.network` multiplies.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mocap_core.lift.features import BONES, JOINTS_FROM_BONES, MOMENTS, OF_JOINT, SIGNS
from mocap_core.lift.network import AVERAGES, INPUTS, packed

from .lifter_cameras import samples
from .lifter_people import Parts

WIDTH = 448

#: What an error of a bone's direction costs, by bone: what drives a rig counts.
_BONE_WEIGHT = {
    "hip_half": 0.6,
    "shoulder_half": 0.8,
    "torso": 1.0,
    "neck": 0.4,
    "ear_half": 0.3,
    "nose": 0.3,
}

#: What a metre per frame² of acceleration error costs.
_TREMBLING = 4.0
_IN_PLANE = 2.0


class LifterTrainingError(Exception):
    """The training cannot go on; the text says why and what is kept."""


class Averages(nn.Module):
    """The network's first part, `Network.averaged`: weights of each joint's moments, chosen by how it moves."""

    def __init__(self, hidden: int = 24):
        super().__init__()
        self.sign, self.choice = nn.Linear(SIGNS, hidden), nn.Linear(hidden, AVERAGES * MOMENTS)
        start = torch.zeros(AVERAGES, MOMENTS)
        start[0, :3] = torch.tensor([0.5, 0.3, 0.2])
        for row, lag in enumerate((2, 4, MOMENTS - 1), start=1):
            start[row, 0], start[row, lag] = 0.5, -0.5
        with torch.no_grad():
            self.choice.weight.mul_(0.1)
            self.choice.bias.copy_(start.flatten())
        self.register_buffer("sums", torch.eye(1, AVERAGES)[0])

    def forward(self, x):
        """(N, FEATURES) → (N, INPUTS)."""
        place, confidence, signs = x[:, :-3].reshape(len(x), 17, OF_JOINT).split((2 * MOMENTS, MOMENTS, SIGNS), -1)
        weights = self.choice(torch.relu(self.sign(signs))).view(len(x), 17, AVERAGES, MOMENTS)
        seen = (confidence > 0).float()[:, :, None]
        weights = weights * seen
        weights = weights + seen * ((self.sums - weights.sum(-1)) / seen.sum(-1).clamp_min(1))[..., None]
        place = (weights @ place.reshape(len(x), 17, 2, MOMENTS).transpose(-1, -2)).flatten(2)
        trust = torch.stack([confidence[..., 0], confidence.mean(-1), signs[..., 0]], -1)
        return torch.cat([torch.cat([place, trust], -1).flatten(1), x[:, -3:]], -1)


class LiftNet(nn.Module):
    """`Averages`, then Martinez's network: blocks of two linear layers, each with a batch norm and a ReLU."""

    def __init__(self, width: int = WIDTH, blocks: int = 2):
        super().__init__()
        self.averages = Averages()
        sizes = [(INPUTS, width)] + [(width, width)] * (2 * blocks)
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in sizes)
        self.norm = nn.ModuleList(nn.BatchNorm1d(b) for _, b in sizes)
        self.out = nn.Linear(width, 3 * len(BONES))
        self.short = nn.Linear(INPUTS, 3 * len(BONES), bias=False)

    def forward(self, x):
        """(N, FEATURES) → bones (N, 16, 3) m."""

        def layer(i, h):
            return torch.relu(self.norm[i](self.linear[i](h)))

        x = self.averages(x)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            h = layer(0, x)
            for i in range(1, len(self.linear), 2):
                h = h + layer(i + 1, layer(i, h))
            bones = self.out(h) + self.short(x)
        return bones.float().reshape(len(x), len(BONES), 3)

    @torch.no_grad()
    def arrays(self) -> dict[str, np.ndarray]:
        """The folded weights, packed as `mocap_core.lift.network.Network` reads them."""
        out = {}
        for i, (linear, norm) in enumerate(zip(self.linear, self.norm, strict=True)):
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            out[f"w{i}"] = (linear.weight * gain[:, None]).T
            out[f"b{i}"] = (linear.bias - norm.running_mean) * gain + norm.bias
        out[f"w{len(self.linear)}"] = self.out.weight.T
        out[f"b{len(self.linear)}"] = self.out.bias
        out["short"] = self.short.weight.T
        for i, linear in enumerate((self.averages.sign, self.averages.choice)):
            out[f"choice{i}"], out[f"offset{i}"] = linear.weight.T, linear.bias
        return {name: packed(value.numpy()) for name, value in out.items()}


def loss_of(bones: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor, joints_from: torch.Tensor):
    """Errors of directions, places and accelerations, each linear in large errors.

    bones, truth: (B, K, 16, 3) m of K frames in a row. Noise that the network lets through shows in accelerations,
    six times as strong as in places.
    """
    length = truth.norm(dim=-1, keepdim=True)
    direction = bones / bones.norm(dim=-1, keepdim=True).clamp_min(1e-3)
    chord = ((direction - truth / length).square().sum(-1) + 1e-4).sqrt()
    off = joints_from @ (bones - truth)
    trembling = off[:, 2:] - 2 * off[:, 1:-1] + off[:, :-2]
    return (
        (chord * weight).sum(-1).mean() / weight.sum()
        + 2 * (off.square().sum(-1) + 1e-5).sqrt().mean()
        + _IN_PLANE * (off[..., :2].square().sum(-1) + 1e-5).sqrt().mean()
        + _TREMBLING * (trembling.square().sum(-1) + 1e-6).sqrt().mean()
    )


@dataclass(frozen=True)
class Progress:
    step: int
    steps: int
    loss: float
    steps_per_s: float


def train(
    parts: Parts,
    steps: int,
    checkpoint: Path,
    *,
    seed: int = 0,
    width: int = WIDTH,
    blocks: int = 2,
    batch: int = 256,
    rate: float = 2e-3,
    report: Callable[[Progress], None] = lambda progress: None,
) -> LiftNet:
    """Train for so many steps, going on from `checkpoint` if it is there, to the same weights as in one go.

    batch: people, each in some frames in a row. The learning rate falls along a half cosine; what is returned is the
    running mean of the weights. The checkpoint is written every half a minute, and when the training is interrupted.
    Raises LifterTrainingError.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net, mean = LiftNet(width, blocks), LiftNet(width, blocks)
    mean.load_state_dict(net.state_dict())
    decay = [p for p in net.parameters() if p.ndim > 1]
    other = [p for p in net.parameters() if p.ndim == 1]
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": other, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, fused=True)
    learning = {"net": net, "mean": mean, "optimizer": optimizer}
    run = {"steps": steps, "seed": seed, "width": width, "blocks": blocks, "batch": batch, "rate": rate}
    step = _resume(checkpoint, learning, run)
    joints_from = torch.from_numpy(JOINTS_FROM_BONES)
    weight = torch.tensor([_BONE_WEIGHT.get(b, 0.1 if "eye" in b else 1.0) for b in BONES])
    loss_mean, said_step, said = float("nan"), step, time.monotonic()
    try:
        while step < steps:
            data = samples(np.random.default_rng([seed, step]), parts, batch)
            for group in optimizer.param_groups:
                warm, cosine = min(1.0, (step + 1) / 300), 0.5 + 0.5 * np.cos(np.pi * step / steps)
                group["lr"] = float(rate * warm * cosine + 1e-6)
            x, view, truth = (torch.from_numpy(part) for part in (data.x, data.view, data.bones))
            net.train()
            loss = loss_of(net(x.flatten(0, 1)).view(truth.shape) @ view, truth, weight, joints_from)
            if not torch.isfinite(loss):
                raise LifterTrainingError(f"the loss is {loss.item()} in step {step}; {checkpoint} is from before it")
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            step += 1
            _follow(mean, net, min(0.999, step / (step + 50)))
            loss_mean = loss.item() if loss_mean != loss_mean else 0.98 * loss_mean + 0.02 * loss.item()
            if time.monotonic() - said > 30 or step == steps:
                _save(checkpoint, learning, run, step)
                now = time.monotonic()
                report(Progress(step, steps, loss_mean, (step - said_step) / (now - said)))
                said_step, said = step, now
    except KeyboardInterrupt:
        _save(checkpoint, learning, run, step)
        raise
    return mean.eval()


def _resume(checkpoint: Path, learning: dict, run: dict) -> int:
    """Brings everything to where the checkpoint was left, and says at which step; 0 where there is none."""
    if not checkpoint.is_file():
        return 0
    try:
        saved = torch.load(checkpoint, weights_only=True)
        if saved["run"] != run:
            raise LifterTrainingError(
                f"{checkpoint} is of another training ({_described(saved['run'])}, not {_described(run)}); "
                "choose another folder with --out, or delete it"
            )
        for name, part in learning.items():
            part.load_state_dict(saved[name])
        return saved["step"]
    except (OSError, KeyError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
        raise LifterTrainingError(f"{checkpoint} cannot be read ({error}); delete it to begin anew") from error


def _described(run: dict) -> str:
    return ", ".join(f"{name} {value}" for name, value in run.items())


def _save(checkpoint: Path, learning: dict, run: dict, step: int) -> None:
    part = checkpoint.with_suffix(".part")
    try:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        torch.save({name: one.state_dict() for name, one in learning.items()} | {"run": run, "step": step}, part)
        part.replace(checkpoint)
    except (OSError, RuntimeError) as error:  # torch tells a full disk as a RuntimeError
        part.unlink(missing_ok=True)
        raise LifterTrainingError(f"cannot write {checkpoint}: {error}") from error


@torch.no_grad()
def _follow(mean: nn.Module, net: nn.Module, keep: float) -> None:
    """Move the running mean a little towards the network; batch statistics too."""
    for a, b in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
        if a.is_floating_point():
            a.lerp_(b, 1 - keep)
        else:
            a.copy_(b)
