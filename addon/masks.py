"""Parts of the body that follow the capture; the rest keeps what the character plays."""

from collections.abc import Collection
from dataclasses import replace

from .core.skeleton import HUMANOID
from .rig import Target

_ROOT = frozenset({"hips"})
_HEAD = frozenset({"neck", "head"})
_LOWER = frozenset(part for part in HUMANOID if part.endswith(("UpperLeg", "LowerLeg", "Foot", "Toes")))
_ARMS = frozenset(part for part in HUMANOID if part.startswith(("left", "right"))) - _LOWER
_UPPER = frozenset(HUMANOID) - _LOWER - _ROOT
BONES = {"ROOT": _ROOT, "LOWER": _LOWER, "UPPER": _UPPER, "ARMS": _ARMS, "HEAD": _HEAD}
WHOLE = {"ROOT", "LOWER", "UPPER"}

ITEMS = (
    ("UPPER", "Upper", "Spine, arms and head", 1),
    ("LOWER", "Legs", "Both legs", 2),
    ("ARMS", "Arms", "Shoulders, arms and hands", 4),
    ("HEAD", "Head", "Neck and head", 8),
    ("ROOT", "Root", "Where the hips are and how they are turned", 16),
)


def bones_of(mask: Collection[str]) -> frozenset[str]:
    """The humanoid bones of a mask's parts; of an empty mask all."""
    return frozenset().union(*(BONES[name] for name in mask)) if mask else frozenset(HUMANOID)


def whole(mask: Collection[str]) -> bool:
    """Whether all of the body follows."""
    return bones_of(mask) == frozenset(HUMANOID)


def masked(target: Target, mask: Collection[str]) -> Target:
    """The target with the controls of those parts alone."""
    bones, rig = bones_of(mask), target.rig
    rows = [row if row < len(rig.bones) else target.driving.controls.twists[row - len(rig.bones)].segment
            for row in target.driving.controls.row.tolist()]  # fmt: skip
    keyed = tuple(
        replace(one, follows=rig.bones[row] in bones) for one, row in zip(target.driving.keyed, rows, strict=True)
    )
    return replace(target, driving=replace(target.driving, keyed=keyed))
