"""Joints as numbers, for programs of one's own: CSV text, and arrays as NumPy's .npz. No bpy.

All in the world, z up, metres; rotations are from the rest pose, quaternions wxyz. Both are made a few frames, or a
piece of a file, at a time.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np

from .core.rotation import from_matrix, same_hemisphere

_PIECE = 1 << 17  # bytes that are compressed at once


def csv(names: Sequence[str], joints_m: Iterable[np.ndarray], times_s: np.ndarray) -> Iterator[str]:
    """A line a frame: its number from 0, its time, and x, y and z of each joint; first a line of titles. In pieces: the
    titles, then one for each of `joints_m`, which are (f, B, 3), one after the other."""
    yield ",".join(["frame", "time_s", *(f"{_plain(name)}_{axis}_m" for name in names for axis in "xyz")]) + "\n"
    number, clock = 0, times_s.tolist()
    for block in joints_m:
        lines = []
        for row in block.reshape(len(block), -1).tolist():
            lines.append(",".join([str(number), f"{clock[number]:.6f}", *[f"{value:.6f}" for value in row]]))
            number += 1
        yield "\n".join(lines) + "\n"


class Arrays:
    """What the .npz holds, of F frames that are added one block after the other."""

    def __init__(self, names: Sequence[str], parents: np.ndarray, rest_m: np.ndarray, times_s: np.ndarray, fps: float):
        shape = len(times_s), len(names)
        self._added = 0
        self.named = {
            "names": np.array(names),
            "parents": np.asarray(parents, np.int32),
            "rest_m": rest_m.astype(np.float32),
            "joints_m": np.empty((*shape, 3), np.float32),
            "rotations_wxyz": np.empty((*shape, 4), np.float32),
            "times_s": times_s.astype(np.float64),
            "fps": np.float64(fps),
        }

    def add(self, joints_m: np.ndarray, turns: np.ndarray) -> None:
        """joints_m: (f, B, 3), turns: (f, B, 3, 3) from the rest pose."""
        rotations = self.named["rotations_wxyz"]
        rows = slice(self._added, self._added + len(joints_m))
        before = rotations[self._added - 1].astype(float) if self._added else None
        self.named["joints_m"][rows] = joints_m
        rotations[rows] = same_hemisphere(from_matrix(turns), before)
        self._added = rows.stop

    def write(self, file: BinaryIO) -> Iterator[float]:
        """Write the .npz, as `np.savez_compressed` would. A generator: yields how much of it is written."""
        arrays = {name: np.asarray(array, order="C") for name, array in self.named.items()}
        total, written = sum(array.nbytes for array in arrays.values()), 0
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as box:
            for name, array in arrays.items():
                with box.open(f"{name}.npy", "w", force_zip64=True) as member:
                    header = np.lib.format.header_data_from_array_1_0(array)
                    np.lib.format.write_array_header_1_0(member, header)
                    content = memoryview(array.reshape(-1).view(np.uint8))
                    for begin in range(0, len(content), _PIECE):
                        member.write(content[begin : begin + _PIECE])
                        yield (written + begin) / total
                    written += len(content)


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
