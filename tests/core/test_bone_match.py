"""Names to sides and keys, maps by names and by shape, and what a map lacks; skeletons are made by hand."""

import numpy as np
import pytest

from mocap_core.bone_map import BODY_PARTS, BoneMap, missing
from mocap_core.bone_match import find
from mocap_core.bone_names import key, keys
from mocap_core.bone_shape import Bones
from mocap_core.skeleton import HUMANOID, REQUIRED_BONES

AS_IS = np.eye(3)
Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
PLAIN = BoneMap("Plain", {part: part for part in BODY_PARTS})
HEADS = {
    "hips": (0, 0, 0.95),
    "spine": (0, 0, 1.05),
    "chest": (0, 0, 1.17),
    "upperChest": (0, 0, 1.28),
    "neck": (0, 0, 1.42),
    "head": (0, 0, 1.50),
    "leftShoulder": (0.03, 0, 1.38),
    "leftUpperArm": (0.17, 0, 1.39),
    "leftLowerArm": (0.44, 0.01, 1.39),
    "leftHand": (0.69, 0, 1.39),
    "leftUpperLeg": (0.09, 0, 0.90),
    "leftLowerLeg": (0.09, -0.01, 0.49),
    "leftFoot": (0.09, 0.02, 0.08),
    "leftToes": (0.10, -0.11, 0.02),
}
ENDS = {"head": (0, 0, 1.7), "leftHand": (0.78, 0, 1.39), "leftToes": (0.10, -0.18, 0.02)}


def skeleton(names=lambda part: part, without=(), also=(), axes=AS_IS, scale=1.0):
    """Bones of a body whose bones are called so. also: (name, parent's name, head) of others."""
    places = {part: np.array(place, float) for part, place in HEADS.items()}
    ends = {part: np.array(place, float) for part, place in ENDS.items()}
    for table in (places, ends):
        for part in [part for part in table if part.startswith("left")]:
            table["right" + part[4:]] = table[part] * [-1, 1, 1]
    parts = [part for part in BODY_PARTS if part not in without]
    above, tails = [], []
    for part in parts:
        parent = HUMANOID[part]
        while parent is not None and parent not in parts:
            parent = HUMANOID[parent]
        above.append(-1 if parent is None else parts.index(parent))
        below = next((child for child in parts if HUMANOID[child] == part), None)
        tails.append(ends[part] if part in ends else places[below] if below else places[part] + [0, 0, 0.1])
    called = [names(part) for part in parts]
    heads = [places[part] for part in parts]
    for name, parent, head in also:
        above.append(called.index(parent))
        called.append(name)
        heads.append(np.array(head, float))
        tails.append(heads[-1] + [0, 0, 0.05])
    return Bones(tuple(called), np.array(above), np.array(heads) @ axes.T * scale, np.array(tails) @ axes.T * scale)


def numbered(part):
    return f"Bone.{sorted(BODY_PARTS, key=hash_of).index(part):03}"


def hash_of(part):
    return part[::-1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("leftUpperArm", ("left", "upperarm")),
        ("mixamorig:LeftForeArm", ("left", "forearm")),
        ("mixamorig12:RightHand", ("right", "hand")),
        ("upper_arm.L", ("left", "upperarm")),
        ("upperarm_r", ("right", "upperarm")),
        ("UPPER-ARM_R", ("right", "upperarm")),
        ("lThighBend", ("left", "thighbend")),
        ("Bip001 L Forearm", ("left", "bip1forearm")),
        ("DEF-thigh.L.001", ("left", "defthigh1")),
        ("upperarm_twist_01_l", ("left", "upperarmtwist1")),
        ("leftarm", ("left", "arm")),
        ("LThumb", ("left", "thumb")),
        ("root.x", ("", "root")),
        ("J_Bip_C_Hips", ("", "jbiphips")),
        ("Spine_01", ("", "spine1")),
        ("spine.001", ("", "spine1")),
        ("Armature|Hips", ("", "hips")),
        ("左腕", ("", "左腕")),
        ("Bone.001", ("", "bone1")),
        ("", ("", "")),
    ],
)
def test_a_name_says_its_side_and_a_key_without_spelling(name, expected):
    assert key(name) == expected


def test_numbers_behind_every_name_are_not_looked_at():
    names = ["Hips_00", "Spine_01", "LeftArm_02", "RightArm_03", "Head_04"]
    assert [word for _, word in keys(names)] == ["hips", "spine", "arm", "arm", "head"]
    assert keys(["Spine_01", "Spine_02", "Hips", "Head"])[0] == ("", "spine1")


@pytest.mark.parametrize(
    "names",
    [
        lambda part: part,
        lambda part: f"rig:{part}",
        lambda part: f"Armature_{part}_jnt",
        lambda part: f"{part.removeprefix('left').removeprefix('right')}_{part[0] if part[0] in 'lr' else 'c'}",
        lambda part: f"{part.removeprefix('left').removeprefix('right').upper()}.{part[0] if part[0] in 'lr' else 'x'}",
    ],
)
def test_spelling_and_what_all_names_share_do_not_matter(names):
    match = find(skeleton(names), [PLAIN])
    assert match.bone_map.bones == {part: names(part) for part in BODY_PARTS}
    assert match.notes == ()


