"""A sampled motion written as numbers, by us: BVH, CSV and NumPy's .npz. No bpy.

The writers are generators that yield how far they are, every few milliseconds. bones: the armature's bone of each part
of the body that is known.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from . import bvh, joint_tables
from .core.bone_map import PARTS
from .export_sampling import Motion


def write_bvh(
    motion: Motion, path: Path, bones: dict[str, str], deforming: set[str] | None = None
) -> Iterator[float]:
    """The skeleton's motion; of the bones `deforming` alone, where they are given."""
    root = hips_of(motion, bones)
    if deforming is not None:
        wanted = [row for row, name in enumerate(motion.names) if name in deforming]
        heads = motion.rest[:, :3, 3]
        away = np.linalg.norm(heads - heads[root], axis=-1).round(4)
        sideways = np.abs(motion.tails - heads)[:, 0]  # a pelvis bone begins at the hips, too
        root = min(wanted, key=lambda row: (away[row], sideways[row]), default=root)
    else:
        wanted = [root]
        for row, parent in enumerate(motion.parents):
            if parent in wanted:
                wanted.append(row)
    kept, parents = _tree(wanted, motion, root)
    world = motion.armature_rest
    text = bvh.text(
        [motion.names[row] for row in kept],
        parents,
        motion.rest_world[kept],
        motion.tails[kept] @ world[:3, :3].T + world[:3, 3],
        motion.posed_world(kept),
        len(motion.frames),
        1.0 / motion.fps,
    )
    yield from _write_text(path, text, motion)


def _write_text(path: Path, text: Iterator[str], motion: Motion) -> Iterator[float]:
    """text: a piece for each block of the motion, after a first one."""
    pieces = 1 + len(motion.blocks())
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number, piece in enumerate(text, 1):
            file.write(piece)
            yield number / pieces


def write_table(motion: Motion, path: Path, bones: dict[str, str], metres: float) -> Iterator[float]:
    """The joints of the body's parts, by the parts' names; of all bones where none is known. CSV or .npz."""
    part_of = {bone: part for part, bone in bones.items() if bone in motion.names and part in PARTS}
    rows = [row for row, name in enumerate(motion.names) if name in part_of] or list(range(len(motion.names)))
    kept, parents = _tree(rows, motion, hips_of(motion, bones))
    names = [part_of.get(motion.names[row], motion.names[row]) for row in kept]
    posed = motion.posed_world(kept)
    if path.suffix == ".csv":
        joints_m = (block[..., :3, 3] * metres for block in posed)
        yield from _write_text(path, joint_tables.csv(names, joints_m, motion.times_s), motion)
        return
    rest = motion.rest_world[kept]
    from_rest = np.swapaxes(bvh.rotation(rest), -1, -2)
    table = joint_tables.Arrays(names, parents, rest[:, :3, 3] * metres, motion.times_s, motion.fps)
    for number, block in enumerate(posed, 1):
        table.add(block[..., :3, 3] * metres, bvh.rotation(block) @ from_rest)
        yield 0.5 * number / len(motion.blocks())
    with path.open("wb") as file:
        for share in table.write(file):
            yield 0.5 + 0.5 * share


def hips_of(motion: Motion, bones: dict[str, str]) -> int:
    """The row of the hips, else of the first bone without a parent."""
    name = bones.get("hips")
    return motion.names.index(name) if name in motion.names else int(np.flatnonzero(motion.parents < 0)[0])


def _tree(rows: Sequence[int], motion: Motion, root: int) -> tuple[list[int], list[int]]:
    """Some of the bones as one tree: the root first, each after its parent, which is the nearest above that is kept,
    else the root. Gives the bones and, for each, its parent's place among them.

    A bone that rests where a kept one does counts as that: rigs such as Rigify hang the bones that deform on others.
    """
    kept = {root, *rows}
    keys = [tuple(np.round(matrix[:3, [1, 3]], 4).ravel()) for matrix in motion.rest]
    resting = {keys[row]: row for row in kept}
    children: dict[int, list[int]] = {}
    for row in sorted(kept - {root}):
        above = motion.parents[row]
        while above >= 0 and resting.get(keys[above], row) == row:
            above = motion.parents[above]
        children.setdefault(resting[keys[above]] if above >= 0 else root, []).append(row)
    ordered, parents = [root], [-1]
    for place, row in enumerate(ordered):  # which grows
        ordered += children.get(row, [])
        parents += [place] * len(children.get(row, []))
    return ordered, parents
