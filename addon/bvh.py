"""BVH text: a skeleton's offsets and, each frame, the root's position and every joint's rotation. No bpy.

Blender's own writer puts Z up, which few readers of the format expect; here Y is up and Z to the front, and
only the root has positions.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

# From z up, facing −y, to y up, facing +z: (x, y, z) becomes (x, z, −y).
_Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def text(
    names: Sequence[str],
    parents: Sequence[int],
    rest: np.ndarray,
    tails: np.ndarray,
    posed: Iterable[np.ndarray],
    frames: int,
    frame_s: float,
) -> Iterator[str]:
    """The file's text in pieces: what comes before the motion, then one for each of `posed`.

    parents: (B,) −1 for the one root, which comes first; others follow their parents. rest: (B, 4, 4) world
    matrices at rest. tails: (B, 3) rest positions of the bones' ends. posed: (f, B, 4, 4) world matrices of some of the
    `frames`, one after the other. All z up, in metres.
    """
    heads = rest[:, :3, 3] @ _Y_UP.T
    order: list[int] = []
    lines = ["HIERARCHY", *_joint(0, 0, names, parents, heads, np.asarray(tails) @ _Y_UP.T, order)]
    yield "\n".join([*lines, "MOTION", f"Frames: {frames}", f"Frame Time: {frame_s:.8f}", ""])
    from_rest, before = np.swapaxes(rotation(rest), -1, -2), None
    for matrices in posed:
        turned = rotation(matrices) @ from_rest  # in the world's axes
        local = turned.copy()
        for bone, parent in enumerate(parents):
            if parent >= 0:
                local[:, bone] = np.swapaxes(turned[:, parent], -1, -2) @ turned[:, bone]
        angles = np.degrees(_zxy(_Y_UP @ local @ _Y_UP.T))
        before = angles[:1] if before is None else before
        angles = np.unwrap(np.concatenate((before, angles)), period=360.0, axis=0)[1:]
        before = angles[-1:]
        rows = np.concatenate((matrices[:, :1, :3, 3] @ _Y_UP.T, angles[:, order]), axis=1).reshape(len(angles), -1)
        yield "".join(" ".join([f"{number:.6f}" for number in row]) + "\n" for row in rows.tolist())


def _joint(bone, depth, names, parents, heads, tails, order) -> list[str]:
    """The lines of a joint and those below; `order` gets the bones as they are written."""
    order.append(bone)
    pad = "\t" * depth
    root = parents[bone] < 0
    offset = np.zeros(3) if root else heads[bone] - heads[parents[bone]]
    positions = "Xposition Yposition Zposition " if root else ""
    lines = [
        f"{pad}{'ROOT' if root else 'JOINT'} {names[bone].replace(' ', '_')}",
        f"{pad}{{",
        f"{pad}\tOFFSET {_numbers(offset)}",
        f"{pad}\tCHANNELS {6 if root else 3} {positions}Zrotation Xrotation Yrotation",
    ]
    children = [child for child, parent in enumerate(parents) if parent == bone]
    for child in children:
        lines += _joint(child, depth + 1, names, parents, heads, tails, order)
    if not children:
        end = _numbers(tails[bone] - heads[bone])
        lines += [f"{pad}\tEnd Site", f"{pad}\t{{", f"{pad}\t\tOFFSET {end}", f"{pad}\t}}"]
    return [*lines, f"{pad}}}"]


def _numbers(vector: np.ndarray) -> str:
    return " ".join(f"{number:.6f}" for number in vector)


def rotation(matrices: np.ndarray) -> np.ndarray:
    """The rotations (…, 3, 3) of matrices (…, 4, 4) without their scale."""
    axes = matrices[..., :3, :3]
    return axes / np.linalg.norm(axes, axis=-2, keepdims=True)


def _zxy(matrix: np.ndarray) -> np.ndarray:
    """Angles (…, 3) in radians about Z, X and Y with matrix = Z · X · Y."""
    sine = np.clip(matrix[..., 2, 1], -1.0, 1.0)
    locked = np.abs(sine) > 1 - 1e-9  # Z and Y then turn about the same axis: all of it goes to Z
    z = np.where(
        locked,
        np.arctan2(matrix[..., 1, 0], matrix[..., 0, 0]),
        np.arctan2(-matrix[..., 0, 1], matrix[..., 1, 1]),
    )
    y = np.where(locked, 0.0, np.arctan2(-matrix[..., 2, 0], matrix[..., 2, 2]))
    return np.stack([z, np.arcsin(sine), y], axis=-1)
