"""The default character, measured from its file as Blender imports it."""

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

ASSETS = Path(__file__).resolve().parents[2] / "addon" / "assets"
GLB = ASSETS / "default_model.glb"

FINGERS = {
    "Thumb": ("Metacarpal", "Proximal", "Distal"),
    **{name: ("Proximal", "Intermediate", "Distal") for name in ("Index", "Middle", "Ring", "Little")},
}
LIMBS = (("Shoulder", "UpperArm", "LowerArm", "Hand"), ("UpperLeg", "LowerLeg", "Foot", "Toes"))


def humanoid():
    """VRM 1.0's bones as {name: parent}."""
    trunk = ["hips", "spine", "chest", "upperChest", "neck", "head"]
    parents = {"hips": None} | {b: a for a, b in pairwise(trunk)}
    for side in ("left", "right"):
        for root, limb in zip(("upperChest", "hips"), LIMBS, strict=True):
            chain = [root] + [side + bone for bone in limb]
            parents |= {b: a for a, b in pairwise(chain)}
        for finger, segments in FINGERS.items():
            chain = [f"{side}Hand"] + [side + finger + segment for segment in segments]
            parents |= {b: a for a, b in pairwise(chain)}
    return parents


@pytest.fixture
def character():
    """Imported into an empty scene: rig, body, and its mesh welded where the file splits it for UVs."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(GLB))
    rig = bpy.data.objects["MocapCharacter"]
    (body,) = [child for child in rig.children if child.type == "MESH"]
    vertices = positions(body.data)
    _, first, number = np.unique(np.round(vertices, 6), axis=0, return_index=True, return_inverse=True)
    number = number.reshape(-1)
    faces = np.empty(len(body.data.polygons) * 3, np.int32)
    body.data.polygons.foreach_get("vertices", faces)
    faces = number[faces.reshape(-1, 3)]
    return SimpleNamespace(rig=rig, body=body, first=first, faces=faces, vertices=vertices[first])


def positions(mesh):
    """(V, 3)"""
    flat = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(float)


def posed(character, turns):
    """The welded vertices (V, 3) in armature space; turns: (bone, axis in armature space, degrees)."""
    from mathutils import Quaternion, Vector

    for bone, axis, angle_deg in turns:
        rest = character.rig.data.bones[bone].matrix_local.to_quaternion()
        turn = Quaternion(Vector(axis), np.radians(angle_deg))
        pose = character.rig.pose.bones[bone]
        pose.rotation_mode = "QUATERNION"
        pose.rotation_quaternion = rest.inverted() @ turn @ rest
    bpy.context.view_layer.update()
    evaluated = character.body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    vertices = positions(evaluated.to_mesh())[character.first]
    to_rig = np.array(character.rig.matrix_world.inverted() @ character.body.matrix_world)
    return vertices @ to_rig[:3, :3].T + to_rig[:3, 3]


def head_of(character, bone):
    return np.array(character.rig.data.bones[bone].head_local)


def direction(character, start, end):
    d = head_of(character, end) - head_of(character, start)
    return d / np.linalg.norm(d)


def left_arm(character):
    """The faces of the closed shell that holds the tip of the left middle finger."""
    parent = np.arange(len(character.vertices))
    while True:
        lowest = parent[character.faces].min(axis=1)
        before = parent.copy()
        for corner in range(3):
            np.minimum.at(parent, character.faces[:, corner], lowest)
        parent = parent[parent]
        if (parent == before).all():
            break
    tip = character.vertices[:, 0].argmax()
    return character.faces[parent[character.faces[:, 0]] == parent[tip]]


def section_m2(vertices, faces, point, normal):
    """Area of the solid's cut by a plane: of all points that the closed surface winds round."""
    normal = np.asarray(normal, float) / np.linalg.norm(normal)
    u = np.cross(normal, [0, 0, 1])
    u /= np.linalg.norm(u)
    v = np.cross(normal, u)
    height = (vertices - point) @ normal
    edges = []
    for face in faces[(height[faces].min(axis=1) < 0) & (height[faces].max(axis=1) >= 0)]:
        ends = [None, None]
        for a, b in ((0, 1), (1, 2), (2, 0)):
            a, b = face[a], face[b]
            if (height[a] < 0) != (height[b] < 0):
                t = height[a] / (height[a] - height[b])
                p = vertices[a] * (1 - t) + vertices[b] * t - point
                ends[int(height[a] < 0)] = (p @ u, p @ v)
        edges.append(ends)
    cell = 0.0008
    line = np.arange(-0.12, 0.12, cell)
    x, y = (g.ravel() for g in np.meshgrid(line, line))
    winding = np.zeros(len(x))
    for (x0, y0), (x1, y1) in edges:
        up, down = (y0 <= y) & (y < y1), (y1 <= y) & (y < y0)
        crossed = up | down
        at = x0 + (y[crossed] - y0) / ((y1 - y0) or 1) * (x1 - x0)
        winding[crossed] += np.where(at > x[crossed], np.where(up[crossed], 1, -1), 0)
    return (winding != 0).sum() * cell**2


