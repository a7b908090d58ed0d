"""The lifting network as plain matrix products: features in, bone vectors out.

A residual multilayer perceptron after Martinez et al., "A simple yet effective baseline for 3d
human pose estimation" (ICCV 2017), its batch norms folded into its matrices by the training.
"""

from pathlib import Path

import numpy as np

from .features import BONES, FEATURES, flip_bones, flip_features

WEIGHTS = Path(__file__).parent / "weights.npz"


class LiftError(Exception):
    """The lifting network's weights are missing or do not fit."""


class Network:
    """h = relu(x·w0 + b0); h += relu(relu(h·w + b)·w + b) a block; bones = h·w + b + x·short.

    layers: matrices (outputs, inputs) and offsets (outputs, 1); short: (48, FEATURES).
    """

    def __init__(self, path=None):
        path = Path(path or WEIGHTS)
        try:
            with np.load(path) as data:
                arrays = {name: data[name].astype(np.float32) for name in data.files}
        except (OSError, ValueError) as error:
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
        # Matrices before columns: with so few columns numpy reads the weights faster that way round.
        self.layers = [(np.ascontiguousarray(w.T), b[:, None]) for w, b in layers]
        self.short = np.ascontiguousarray(short.T)

    def raw(self, x):
        """(N, FEATURES) → (N, 16, 3) m, one pass."""
        x = np.ascontiguousarray(x.T)
        first, *hidden, (w_out, b_out) = self.layers
        h = _rectified(x, *first)
        for one, other in zip(hidden[::2], hidden[1::2], strict=True):
            h += _rectified(_rectified(h, *one), *other)
        return (w_out @ h + self.short @ x + b_out).T.reshape(-1, len(BONES), 3)

    def __call__(self, x):
        """(N, FEATURES) → bones (N, 16, 3) m, the mean over the picture and its mirror image."""
        both = self.raw(np.concatenate([x, flip_features(x)]))
        return (both[: len(x)] + flip_bones(both[len(x) :])) / 2


def _rectified(h, w, b):
    out = w @ h
    out += b
    return np.maximum(out, 0, out=out)
