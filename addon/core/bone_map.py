"""Which bone of an armature is which part of a humanoid: the map, its file, and what a rig without a part does.

A file is JSON: {"format": "mocap bone map", "version": 1, "name": …, "bones": {part: bone, …}}. Parts are
VRM 1.0's humanoid bones, and `leftUpperArmTwist1` and the like for bones that share a segment's twist. Rigs that
are driven by controls say more: "keyed", "limbs"; and the maps that ship with the add-on "requires".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .skeleton import HUMANOID, REQUIRED_BONES

FORMAT, VERSION = "mocap bone map", 1
SUFFIX = ".json"
TWISTS = 3  # bones that share one segment's twist, at most
_LARGEST_BYTES = 1_000_000
_LONGEST_NAME = 63  # bytes, of a bone in Blender, which a map may well exceed in characters never

_SIDES = ("left", "right")
_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")
SEGMENTS = tuple(side + bone for bone in ("UpperArm", "LowerArm", "UpperLeg", "LowerLeg") for side in _SIDES)
BODY_PARTS = tuple(part for part in HUMANOID if not any(finger in part for finger in _FINGERS))
TWIST_PARTS = tuple(f"{segment}Twist{number}" for segment in SEGMENTS for number in range(1, TWISTS + 1))
PARTS = (*HUMANOID, *TWIST_PARTS)

# What the motion lacks where a rig has no such bone; the other side's is the same.
_WITHOUT = {
    "chest": "the back bends in fewer places",
    "upperChest": "the back bends in fewer places",
    "neck": "the head turns alone",
    "Shoulder": "shoulders do not rise",
    "Hand": "hands stay in line with the forearms",
    "Foot": "feet stay at right angles to the shins",
    "Toes": "feet stay flat",
}


class BoneMapError(ValueError):
    """A map cannot be read, or does not fit; the text is a sentence for the user."""


@dataclass(frozen=True)
class IkLimb:
    """How a limb is driven where it stands in IK.

    part: its upper segment. switch: (bone, property) that is 0 for IK and 1 for FK, or None where it is always
    IK. end: the control at the wrist or ankle. base: the control that turns the elbow or knee about the line to
    `end`; its parent tracks `end`. pole: the control that the elbow or knee points to, where `pole_switch` is on.
    chain: bones that must not stretch.
    """

    part: str
    end: str
    switch: tuple[str, str] | None = None
    base: str = ""
    pole: str = ""
    pole_switch: tuple[str, str] | None = None
    chain: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoneMap:
    """bones: part → bone, where the joints are. keyed: part → the control that is keyed in its place, "" for none.

    requires: bones without which the rig is another one.
    """

    name: str
    bones: Mapping[str, str]
    keyed: Mapping[str, str] = field(default_factory=dict)
    limbs: tuple[IkLimb, ...] = ()
    requires: tuple[str, ...] = ()


def missing(bones: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a map lacks and its effect, as (part, words), sides together: ("Toes", "feet stay flat")."""
    out = []
    for part in BODY_PARTS:
        plain = part.removeprefix("left")
        if part.startswith("right"):
            continue
        sides = [part] if plain == part else [f"{side}{plain}" for side in _SIDES]
        gone = [side for side in sides if not bones.get(side)]
        if not gone:
            continue
        name = plain if len(gone) == 2 else gone[0]
        needed = part in REQUIRED_BONES
        out.append((name, "needed: without it nothing moves" if needed else _WITHOUT[plain]))
    return out


def decode(text: str) -> BoneMap:
    """A map from its file's text. Raises BoneMapError, which says what is wrong with it."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BoneMapError(f"it is not JSON ({error})") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BoneMapError(f'it is no bone map: "format" is not "{FORMAT}"')
    if data.get("version") != VERSION:
        raise BoneMapError(f"its version is {data.get('version')!r}, and this add-on reads {VERSION}")
    bones = _names(data, "bones")
    unknown = [part for part in bones if part not in PARTS]
    if unknown:
        raise BoneMapError(f"it names parts that there are not: {', '.join(unknown[:3])}")
    limbs = data.get("limbs", [])
    requires = data.get("requires", [])
    if not isinstance(limbs, list) or not isinstance(requires, list) or not all(map(_is_name, requires)):
        raise BoneMapError('"limbs" and "requires" must be lists')
    name = data.get("name", "")
    return BoneMap(
        name if _is_name(name) else "Custom",
        bones,
        _names(data, "keyed"),
        tuple(_limb(limb) for limb in limbs),
        tuple(requires),
    )


def encode(bone_map: BoneMap) -> str:
    """The map as its file's text."""
    data = {"format": FORMAT, "version": VERSION, "name": bone_map.name}
    if bone_map.requires:
        data["requires"] = list(bone_map.requires)
    data["bones"] = {part: bone for part, bone in bone_map.bones.items() if bone}
    if bone_map.keyed:
        data["keyed"] = dict(bone_map.keyed)
    if bone_map.limbs:
        data["limbs"] = [
            {key: value for key, value in vars(limb).items() if value} for limb in bone_map.limbs
        ]
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def read(path: Path) -> BoneMap:
    """A map from a file. Raises BoneMapError."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise BoneMapError(f"{path} is no bone map: it is larger than {_LARGEST_BYTES // 1000} kB.")
        text = path.read_text("utf-8")
    except OSError as error:
        raise BoneMapError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BoneMapError(f"{path} is no bone map: it is not text.") from error
    try:
        return decode(text)
    except BoneMapError as error:
        raise BoneMapError(f"{path} cannot be used: {error}.") from error


def write(path: Path, bone_map: BoneMap) -> None:
    """Write a map to a file. Raises BoneMapError."""
    try:
        path.write_text(encode(bone_map), "utf-8", newline="\n")
    except OSError as error:
        raise BoneMapError(f"{path} cannot be written: {error.strerror}.") from error


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME


def _names(data: dict, key: str) -> dict[str, str]:
    names = data.get(key, {})
    if not isinstance(names, dict) or not all(bone == "" or _is_name(bone) for bone in names.values()):
        raise BoneMapError(f'"{key}" must give a bone\'s name for each part')
    return dict(names)


def _limb(data: object) -> IkLimb:
    if not isinstance(data, dict) or not {"part", "end"} <= data.keys() <= set(IkLimb.__dataclass_fields__):
        raise BoneMapError('an entry of "limbs" is no limb')
    values = {}
    for key, value in data.items():
        several = key in ("switch", "pole_switch", "chain")
        names = value if several and isinstance(value, list) else [value]
        if not all(map(_is_name, names)) or (key.endswith("switch") and len(names) != 2):
            raise BoneMapError(f'"{key}" of a limb is {value!r}, which is no bone')
        values[key] = tuple(names) if several else value
    if values["part"] not in SEGMENTS:
        raise BoneMapError(f"it names parts that there are not: {values['part']}")
    return IkLimb(**values)
