"""Exports, read back: joints and the skin within 1 mm, rotations within 0.1° of the Action at every frame."""

import json
import os
import shutil
import struct
import subprocess
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

import dump  # noqa: E402
import rigs  # noqa: E402

VALIDATOR = Path(__file__).parent / "fixtures" / "validate_gltf.js"
FIRST = 11
# The frame that the take's first one has after reading back with Blender's importers.
READ_BACK_FIRST = {"GLB": 0, "FBX": FIRST + 1, "BVH": 1}
SUFFIXES = {"GLB": ".glb", "FBX": ".fbx", "BVH": ".bvh", "CSV": ".csv", "NPZ": ".npz"}
PRESETS = {"GLB": ["BLENDER"], "FBX": ["BLENDER", "UNREAL", "UNITY"], "BVH": ["BLENDER"]}
READERS = {
    "GLB": lambda path: bpy.ops.import_scene.gltf(filepath=path, disable_bone_shape=True),
    "FBX": lambda path: bpy.ops.import_scene.fbx(filepath=path),
    "BVH": lambda path: bpy.ops.import_anim.bvh(filepath=path, frame_start=1, rotate_mode="QUATERNION"),
}


@pytest.fixture
def take(session, character, actor, sender):
    """A second's take from frame 11 on, on a character that stands elsewhere, beside things of the user's."""
    scene = bpy.context.scene
    scene.render.fps = 30
    scene.frame_set(FIRST)
    character.location, character.rotation_mode = (0.4, -0.3, 0.0), "XYZ"
    character.rotation_euler = (0.0, 0.0, 0.6)
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.name = "The user's cube"
    bpy.context.object.keyframe_insert("location", frame=1)
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:30])
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    return session.last_take


def world_poses(armature, bones, frames):
    """Heads (F, B, 3) and rotations from rest (F, B, 3, 3), both in the world."""
    world = np.array(armature.matrix_world)
    rest = _rotations(world @ np.array([armature.data.bones[name].matrix_local for name in bones]))
    heads, turned = [], []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = np.array(armature.matrix_world) @ np.array(
            [armature.pose.bones[name].matrix for name in bones]
        )
        heads.append(posed[:, :3, 3])
        turned.append(_rotations(posed) @ np.swapaxes(rest, -1, -2))
    return np.array(heads), np.array(turned)


def _rotations(matrices):
    axes = matrices[..., :3, :3]
    return axes / np.linalg.norm(axes, axis=-2, keepdims=True)


def angles_deg(a, b):
    relative = np.swapaxes(a, -1, -2) @ b
    skew = np.stack([relative[..., i, j] - relative[..., j, i] for i, j in ((2, 1), (0, 2), (1, 0))], -1)
    return np.degrees(np.arcsin(np.clip(np.linalg.norm(skew, axis=-1) / 2, 0, 1)))


def skin(armature, frames):
    """World points (F, V, 3) of the armature's mesh, as Blender has deformed it."""
    mesh = next(item for item in bpy.data.objects if item.type == "MESH" and item.find_armature() == armature)
    out = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        seen = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
        points = np.empty(3 * len(seen.data.vertices), np.float32)
        seen.data.vertices.foreach_get("co", points)
        world = np.array(seen.matrix_world)
        out.append(points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3])
    return np.array(out)


def farthest(skin, points):
    """How far the points (F, P, 3) are from the same of a skin (F, V, 3); glTF has them in another order."""
    same = [int(np.argmin(np.linalg.norm(skin[0] - point, axis=-1))) for point in points[0]]
    return np.linalg.norm(skin[:, same] - points, axis=-1).max()


def read_back(path, kind):
    """The armature that the file brings, alone with what belongs to it."""
    before = set(bpy.data.objects)
    READERS[kind](str(path))
    return next(item for item in set(bpy.data.objects) - before if item.type == "ARMATURE")


def body(actor):
    return [name for name in actor.rig.bones if not any(f in name for f in ("Thumb", "Proximal", "Distal"))]