def test_the_map_that_explains_most_is_taken():
    joints = {part: part for part in BODY_PARTS} | {"leftShoulder": "leftCollar", "leftUpperArm": "leftShoulder"}
    joints |= {"rightShoulder": "rightCollar", "rightUpperArm": "rightShoulder"}
    known = [PLAIN, BoneMap("Joints", joints)]
    assert find(skeleton(lambda part: joints[part]), known).bone_map.name == "Joints"
    assert find(skeleton(), known).bone_map.name == "Plain"


def test_two_candidates_are_told_and_the_one_that_hangs_right_is_taken():
    twin = skeleton(also=[("Left_Hand", "hips", (0, 0, 1))])
    match = find(twin, [PLAIN])
    assert match.bone_map.bones["leftHand"] == "leftHand" and match.notes == ()
    both = skeleton(
        lambda part: "left hand" if part == "leftHand" else part,
        also=[("Left_Hand", "leftLowerArm", (0.7, 0, 1.39))],
    )
    (note,) = find(both, [PLAIN]).notes
    assert "leftHand" in note and "left hand and Left_Hand" in note and "left hand was taken" in note


def test_what_does_not_hang_from_the_part_above_is_left_out():
    loose = skeleton(without=("leftToes",), also=[("leftToes", "hips", (0.1, -0.1, 0))])
    match = find(loose, [PLAIN])
    assert "leftToes" not in match.bone_map.bones
    assert any("leftToes does not hang from leftFoot" in note for note in match.notes)


def test_hips_beside_the_back_give_way_to_what_both_hang_from():
    bones = skeleton(lambda part: "cog" if part == "hips" else part, also=[("hips", "cog", (0, 0, 0.9))])
    match = find(bones, [PLAIN])
    assert match.bone_map.bones["hips"] == "cog"
    assert any("cog is taken as the hips" in note for note in match.notes)


@pytest.mark.parametrize("axes", [AS_IS, Y_UP, np.diag([-1.0, -1, 1])], ids=["z up", "y up", "turned round"])
@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("without", [(), ("leftShoulder", "rightShoulder", "neck", "upperChest")])
def test_shape_tells_where_names_say_nothing(axes, scale, without):
    found = find(skeleton(numbered, without, axes=axes, scale=scale), [PLAIN]).bone_map
    assert found.name == "By shape"
    assert found.bones == {part: numbered(part) for part in BODY_PARTS if part not in without}


def test_shape_fills_in_what_names_leave_open():
    odd = {"leftLowerArm": "Zig", "rightLowerArm": "Zag"}
    found = find(skeleton(lambda part: odd.get(part, part)), [PLAIN]).bone_map
    assert found.name == "Plain"
    assert found.bones == {part: odd.get(part, part) for part in BODY_PARTS}


@pytest.mark.parametrize("count", [0, 1, 6, 40])
def test_a_tail_is_no_humanoid(count):
    heads = np.array([[0.0, 0.1 * number, 1.0] for number in range(count)]).reshape(-1, 3)
    names = tuple(f"tail{number}" for number in range(count))
    chain = Bones(names, np.arange(count) - 1, heads, heads + np.array([0, 0.1, 0]))
    assert find(chain, [PLAIN]).bone_map.bones == {}


def test_a_table_is_no_humanoid():
    heads = np.array([(0, 0, 1)] + [(x, y, 1) for x in (-1, 1) for y in (-1, 1) for _ in range(2)], float)
    tails = heads - [0, 0, 0.5]
    table = Bones(tuple(f"leg{n}" for n in range(9)), np.array([-1, 0, 1, 0, 3, 0, 5, 0, 7]), heads, tails)
    assert not set(find(table, [PLAIN]).bone_map.bones) & {"head", "spine"}


def test_twist_bones_are_found_along_their_segment():
    bones = skeleton(
        also=[
            ("leftUpperArm_roll", "leftUpperArm", (0.2, 0, 1.39)),
            ("leftUpperArm_twist2", "leftUpperArm", (0.35, 0, 1.39)),
            ("twist_of_the_hair", "head", (0, 0, 1.7)),
        ]
    )
    found = find(bones, [PLAIN]).bone_map.bones
    assert found["leftUpperArmTwist1"] == "leftUpperArm_roll"
    assert found["leftUpperArmTwist2"] == "leftUpperArm_twist2"
    assert "twist_of_the_hair" not in found.values()


def test_what_a_map_lacks_is_told_with_its_effect():
    bones = {part: part for part in BODY_PARTS if part not in ("leftToes", "rightToes", "rightHand", "chest")}
    assert missing(bones) == [
        ("chest", "the back bends in fewer places"),
        ("rightHand", "hands stay in line with the forearms"),
        ("Toes", "feet stay flat"),
    ]
    assert {part for part, _ in missing({})} >= {"hips", "UpperArm", "head"}
    assert all(effect for _, effect in missing({}))
    assert not {part for part, _ in missing({part: part for part in REQUIRED_BONES})} & set(REQUIRED_BONES)
