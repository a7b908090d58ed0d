"""The lifting network as plain matrix products: features in, bone vectors out.

Two parts. The first averages each joint's moments, with weights that it chooses by how the joint moves: many moments
where keypoints tremble, the newest where they do not, past ones where the joint is not seen. The second is a residual
multilayer perceptron after Martinez et al., "A simple yet effective baseline for 3d human pose estimation" (ICCV 2017),
its batch norms folded into its matrices by the training.
"""

import zipfile
from pathlib import Path

import numpy as np

from .features import BONES, FLIP_JOINTS, MOMENTS, OF_JOINT, SIGNS, flip_bones

WEIGHTS = Path(__file__).parent / "weights.npz"


#: Averages of a joint's moments. The first is where the joint is now, the others how it got there.
AVERAGES = 4
#: What the second part sees of a joint: the averages' x and y, confidence now and over all moments, trembling.
_OF_JOINT = 2 * AVERAGES + 3
INPUTS = 17 * _OF_JOINT + 3


class LiftError(Exception):
    """The lifting network's weights are missing or do not fit."""


def packed(weights):
    """Weights (…) as three of float32's four bytes, (3, …) uint8: 16 bits of precision in less than 2.6 bytes each.

    Half precision moves joints by up to a millimetre, this by a thirtieth of one.
    """
    bits = np.ascontiguousarray(weights, "<f4").view("<u4").astype(np.uint64) + 0x80
    return np.moveaxis(bits.astype("<u4").view(np.uint8).reshape(*np.shape(weights), 4)[..., 1:], -1, 0)


def unpacked(planes):
    """float32 weights (…) of `packed` ones. Raises ValueError."""
    if planes.dtype != np.uint8 or len(planes) != 3:
        raise ValueError("it was not written by `mocap train-lifter`")
    out = np.zeros((*planes.shape[1:], 4), np.uint8)
    out[..., 1:] = np.moveaxis(planes, 0, -1)
    return out.view("<f4")[..., 0]


class Network:
    """h = relu(x·w0 + b0); h += relu(relu(h·w + b)·w + b) a block; bones = h·w + b + x·short, x of `averaged`."""

    def __init__(self, path=None):
        path = Path(path or WEIGHTS)
        try:
            with np.load(path) as data:
                arrays = {name: unpacked(data[name]) for name in data.files}
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise LiftError(f"cannot read the lifting network's weights from {path}: {error}") from error
        layers = []
        while f"w{len(layers)}" in arrays and f"b{len(layers)}" in arrays:
            layers.append((arrays[f"w{len(layers)}"], arrays[f"b{len(layers)}"]))
        short, choice = (arrays.get(name, np.zeros(0)) for name in ("short", "choice1"))
        widths = [INPUTS] + [w.shape[-1] for w, _ in layers]
        fits = all(w.shape == (n, len(b)) for (w, b), n in zip(layers, widths, strict=False))
        fits = fits and short.shape == (INPUTS, 3 * len(BONES)) == (INPUTS, widths[-1])
        fits = fits and choice.shape[-1:] == (AVERAGES * MOMENTS,)
        if len(layers) < 2 or len(layers) % 2 or not fits:
            raise LiftError(
                f"{path} does not hold a lifting network from {INPUTS} inputs to {3 * len(BONES)}; "
                "train one with `mocap train-lifter`"
            )
        self.layers = layers
        self.short = short
        self.choice = [arrays[name] for name in ("choice0", "offset0", "choice1", "offset1")]

    def __call__(self, x):
        """(N, FEATURES) → bones (N, 16, 3) m, the mean over the picture and its mirror image."""
        averages = self.averaged(x)
        both = self.lifted(np.concatenate([averages, averages[:, _FLIP] * _FLIP_SIGNS]))
        return (both[: len(x)] + flip_bones(both[len(x) :])) / 2

    def averaged(self, x):
        """(N, FEATURES) → (N, INPUTS)."""
        joints = x[:, :-3].reshape(-1, 17, OF_JOINT)
        confidence, signs = joints[..., 2 * MOMENTS : -SIGNS], joints[..., -SIGNS:]
        w0, b0, w1, b1 = self.choice
        weights = (np.maximum(signs @ w0 + b0, 0) @ w1 + b1).reshape(-1, 17, AVERAGES, MOMENTS)
        seen = (confidence > 0)[..., None, :]
        weights = weights * seen
        # The first average's weights sum to one and the others' to none, over what is seen.
        weights += seen * ((_SUMS - weights.sum(-1)) / np.maximum(seen.sum(-1), 1))[..., None]
        place = weights @ np.swapaxes(joints[..., : 2 * MOMENTS].reshape(-1, 17, 2, MOMENTS), -1, -2)
        out = np.empty((len(x), INPUTS), np.float32)
        of_joint = out[:, :-3].reshape(-1, 17, _OF_JOINT)
        of_joint[..., : 2 * AVERAGES] = place.reshape(-1, 17, 2 * AVERAGES)
        of_joint[..., -3] = confidence[..., 0]
        of_joint[..., -2] = confidence.mean(-1)
        of_joint[..., -1] = signs[..., 0]
        out[:, -3:] = x[:, -3:]
        return out

    def lifted(self, x):
        """(N, INPUTS) → (N, 16, 3) m, one pass."""
        (w, b), *hidden, (w_out, b_out) = self.layers
        h = np.maximum(x @ w + b, 0)
        for (w1, b1), (w2, b2) in zip(hidden[::2], hidden[1::2], strict=True):
            h = h + np.maximum(np.maximum(h @ w1 + b1, 0) @ w2 + b2, 0)
        return (h @ w_out + x @ self.short + b_out).reshape(len(x), len(BONES), 3)


_SUMS = np.eye(1, AVERAGES, dtype=np.float32)[0]
_FLIP = np.arange(INPUTS)
_FLIP[:-3] = _FLIP[:-3].reshape(17, _OF_JOINT)[FLIP_JOINTS].ravel()
_FLIP_SIGNS = np.array(([-1, 1] * AVERAGES + [1] * 3) * 17 + [-1, 1, 1], np.float32)