@pytest.mark.parametrize("kind", ["GLB", "FBX", "BVH"])
def test_read_back_motion_is_the_actions(take, character, actor, tmp_path, kind):
    """With the way over the floor on the bones, for every preset, on a character with a scale."""
    bones, frames = body(actor), take.frames.tolist()
    character.scale = (1.1, 1.1, 1.1)
    bpy.context.view_layer.update()
    heads, turned = world_poses(character, bones, frames)
    points = skin(character, frames[::7])[:, ::97]
    for preset in PRESETS[kind]:
        path = tmp_path / "mit Leerzeichen ä" / f"{preset}.{kind.lower()}"
        bpy.ops.mocap.export(filepath=str(path), format=kind, preset=preset)
        found = read_back(path, kind)
        read = range(READ_BACK_FIRST[kind], READ_BACK_FIRST[kind] + len(frames))
        read_heads, read_turned = world_poses(found, bones, read)
        assert np.linalg.norm(read_heads - heads, axis=-1).max() < 0.001
        assert angles_deg(read_turned, turned).max() < 0.1
        if kind != "BVH":
            assert farthest(skin(found, read[::7]), points) < 0.001


@pytest.mark.parametrize("kind", ["GLB", "FBX"])
def test_with_root_motion_on_the_object_the_hips_stay_above_it(take, character, actor, tmp_path, kind):
    bones, frames = body(actor), take.frames.tolist()
    heads, _ = world_poses(character, bones, frames)
    points = skin(character, frames[::7])[:, ::97]
    for preset in PRESETS[kind]:
        path = tmp_path / f"{preset}.{kind.lower()}"
        bpy.ops.mocap.export(filepath=str(path), format=kind, preset=preset, root_motion="OBJECT")
        found = read_back(path, kind)
        read = range(READ_BACK_FIRST[kind], READ_BACK_FIRST[kind] + len(frames))
        read_heads, _ = world_poses(found, bones, read)
        assert np.linalg.norm(read_heads - heads, axis=-1).max() < 0.001
        assert farthest(skin(found, read[::7]), points) < 0.001
        placed = []
        for frame in read:
            bpy.context.scene.frame_set(frame)
            placed.append(found.matrix_world.translation[:2])
        beside = heads[:, bones.index("hips"), :2] - np.array(placed)
        assert np.ptp(np.linalg.norm(beside, axis=-1)) < 0.001 < np.ptp(placed, axis=0).max()


def test_engines_get_objects_without_scale_and_rotation(take, character, tmp_path):
    """In the file: its nodes' transforms, units and axes, and Unreal's name that makes no bone."""
    for preset, root, name, unit, up in (
        ("UNREAL", "BONE", "Armature", 1.0, 2),
        ("UNREAL", "OBJECT", "root", 1.0, 2),
        ("UNITY", "BONE", character.name, 100.0, 1),
    ):
        path = tmp_path / f"{preset} {root}.fbx"
        bpy.ops.mocap.export(filepath=str(path), format="FBX", preset=preset, root_motion=root)
        fbx = fbx_of(path)
        settings, models = fbx["settings"], fbx["models"]
        assert settings["UnitScaleFactor"] == unit and settings["UpAxis"] == up
        assert name in models
        for properties in models.values():
            assert np.allclose(properties.get("Lcl Scaling", (1, 1, 1)), 1, atol=1e-4)
        for key in models.keys() - character.data.bones.keys():  # the character's turn about the file's up is all
            turned = np.array(models[key].get("Lcl Rotation", (0, 0, 0)))
            assert np.allclose(turned[[axis for axis in range(3) if axis != up]], 0, atol=1e-3), key
        assert not any(model.endswith("_end") for model in models)


