"""What a run shows of itself in its folder: TensorBoard's curves, and pictures, there and as files.

Nothing here stops a training: what cannot be written is said once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np


class Curves:
    """Curves and pictures of a run that goes on from `step`; those of steps that are made again are replaced.

    `curves/` holds what `tensorboard --logdir` shows, `samples/` the pictures.
    """

    def __init__(self, folder: Path, step: int, report: Callable[[str], None]) -> None:
        self._folder, self._report, self._writer = folder, report, None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            report("TensorBoard is not installed, so no curves are kept: `uv sync --extra train` installs it.")
            return
        try:
            self._writer = SummaryWriter(str(folder / "curves"), purge_step=step + 1)
        except OSError as error:
            report(f"No curves are kept: {error}.")

    def figures(self, step: int, values: dict[str, float]) -> None:
        """One point of each curve."""
        self._write(lambda writer: [writer.add_scalar(name, value, step) for name, value in values.items()])

    def picture(self, step: int, rgb: np.ndarray) -> None:
        """rgb: (H, W, 3) uint8."""
        self._write(lambda writer: writer.add_image("samples", rgb, step, dataformats="HWC"))
        path = self._folder / "samples" / f"{step:07d}.png"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # imwrite does not take every path that Windows does; bytes do.
            path.write_bytes(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())
        except OSError as error:
            self._report(f"{path} cannot be written: {error}.")

    def close(self) -> None:
        self._write(lambda writer: writer.close())
        self._writer = None

    def _write(self, act: Callable[[object], object]) -> None:
        if self._writer is None:
            return
        try:
            act(self._writer)
        except OSError as error:  # a thread of the writer's met it
            self._writer = None
            self._report(f"Curves are kept no longer: {error}.")
