"""The map's file: what is written is read again, and what is no map is told in a sentence."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocap_core import bone_map
from mocap_core.bone_map import PARTS, BoneMap, BoneMapError, IkLimb

RIGS = Path(__file__).parents[2] / "addon" / "rigs"
LIMB = IkLimb("leftUpperArm", "hand_ik", ("switches", "IK_FK"), "base", "pole", ("switches", "pole"), ("a", "b"))


@given(
    st.text(min_size=1, max_size=40),
    st.dictionaries(st.sampled_from(PARTS), st.text(min_size=1, max_size=40)),
    st.booleans(),
)
def test_what_is_written_is_read_again(name, bones, controls):
    limbs, keyed = ((LIMB,), {"hips": "torso", "spine": ""}) if controls else ((), {})
    written = BoneMap(name, bones, keyed, limbs, ("torso",) if controls else ())
    assert bone_map.decode(bone_map.encode(written)) == written


def test_a_file_has_its_format_and_version(tmp_path):
    path = tmp_path / "mine ä.json"
    bone_map.write(path, BoneMap("Mine", {"hips": "Hüfte"}))
    assert json.loads(path.read_text("utf-8")) == {
        "format": "mocap bone map",
        "version": 1,
        "name": "Mine",
        "bones": {"hips": "Hüfte"},
    }
    assert bone_map.read(path).bones == {"hips": "Hüfte"}


@pytest.mark.parametrize("path", sorted(RIGS.glob("*.json")), ids=lambda path: path.stem)
def test_maps_that_ship_can_be_used(path):
    shipped = bone_map.read(path)
    assert not [part for part, effect in bone_map.missing(shipped.bones) if effect.startswith("needed")]
    assert len(set(shipped.bones.values())) == len(shipped.bones)
    assert bone_map.encode(shipped) == path.read_text("utf-8")


GOOD = {"format": "mocap bone map", "version": 1, "name": "x", "bones": {"hips": "Hips"}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"hello", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe\x00", "not text"),
        (b"[]", "no bone map"),
        (b"{}", "no bone map"),
        (GOOD | {"version": 2}, "its version is 2"),
        (GOOD | {"bones": ["Hips"]}, '"bones"'),
        (GOOD | {"bones": {"hips": 5}}, '"bones"'),
        (GOOD | {"bones": {"tail": "Tail"}}, "tail"),
        (GOOD | {"bones": {"hips": "x" * 500}}, '"bones"'),
        (GOOD | {"keyed": {"hips": None}}, '"keyed"'),
        (GOOD | {"limbs": [{"part": "leftUpperArm"}]}, "no limb"),
        (GOOD | {"limbs": [{"part": "leftUpperArm", "end": "x", "run": "this"}]}, "no limb"),
        (GOOD | {"limbs": [{"part": "nose", "end": "x"}]}, "nose"),
        (GOOD | {"limbs": [{"part": "leftUpperArm", "end": "x", "switch": ["one"]}]}, '"switch"'),
        (GOOD | {"limbs": "all"}, '"limbs"'),
        (GOOD | {"requires": [1]}, '"requires"'),
        (b" " * 1_100_000, "larger"),
    ],
)
def test_what_is_no_map_is_told_in_a_sentence(tmp_path, content, words):
    path = tmp_path / "map.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(BoneMapError, match=r"map\.json") as caught:
        bone_map.read(path)
    assert words in str(caught.value) and str(caught.value).endswith(".")


def test_a_file_that_is_not_there_or_cannot_be_written_is_told(tmp_path):
    with pytest.raises(BoneMapError, match="cannot be read"):
        bone_map.read(tmp_path / "absent.json")
    with pytest.raises(BoneMapError, match="cannot be written"):
        bone_map.write(tmp_path / "absent" / "map.json", BoneMap("x", {}))
