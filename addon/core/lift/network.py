"""The lifting network as plain matrix products: features in, bone vectors out.

A residual multilayer perceptron after Martinez et al., "A simple yet effective baseline for 3d
human pose estimation" (ICCV 2017), its batch norms folded into its matrices by the training.
"""

import zipfile
from pathlib import Path

import numpy as np

from .features import BONES, FEATURES, flip_bones, flip_features

WEIGHTS = Path(__file__).parent / "weights.npz"


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
    """h = relu(x·w0 + b0); h += relu(relu(h·w + b)·w + b) a block; bones = h·w + b + x·short."""

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
        short = arrays.get("short", np.zeros(0))
        widths = [FEATURES] + [w.shape[-1] for w, _ in layers]
        fits = all(w.shape == (n, len(b)) for (w, b), n in zip(layers, widths, strict=False))
        fits = fits and short.shape == (FEATURES, 3 * len(BONES)) == (FEATURES, widths[-1])
        if len(layers) < 2 or len(layers) % 2 or not fits:
            raise LiftError(
                f"{path} does not hold a lifting network from {FEATURES} features to {3 * len(BONES)}; "
                "train one with `mocap train-lifter`"
            )
        self.layers = layers
        self.short = short

    def raw(self, x):
        """(N, FEATURES) → (N, 16, 3) m, one pass."""
        (w, b), *hidden, (w_out, b_out) = self.layers
        h = np.maximum(x @ w + b, 0)
        for (w1, b1), (w2, b2) in zip(hidden[::2], hidden[1::2], strict=True):
            h = h + np.maximum(np.maximum(h @ w1 + b1, 0) @ w2 + b2, 0)
        return (h @ w_out + x @ self.short + b_out).reshape(len(x), len(BONES), 3)

    def __call__(self, x):
        """(N, FEATURES) → bones (N, 16, 3) m, the mean over the picture and its mirror image."""
        both = self.raw(np.concatenate([x, flip_features(x)]))
        return (both[: len(x)] + flip_bones(both[len(x) :])) / 2