def test_section_of_a_cube_is_its_side_squared():
    corners = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * 0.06 - 0.03
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    assert section_m2(corners, faces, np.zeros(3), (1, 0, 0)) == pytest.approx(0.06**2, rel=0.03)
    assert section_m2(corners, faces, np.zeros(3), (1, 1, 0)) == pytest.approx(0.06**2 * 2**0.5, rel=0.03)


def test_bones_are_the_vrm_humanoid(character):
    bones = {b.name: b.parent and b.parent.name for b in character.rig.data.bones}
    assert bones == humanoid()


def test_stands_in_a_t_pose_facing_minus_y(character):
    v = posed(character, [])
    assert v[:, 2].min() == pytest.approx(0, abs=0.001)
    assert v[:, 2].max() == pytest.approx(1.70, abs=0.003)
    for side, x in (("left", 1), ("right", -1)):
        for a, b in (("UpperArm", "LowerArm"), ("LowerArm", "Hand")):
            assert direction(character, side + a, side + b) @ (x, 0, 0) > np.cos(np.radians(1))
        assert direction(character, side + "Hand", side + "MiddleProximal") @ (x, 0, 0) > np.cos(
            np.radians(7)
        )
        for a, b in (("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot")):
            assert direction(character, side + a, side + b) @ (0, 0, -1) > np.cos(np.radians(5))
        assert direction(character, side + "Foot", side + "Toes")[1] < -0.8
    assert np.allclose(character.rig.matrix_world, np.eye(4), atol=1e-6)


def test_bones_point_at_their_children(character):
    for a, b in pairwise(["leftUpperArm", "leftLowerArm", "leftHand"]):
        bone = character.rig.data.bones[a]
        assert (np.array(bone.tail_local) - head_of(character, b)) == pytest.approx(np.zeros(3), abs=1e-4)


def test_two_sides_mirror(character):
    for bone in character.rig.data.bones:
        if bone.name.startswith("left"):
            other = head_of(character, "right" + bone.name[4:])
            assert head_of(character, bone.name) == pytest.approx(other * (-1, 1, 1), abs=1e-6)


def test_every_edge_has_two_faces_that_agree_which_side_is_out(character):
    sides = Counter((int(a), int(b)) for f in character.faces for a, b in zip(f, np.roll(f, -1), strict=True))
    assert all(n == 1 and sides[b, a] == 1 for (a, b), n in sides.items())
    p, q, r = np.moveaxis(character.vertices[character.faces], 1, 0)
    volume_m3 = np.einsum("ni,ni->n", p, np.cross(q, r)).sum() / 6
    assert 0.05 < volume_m3 < 0.11  # a person of 1.7 m, the clothes counted where they cover limbs


def test_at_most_four_weights_that_sum_to_one(character):
    bones = {b.name for b in character.rig.data.bones}
    names = [g.name for g in character.body.vertex_groups]
    assert set(names) <= bones
    for vertex in character.body.data.vertices:
        weights = [g.weight for g in vertex.groups if g.weight > 0]
        assert 1 <= len(weights) <= 4
        assert sum(weights) == pytest.approx(1, abs=1e-3)


def test_uvs_cover_the_square_and_materials_are_plain_colours(character):
    layer = character.body.data.uv_layers.active.data
    uv = np.empty(len(layer) * 2, np.float32)
    layer.foreach_get("uv", uv)
    uv = uv.reshape(-1, 3, 2)
    assert uv.min() >= -1e-4 and uv.max() <= 1 + 1e-4
    a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2
    assert 0.3 < area.sum() < 1.001
    assert (area > 1e-9).mean() > 0.99
    colours = set()
    for slot in character.body.material_slots:
        shader = slot.material.node_tree.nodes["Principled BSDF"]
        colours.add(tuple(round(c, 3) for c in shader.inputs["Base Color"].default_value[:3]))
    assert len(colours) >= 10


