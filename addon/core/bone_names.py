"""What bone names say: the side and a key that does not depend on spelling, and maps found by such keys.

`mixamorig:LeftForeArm`, `forearm_l`, `ForeArm.L` and `Bip001 L Forearm` all have the side "left" and a key that
ends in "forearm"; what rigs put before or after, the same for every bone, is found by trying.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\dA-Za-z_]+")
_NUMBERED = re.compile(r"_\d+$")
_SIDE = {"l": "left", "left": "left", "lft": "left", "r": "right", "right": "right", "rgt": "right"}
_MIDDLE = {"c", "x", "m", "mid", "center", "centre"}  # "root.x", "J_Bip_C_Hips"

# (side, key); the side is "" for a bone in the middle.
Key = tuple[str, str]


def keys(names: Sequence[str]) -> list[Key]:
    """The keys of an armature's bones, in order.

    A number behind every name, as Sketchfab's exporter leaves it, is not looked at.
    """
    numbers = [match.group() for match in map(_NUMBERED.search, names) if match]
    if len(numbers) > 0.9 * len(names) and len(set(numbers)) == len(numbers) > 3:
        names = [_NUMBERED.sub("", name) for name in names]
    return [key(name) for name in names]


def key(name: str) -> Key:
    """The side and the key of one name."""
    words = [word.lower() for word in _WORDS.findall(re.split("[:|]", name)[-1])]
    words = [str(int(word)) if word.isdecimal() else word for word in words]
    side = ""
    for place in _side_places(words):
        side = _SIDE[words[place]]
        del words[place]
        break
    else:
        for place, word in enumerate(words):  # "leftarm"
            for prefix in ("left", "right"):
                if word.startswith(prefix) and len(word) > len(prefix) + 2:
                    side, words[place] = prefix, word[len(prefix) :]
    kept = [word for place, word in enumerate(words) if place == 0 or word not in _MIDDLE]
    return side, "".join(kept)


def _side_places(words: list[str]) -> list[int]:
    """Where a side is said: at the end, at the beginning, then anywhere; whole words before letters."""
    last = len(words) - 1
    while last > 0 and words[last].isdecimal():  # "DEF-thigh.L.001"
        last -= 1
    order = [last, 0, *range(1, last)] if words else []
    found = [place for place in order if words[place] in _SIDE]
    return sorted(found, key=lambda place: len(words[place]) == 1)


def affixes(found: Sequence[Key], wanted: Mapping[str, Key]) -> list[tuple[str, str]]:
    """What the bones' keys have before and behind the wanted ones, likeliest first.

    wanted: part → key. One that explains more parts is likelier; nothing at all is likelier than something.
    """
    explained: dict[tuple[str, str], set[str]] = {("", ""): set()}
    for part, (side, word) in wanted.items():
        for bone_side, bone_word in found:
            place = bone_word.find(word) if bone_side == side else -1
            if place >= 0:
                affix = bone_word[:place], bone_word[place + len(word) :]
                explained.setdefault(affix, set()).add(part)
    counts = Counter({affix: len(parts) for affix, parts in explained.items()})
    return sorted(counts, key=lambda affix: (-counts[affix], len(affix[0]) + len(affix[1])))[:3]