def fbx_of(path):
    """The file's global settings and its models' properties, by name."""
    root, _ = import_module("io_scene_fbx.parse_fbx").parse(str(path))

    def properties(element):
        (table,) = [child for child in element.elems if child.id == b"Properties70"]
        out = {}
        for row in table.elems:
            values = row.props[4:]
            out[row.props[0].decode()] = values[0] if len(values) == 1 else tuple(values)
        return out

    sections = {element.id: element for element in root.elems}
    models = [element for element in sections[b"Objects"].elems if element.id == b"Model"]
    return {
        "settings": properties(sections[b"GlobalSettings"]),
        "models": {model.props[1].split(b"\x00")[0].decode(): properties(model) for model in models},
    }


@pytest.mark.parametrize("kind", ["FBX", "BVH"])
def test_another_rate_samples_the_same_motion(take, character, actor, tmp_path, kind):
    bones = body(actor)
    heads, _ = world_poses(character, bones, take.frames.tolist())
    path = tmp_path / f"take.{kind.lower()}"
    bpy.ops.mocap.export(filepath=str(path), format=kind, fps=60)
    bpy.context.scene.render.fps = 60
    found = read_back(path, kind)
    first = {"FBX": 2 * FIRST + 1, "BVH": 1}[kind]
    read, _ = world_poses(found, bones, range(first, first + 2 * len(take.frames) - 1))
    assert np.linalg.norm(read[::2] - heads, axis=-1).max() < 0.001
    assert np.linalg.norm(read[1::2] - (heads[1:] + heads[:-1]) / 2, axis=-1).max() < 0.01


def test_tables_hold_the_joints_of_every_frame(take, character, actor, tmp_path):
    bones = body(actor)
    heads, turned = world_poses(character, bones, take.frames.tolist())
    bpy.ops.mocap.export(filepath=str(tmp_path / "take.npz"), format="NPZ")
    bpy.ops.mocap.export(filepath=str(tmp_path / "take.csv"), format="CSV")
    with np.load(tmp_path / "take.npz") as table:
        names = table["names"].tolist()
        rows = [names.index(bone) for bone in bones]
        assert table["fps"] == 30 and np.allclose(table["times_s"], np.arange(len(heads)) / 30)
        assert np.abs(table["joints_m"][:, rows] - heads).max() < 1e-5
        trace = 4 * table["rotations_wxyz"][:, rows, 0] ** 2 - 1
        assert np.abs(trace - np.trace(turned, axis1=-2, axis2=-1)).max() < 1e-4
        assert names[0] == "hips" and table["parents"][0] == -1
        assert names[table["parents"][names.index("leftHand")]] == "leftLowerArm"
    header, *lines = (tmp_path / "take.csv").read_text("utf-8").splitlines()
    assert header.startswith("frame,time_s,hips_x_m,hips_y_m,hips_z_m,")
    read = np.array([[float(number) for number in line.split(",")] for line in lines])
    assert read.shape == (len(heads), 2 + 3 * len(names))
    assert np.abs(read[:, 2:5] - heads[:, bones.index("hips")]).max() < 1e-5


def test_a_take_that_was_moved_on_its_track_is_exported_as_it_plays_there(
    take, character, actor, extension, tmp_path
):
    def read():
        bpy.ops.mocap.export(filepath=str(tmp_path / "take.npz"), format="NPZ")
        with np.load(tmp_path / "take.npz") as table:
            return table["joints_m"][:, [table["names"].tolist().index(bone) for bone in body(actor)]]

    heads, _ = world_poses(character, body(actor), take.frames.tolist())
    extension.addon("take_layers").settle(character, character.animation_data.action, True)
    (track,) = character.animation_data.nla_tracks
    strip = track.strips[0]
    strip.frame_start_ui = 100.0
    assert np.abs(read() - heads).max() < 1e-5 and np.ptp(heads, axis=0).max() > 0.1
    strip.scale = 2.0
    assert len(read()) == 2 * len(heads) - 1 and np.abs(read()[::2] - heads).max() < 1e-5
    track.mute = True  # by itself then, where its keys are
    assert np.abs(read() - heads).max() < 1e-5