def test_landmarks_lie_on_the_body(character):
    table = json.loads(GLB.with_suffix(".landmarks.json").read_text(encoding="utf-8"))
    from mathutils import Vector

    place = {
        name: np.array(character.rig.data.bones[mark["bone"]].matrix_local @ Vector(mark["offset"]))
        for name, mark in table.items()
    }
    assert len(place) == 21
    skin = posed(character, [])
    for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear"):
        assert np.linalg.norm(skin - place[name], axis=1).min() < 0.008, name
    joints = {
        "shoulder": "UpperArm",
        "elbow": "LowerArm",
        "wrist": "Hand",
        "hip": "UpperLeg",
        "knee": "LowerLeg",
    }
    joints |= {"ankle": "Foot", "hand": "MiddleProximal", "toe": "Toes"}
    for side in ("left", "right"):
        for joint, bone in joints.items():
            assert place[f"{side}_{joint}"] == pytest.approx(head_of(character, side + bone), abs=1e-4)
    assert place["nose"][1] < place["left_eye"][1] < place["left_ear"][1]  # faces −Y
    assert place["left_ear"][0] > place["left_eye"][0] > place["nose"][0] + 0.02


@pytest.mark.parametrize("bend_deg", [60, 90, 120])
def test_bent_elbow_keeps_its_section(character, bend_deg):
    arm = left_arm(character)
    elbow = head_of(character, "leftLowerArm")
    upper = np.array([1.0, 0, 0])
    fore = np.array([np.cos(np.radians(bend_deg)), -np.sin(np.radians(bend_deg)), 0])
    rest = posed(character, [])
    bent = posed(character, [("leftLowerArm", (0, 0, 1), -bend_deg)])
    at_joint = section_m2(bent, arm, elbow, upper + fore) / section_m2(rest, arm, elbow, upper)
    assert at_joint >= 0.85
    for along in (0.02, 0.04, 0.06, 0.08):
        before = section_m2(rest, arm, elbow - along * upper, upper)
        assert section_m2(bent, arm, elbow - along * upper, upper) >= 0.85 * before
        before = section_m2(rest, arm, elbow + along * upper, upper)
        assert section_m2(bent, arm, elbow + along * fore, fore) >= 0.85 * before


def forearm_sections(character, turns):
    """Posed over rest areas from above the elbow to the hand."""
    arm = left_arm(character)
    elbow, wrist = head_of(character, "leftLowerArm"), head_of(character, "leftHand")
    rest = posed(character, [])
    twisted = posed(character, turns)
    along = np.linspace(elbow[0] - 0.06, wrist[0] + 0.03, 24)
    places = [np.array([x, elbow[1], elbow[2]]) for x in along]
    ratios = [section_m2(twisted, arm, p, (1, 0, 0)) / section_m2(rest, arm, p, (1, 0, 0)) for p in places]
    return along, np.array(ratios)


@pytest.mark.parametrize("bone", ["leftLowerArm", "leftHand"])
def test_twist_of_90_degrees_leaves_the_forearm_whole(character, bone):
    along, ratios = forearm_sections(character, [(bone, (1, 0, 0), 90)])
    elbow, wrist = head_of(character, "leftLowerArm")[0], head_of(character, "leftHand")[0]
    assert ratios[(along > elbow + 0.06) & (along < wrist - 0.03)].min() > 0.97
    # Half is what a linear blend of two bones leaves at the joint itself: 1 − 2w + 2w² at w = ½.
    assert ratios.min() > 0.49


def test_forearm_twisted_by_90_degrees_over_elbow_and_wrist_keeps_its_section(character):
    half = ("leftLowerArm", (1, 0, 0), 45), ("leftHand", (1, 0, 0), 45)
    _, ratios = forearm_sections(character, half)
    assert ratios.min() > 0.84


@pytest.mark.slow
@pytest.mark.skipif(bpy.app.version[:2] != (5, 0), reason="the file that ships was made with Blender 5.0")
def test_script_makes_the_file_that_ships(tmp_path):
    out = tmp_path / "made ä.glb"
    script = ASSETS / "make_default_model.py"
    subprocess.run(
        [sys.executable, str(script), "--out", str(out)], check=True, timeout=300, capture_output=True
    )
    made, shipped = (json.loads(p.with_suffix(".landmarks.json").read_text("utf-8")) for p in (out, GLB))
    assert made == shipped
    assert abs(out.stat().st_size - GLB.stat().st_size) < 0.01 * GLB.stat().st_size
