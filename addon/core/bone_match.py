"""A map for an armature that nobody has mapped: by names first, then by shape.

Every known rig's map is tried, under whatever prefix the armature's bones share; the one that explains most of
them is taken. What names do not say comes from the shape. A part must hang from the part above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import bone_names, bone_shape
from .bone_map import SEGMENTS, TWISTS, BoneMap
from .bone_shape import Bones
from .rotation import dot, norm, unit
from .skeleton import HUMANOID, REQUIRED_BONES

_TWIST_WORDS = ("twist", "roll")
_NEXT = {"UpperArm": "LowerArm", "LowerArm": "Hand", "UpperLeg": "LowerLeg", "LowerLeg": "Foot"}


@dataclass(frozen=True)
class Match:
    """notes: what the user should look at, a sentence each."""

    bone_map: BoneMap
    notes: tuple[str, ...] = ()


def find(bones: Bones, known: Sequence[BoneMap]) -> Match:
    """The map of an armature, as far as it can be told. known: earlier ones win where they are as good."""
    keys = bone_names.keys(bones.names)
    best, found, notes = BoneMap("By shape", {}), {}, []
    names = set(bones.names)
    by_controls = [candidate for candidate in known if candidate.keyed and names.issuperset(candidate.requires)]
    for candidate in by_controls or [candidate for candidate in known if not candidate.keyed]:
        rows, doubts = _by_names(bones, keys, candidate)
        if _score(rows) > _score(found):
            best, found, notes = candidate, rows, doubts
    if not best.keyed:
        named = {part for part in REQUIRED_BONES if part in found}
        if len(named) < len(REQUIRED_BONES):
            shape = bone_shape.find(bones)
            if 2 * len(named) < len(REQUIRED_BONES):
                best, found, notes = BoneMap("By shape", {}), shape, []
            else:
                taken = set(found.values())
                found |= {part: row for part, row in shape.items() if part not in found and row not in taken}
        notes += _hang(bones, found)
        found |= _twists(bones, keys, found)
    mapped = {part: bones.names[row] for part, row in found.items()}
    return Match(replace(best, bones=mapped, requires=()), tuple(notes))


def _score(rows: dict[str, int]) -> tuple[int, int]:
    return sum(part in rows for part in REQUIRED_BONES), len(rows)


def _by_names(bones, keys, candidate) -> tuple[dict[str, int], list[str]]:
    """Rows of the candidate's bones under the affix that finds most of them, and what is ambiguous."""
    wanted = {part: bone_names.key(name) for part, name in candidate.bones.items()}
    needed = [bone_names.key(name) for name in candidate.requires]
    rows_of: dict[bone_names.Key, list[int]] = {}
    for row, key in enumerate(keys):
        rows_of.setdefault(key, []).append(row)
    best, doubts = {}, []
    for before, behind in bone_names.affixes(keys, wanted):

        def rows(key, before=before, behind=behind):
            return rows_of.get((key[0], before + key[1] + behind), [])

        if not all(map(rows, needed)):
            continue
        found, notes = {}, []
        for part in (part for part in (*HUMANOID, *wanted) if part in wanted and part not in found):
            choices = rows(wanted[part])
            if not choices:
                continue
            chosen = _choose(bones, choices, part, candidate.bones[part], found)
            if len(chosen) > 1:
                names = " and ".join(bones.names[row] for row in chosen[:2])
                notes.append(f"Two bones could be {part}: {names}; {bones.names[chosen[0]]} was taken.")
            found[part] = chosen[0]
        if _score(found) > _score(best):
            best, doubts = found, notes
    return best, doubts


def _choose(bones, choices, part, name, found) -> list[int]:
    """Those of several bones with the same key that are as good as each other, the best first."""
    if len(choices) > 1:
        spelt = [row for row in choices if bones.names[row] == name]
        above = found.get(HUMANOID.get(part) or "")
        below = [row for row in choices if above is not None and above in bones.ancestors(row)[1:]]
        choices = spelt or below or choices
    return choices


def _hang(bones: Bones, found: dict[str, int]) -> list[str]:
    """Take out of `found` what does not hang from the part above it; what was taken out, in sentences."""
    notes = []
    needed = [found[part] for part in ("spine", "leftUpperLeg", "rightUpperLeg") if part in found]
    if "hips" in found and not all(found["hips"] in bones.ancestors(row)[1:] for row in needed):
        shared = [row for row in bones.ancestors(needed[0])[1:] if all(row in bones.ancestors(n) for n in needed)]
        if shared and shared[0] not in found.values():
            notes.append(
                f"The back and the legs do not hang from {bones.names[found['hips']]}, "
                f"so {bones.names[shared[0]]} is taken as the hips."
            )
            found["hips"] = shared[0]
    for part in [part for part in HUMANOID if part in found]:
        above = HUMANOID[part]
        while above is not None and part in found:
            if above in found and found[above] not in bones.ancestors(found[part])[1:]:
                gone = above if above not in REQUIRED_BONES and part in REQUIRED_BONES else part
                notes.append(
                    f"{bones.names[found[part]]} does not hang from {bones.names[found[above]]}: {gone} is left out."
                )
                del found[gone]
            elif above in found:
                break
            above = HUMANOID[above]
    return notes


def _twists(bones: Bones, keys, found: dict[str, int]) -> dict[str, int]:
    """Bones along a segment that are called twist or roll and are not mapped yet: part → row."""
    out = {}
    for segment in SEGMENTS:
        end = found.get(next(segment.replace(a, b) for a, b in _NEXT.items() if segment.endswith(a)))
        if segment not in found or end is None:
            continue
        start = found[segment]
        along = bones.heads[end] - bones.heads[start]
        taken = set(found.values()) | set(out.values())
        rows = [
            row
            for row in range(len(keys))
            if row not in taken
            and any(word in keys[row][1] for word in _TWIST_WORDS)
            and start in bones.ancestors(row)[1:]
            and end not in bones.ancestors(row)
            and _is_along(bones.heads[row] - bones.heads[start], along)
        ]
        known = [part for number in range(1, TWISTS + 1) if (part := f"{segment}Twist{number}") not in found]
        rows.sort(key=lambda row: dot(bones.heads[row] - bones.heads[start], along))
        out |= dict(zip(known, rows, strict=False))
    return out


def _is_along(offset: np.ndarray, segment: np.ndarray) -> bool:
    length = float(norm(segment))
    place = float(dot(offset, unit(segment)))
    return -0.05 * length < place < 1.05 * length and float(norm(offset - unit(segment) * place)) < 0.15 * length