def test_several_takes_become_a_file_each_of_their_own_motion(take, session, character, actor, sender, tmp_path):
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[30:50])
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    second = session.last_take
    bones = body(actor)
    after, _ = world_poses(character, bones, second.frames.tolist())
    assert character.animation_data.action.name == second.action
    bpy.context.scene.mocap_export.names = "{take}@{fps}"
    takes = [{"name": take.action}, {"name": second.action}]
    bpy.ops.mocap.export(filepath=str(tmp_path / "x"), format="GLB", takes=takes)
    names = [f"{name}@30.glb" for name in (take.action, second.action)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for name, of in zip(names, (take, second), strict=True):
        content = gltf_of(tmp_path / name)
        assert [animation["name"] for animation in content["animations"]] == [of.action]
        counts = {content["accessors"][s["input"]]["count"] for s in content["animations"][0]["samplers"]}
        assert max(counts) == len(of.frames)
    found = read_back(tmp_path / names[1], "GLB")
    read, _ = world_poses(found, bones, range(len(second.frames)))
    assert np.linalg.norm(read - after, axis=-1).max() < 0.001
    with pytest.raises(RuntimeError, match=r"put \{take\} into the names"):
        bpy.context.scene.mocap_export.names = "{character}"
        bpy.ops.mocap.export(filepath=str(tmp_path / "x"), format="GLB", takes=takes)
    with pytest.raises(RuntimeError, match=r"There are \{character\}"):
        bpy.context.scene.mocap_export.names = "{nobody}"
        bpy.ops.mocap.export(filepath=str(tmp_path / "x"), format="GLB", takes=takes)
    bpy.context.scene.mocap_export.names = "{take}"
    bpy.data.actions[take.action].name, bpy.data.actions[second.action].name = "Walk", "walk"
    with pytest.raises(RuntimeError, match="rename one of them"):  # one file to Windows
        bpy.ops.mocap.export(filepath=str(tmp_path / "x"), format="GLB", takes=[{"name": "Walk"}, {"name": "walk"}])


@pytest.mark.parametrize(
    ("character_name", "take_name", "name"),
    [
        ("José Müller", "Größe 1.001", "José Müller_Größe 1.001"),
        ('a<b>c:d"e/f\\g|h?i*j', "\n\x7f", "a_b_c_d_e_f_g_h_i_j___"),
        ("_走る", "end. . ", "_走る_end"),
        ("..", "..", ".._"),
        ("???", "/", "take"),
    ],
)
def test_a_files_name_keeps_all_that_a_file_may_be_named(extension, session, character_name, take_name, name):
    armature = bpy.data.objects.new(character_name, bpy.data.armatures.new("x"))
    named = extension.addon("export").file_name("{character}_{take}", armature, take_name, 30.0, "BLENDER")
    assert named == name


def test_rigify_is_exported_as_its_controls_move_it(session, actor_on, rig_folder, tmp_path):
    """Constraints and drivers among its own bones, evaluated on a copy; the bones that move the mesh alone."""
    armature = rigs.BUILDERS["rigify IK"](rig_folder).armature
    scene = bpy.context.scene
    scene.mocap.target, scene.render.fps = armature, 30
    play = actor_on(armature)
    bpy.ops.mocap.record_start()
    play(12)
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    frames = session.last_take.frames.tolist()
    bones = [bone.name for bone in armature.data.bones if bone.use_deform]
    heads, _ = world_poses(armature, bones, frames)
    assert np.ptp(heads, axis=0).max() > 0.05
    bpy.ops.mocap.export(filepath=str(tmp_path / "rigify"), format="BVH", deform_only=True)
    found = read_back(tmp_path / "rigify.bvh", "BVH")
    read, _ = world_poses(found, bones, range(1, 1 + len(frames)))
    assert np.linalg.norm(read - heads, axis=-1).max() < 0.001
    assert sorted(bone.name for bone in found.data.bones) == sorted(bones)


def test_blender_writes_to_no_scene_that_is_gone(take, character, tmp_path):
    """Blender 4.2's context belongs to the scene whose tool settings were read last, there or not."""
    scene = bpy.context.scene

    def owner_is_there():
        return bpy.context.window.id_data in (bpy.context.scene, bpy.context.window_manager)

    for run in (
        lambda: bpy.ops.mocap.export(filepath=str(tmp_path / "x"), format="GLB"),
        lambda: bpy.ops.mocap.add_default_rig(),
    ):
        gone = bpy.data.scenes.new("Gone")
        bpy.context.window.scene = gone
        _ = bpy.context.tool_settings
        bpy.context.window.scene = scene
        bpy.data.scenes.remove(gone)
        run()
        assert owner_is_there()
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert owner_is_there()


def test_khronos_validator_finds_no_error(take, character, tmp_path):
    modules = os.environ.get("MOCAP_NODE_MODULES", "")
    if not shutil.which("node") or not Path(modules, "gltf-validator").is_dir():
        pytest.skip("node or the package gltf-validator in MOCAP_NODE_MODULES is not here")
    for root in ("BONE", "OBJECT"):
        path = tmp_path / f"{root}.glb"
        bpy.ops.mocap.export(filepath=str(path), format="GLB", root_motion=root)
        result = subprocess.run(
            ["node", str(VALIDATOR), str(path)],
            env=os.environ | {"NODE_PATH": modules},
            capture_output=True,
            text=True,
            timeout=120,
        )
        report = json.loads(result.stdout)
        assert report["issues"]["numErrors"] == 0, report["issues"]["messages"][:5]
        codes = {message["code"] for message in report["issues"]["messages"]}
        assert codes <= {"UNUSED_OBJECT", "NODE_SKINNED_MESH_NON_ROOT"}  # Blender writes texture places, and skins so
        assert report["info"]["animationCount"] == 1


def test_glb_holds_the_character_and_the_takes_action_alone(take, character, tmp_path):
    other = bpy.data.actions.new("Another action")
    other.use_fake_user = True
    path = tmp_path / "take.glb"
    bpy.ops.mocap.export(filepath=str(path), format="GLB")
    gltf = gltf_of(path)
    assert len(gltf["animations"]) == 1 and len(gltf["skins"]) == 1
    names = {node["name"] for node in gltf["nodes"]}
    assert "hips" in names and "The user's cube" not in names
    inputs = {sampler["input"] for sampler in gltf["animations"][0]["samplers"]}
    assert {gltf["accessors"][number]["min"][0] for number in inputs} == {0.0}
    assert max(gltf["accessors"][number]["count"] for number in inputs) == len(take.frames)


def gltf_of(path):
    content = path.read_bytes()
    (length,) = struct.unpack_from("<I", content, 12)
    return json.loads(content[20 : 20 + length])


def test_gltf_holds_what_glb_does_with_its_data_beside_it(take, character, tmp_path):
    for kind in ("GLB", "GLTF"):
        bpy.ops.mocap.export(filepath=str(tmp_path / "take"), format=kind)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["take.bin", "take.glb", "take.gltf"]
    glb, gltf = gltf_of(tmp_path / "take.glb"), json.loads((tmp_path / "take.gltf").read_text("utf-8"))
    assert gltf["buffers"][0].pop("uri") == "take.bin" and gltf == glb
    data = (tmp_path / "take.bin").read_bytes()
    assert (tmp_path / "take.glb").read_bytes()[-len(data) :] == data
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.mocap.export(filepath=str(tmp_path / "take.bin" / "x"), format="GLTF")


def test_fbx_holds_the_character_alone(take, character, tmp_path):
    path = tmp_path / "take.fbx"
    bpy.ops.mocap.export(filepath=str(path), format="FBX")
    before = set(bpy.data.objects), set(bpy.data.actions)
    bpy.ops.import_scene.fbx(filepath=str(path))
    kinds = sorted(item.type for item in set(bpy.data.objects) - before[0])
    assert kinds == ["ARMATURE", "MESH"]


def test_bvh_is_y_up_with_positions_on_the_root_alone(take, character, tmp_path):
    path = tmp_path / "take.bvh"
    bpy.ops.mocap.export(filepath=str(path), format="BVH")
    lines = path.read_text("utf-8").splitlines()
    channels = [line.split() for line in lines if "CHANNELS" in line]
    assert channels[0][1] == "6" and {line[1] for line in channels[1:]} == {"3"}
    assert not any("position" in name for line in channels[1:] for name in line)
    motion = lines.index("MOTION")
    assert lines[motion + 1] == f"Frames: {len(take.frames)}"
    assert float(lines[motion + 2].split()[-1]) == pytest.approx(1 / 30, abs=1e-7)
    height = float(lines[motion + 3].split()[1])  # the second number of the root is up
    assert 0.8 < height < 1.1


def test_exporting_changes_nothing_in_the_scene(take, character, tmp_path):
    scene, layer = bpy.context.scene, bpy.context.view_layer
    scene.frame_start, scene.frame_end = 100, 200
    scene.frame_set(150)
    cube = bpy.data.objects["The user's cube"]
    character.select_set(False)
    cube.select_set(True)
    layer.objects.active = character
    bpy.ops.object.mode_set(mode="POSE")
    character.pose.bones["head"].scale = (1.2, 1.2, 1.2)  # not keyed
    character.pose.bones["leftUpperArm"].rotation_quaternion = (1, 0, 0, 0)  # keyed, and changed since
    bpy.context.view_layer.update()
    before = dump.everything(besides=("meshes",))
    for kind in SUFFIXES:
        bpy.ops.mocap.export(filepath=str(tmp_path / "x"), format=kind, takes=[{"name": take.action}])
    for preset, root in (("UNREAL", "BONE"), ("UNITY", "OBJECT")):
        bpy.ops.mocap.export(filepath=str(tmp_path / "x"), format="FBX", preset=preset, root_motion=root)
    assert dump.everything(besides=("meshes",)) == before
    assert bpy.context.mode == "POSE" and bpy.context.scene == scene and bpy.context.view_layer == layer
    assert list(bpy.context.selected_objects) == [cube] and layer.objects.active == character
    assert character.animation_data.action.name == take.action
    assert sorted(path.suffix for path in tmp_path.iterdir()) == sorted(SUFFIXES.values())


@pytest.mark.parametrize("kind", ["GLB", "FBX", "BVH"])
def test_a_path_that_cannot_be_written_is_told(take, character, tmp_path, kind):
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.mocap.export(filepath=str(blocked / "take"), format=kind)
    folder = tmp_path / f"folder.{kind.lower()}"
    folder.mkdir()
    with pytest.raises(RuntimeError, match="is a folder"):
        bpy.ops.mocap.export(filepath=str(folder), format=kind)
    assert os.listdir(folder) == []


@pytest.mark.parametrize(("kind", "add_on"), [("GLB", "io_scene_gltf2"), ("FBX", "io_scene_fbx")])
def test_without_blenders_exporter_it_is_told_and_nothing_is_written(take, character, tmp_path, kind, add_on):
    add_ons = import_module("addon_utils")  # there once bpy is imported
    add_ons.disable(add_on)
    try:
        with pytest.raises(RuntimeError, match=r"Blender's .+ add-on is off; enable “.+ format” in"):
            bpy.ops.mocap.export(filepath=str(tmp_path / "there" / "take"), format=kind)
        bpy.ops.mocap.export(filepath=str(tmp_path / "take"), format="BVH")  # which is ours
    finally:
        add_ons.enable(add_on)
    assert [path.name for path in tmp_path.iterdir()] == ["take.bvh"]
    bpy.ops.mocap.export(filepath=str(tmp_path / "take"), format=kind)
    assert len(list(tmp_path.iterdir())) == 2


def test_without_a_take_there_is_nothing_to_export(session, character, tmp_path):
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.mocap.export(filepath=str(tmp_path / "x.glb"), format="GLB")
