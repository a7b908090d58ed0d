"""An export that goes on in slices while Blender is used: what the user, a script or another file do meanwhile."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

import dump  # noqa: E402

STAGES = {"Reading the take", "Preparing the motion", "Writing the file", "Blender writes the file"}


@pytest.fixture
def take(session, character, actor, sender):
    """A take of twenty frames, in a file that has something named as a copy would be."""
    bpy.context.scene.render.fps = 30
    other = bpy.data.objects.new("Export", bpy.data.armatures.new("Export"))
    bpy.context.scene.collection.objects.link(other)
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:20])
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    return session.last_take


@pytest.fixture
def exporting(extension, session):
    yield extension.addon("exporting").exporting
    extension.addon("exporting").exporting.end()


@pytest.fixture
def begin(extension, exporting, tmp_path):
    """`begin(kind)` begins an export as the file browser does, of what the character plays or another take; the file's
    path."""

    def begin(kind: str, take=None, **options):
        operator, export = extension.addon("export_operator"), extension.addon("export")
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        path = export.with_suffix(folder / "take", kind)
        context = bpy.context
        steps = operator.export_files(
            context.scene, context.view_layer, [take], [path], kind, export.Options(**options)
        )
        exporting.begin(steps)
        return path

    return begin


def to_the_end(exporting, meanwhile=lambda: None) -> tuple[str, list[str]]:
    """What is said at the end, and all that was done until then."""
    done = []
    while True:
        told = exporting.advance(0.0)
        if told is not None:
            return told, done
        done.append(exporting.doing)
        meanwhile()


def until(exporting, stage: str, steps: int = 0) -> None:
    """Go on until something is done for so many steps."""
    while exporting.doing != stage or (steps := steps - 1) >= 0:
        assert exporting.advance(0.0) is None


def there() -> dict[str, list[str]]:
    kinds = ("scenes", "objects", "armatures", "meshes", "actions")
    return {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds}


def test_in_slices_it_becomes_the_file_that_a_script_gets(take, exporting, begin, tmp_path):
    scene = bpy.context.scene
    scene.frame_set(7)
    before = there()

    def users_scene():
        assert bpy.context.scene == scene and scene.frame_current == 7
        names = there()
        assert all(set(before[kind]) <= set(names[kind]) for kind in names)  # none was lent to a copy

    for kind in ("NPZ", "CSV", "BVH", "GLB", "FBX"):
        path = begin(kind)
        told, done = to_the_end(exporting, users_scene)
        assert told == f"Exported {path}" and not exporting.running and not exporting.problem
        assert set(done) <= STAGES and len(done) > len(take.frames)
        if kind in ("GLB", "FBX"):
            assert done.count("Blender writes the file") == 2  # it is shown, and written in a call of its own
        again = tmp_path / path.name
        bpy.ops.mocap.export(filepath=str(again), format=kind)
        if kind == "NPZ":
            with np.load(path) as one, np.load(again) as other:
                assert sorted(one) == sorted(other) and all(np.array_equal(one[name], other[name]) for name in one)
        elif kind == "FBX":
            assert path.stat().st_size == again.stat().st_size  # it says when it was written
        else:
            assert path.read_bytes() == again.read_bytes()
        assert there() == before and [file.name for file in path.parent.iterdir()] == [path.name]
        path.unlink()


def test_cancelled_it_leaves_nothing(take, exporting, begin):
    before = dump.everything(besides=("meshes",))
    for kind, stage, steps in (
        ("NPZ", "Reading the take", 4),
        ("BVH", "Writing the file", 1),
        ("GLB", "Preparing the motion", 4),
        ("FBX", "Blender writes the file", 0),
    ):
        path = begin(kind, preset="UNREAL")
        until(exporting, stage, steps)
        assert list(path.parent.iterdir())  # where it is being written
        exporting.end()
        assert not list(path.parent.iterdir()) and not exporting.running
    assert dump.everything(besides=("meshes",)) == before


def test_a_file_saved_meanwhile_has_no_copy_in_it(take, exporting, begin, tmp_path):
    before, kept = there(), []

    def save():
        if exporting.doing not in kept:
            kept.append(exporting.doing)
            blend = str(tmp_path / "saved.blend")
            bpy.ops.wm.save_as_mainfile(filepath=blend, copy=True)
            with bpy.data.libraries.load(blend) as (found, _):
                assert {kind: sorted(getattr(found, kind)) for kind in before} == before

    path = begin("FBX", preset="UNITY")
    to_the_end(exporting, save)
    assert set(kept) == {"Reading the take", "Preparing the motion", "Blender writes the file"} and path.exists()


def test_undo_ends_it_and_brings_no_copy_back(take, exporting, begin):
    cube = bpy.data.objects.new("Cube", None)
    bpy.context.scene.collection.objects.link(cube)
    bpy.ops.ed.undo_push(message="one")
    cube.location.x = 1.0
    bpy.ops.ed.undo_push(message="two")
    before, path = there(), begin("GLB")
    until(exporting, "Preparing the motion", steps=3)
    bpy.ops.ed.undo()
    assert not exporting.running and exporting.problem == "The export ended, because something was undone."
    assert bpy.data.objects["Cube"].location.x == 0.0
    assert there() == before and not list(path.parent.iterdir())
    path = begin("GLB")
    until(exporting, "Preparing the motion", steps=3)
    bpy.data.objects["Cube"].location.x = 2.0
    bpy.ops.ed.undo_push(message="meanwhile")
    to_the_end(exporting)
    bpy.data.objects["Cube"].location.x = 3.0
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()  # to a time in which the copy was there
    assert bpy.data.objects["Cube"].location.x == 2.0
    assert there() == before and path.exists()
    bpy.ops.mocap.export(filepath=str(path), format="GLB")


def test_what_is_removed_meanwhile_ends_it_or_is_not_needed_any_more(
    take, character, exporting, begin, extension, monkeypatch
):
    monkeypatch.setattr(extension.addon("export_sampling"), "_PIECE", 5)
    curves, scene = extension.addon("action").curves, bpy.context.scene
    removed, changed = "The character or its take was removed; the export ended.", "{} was changed meanwhile"
    for gone, stage, expected in (
        ("take", "Reading the take", removed),
        ("take", "Preparing the motion", ""),  # it has been read
        ("curve", "Reading the take", changed),
        ("copy", "Reading the take", removed),
        ("copy", "Preparing the motion", removed),
        ("scene", "Reading the take", ""),
        ("character", "Preparing the motion", removed),
    ):
        one = bpy.data.actions[take.action].copy()
        path = begin("FBX", one)
        until(exporting, stage, steps=2)
        if gone == "curve":
            curves(one).remove(curves(one)[0])
        elif gone == "scene":
            bpy.context.window.scene = bpy.data.scenes.new("Another")
            bpy.data.scenes.remove(scene)
            scene = bpy.context.scene
            scene.mocap.target = character
            scene.collection.objects.link(character)
        else:
            copy = next(copy for copy in bpy.data.scenes if copy.is_runtime_data)
            gone = {"take": (bpy.data.actions, one), "copy": (bpy.data.scenes, copy)}.get(gone)
            blocks, block = gone or (bpy.data.objects, character)
            blocks.remove(block)
        expected = expected.format(one.name) if expected == changed else expected
        if expected:
            with pytest.raises(extension.addon("export").ExportError, match=expected):
                to_the_end(exporting)
            assert not list(path.parent.iterdir())
        else:
            to_the_end(exporting)
            path.unlink()
        assert not exporting.running
        assert not [block for kind in there() for block in getattr(bpy.data, kind) if block.is_runtime_data]


def test_another_file_ends_it(take, exporting, begin):
    path = begin("GLB")
    until(exporting, "Preparing the motion", steps=3)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert not exporting.running and exporting.problem == "The export ended, because another file was opened."
    assert not list(path.parent.iterdir()) and len(bpy.data.scenes) == 1 and not len(bpy.data.actions)


def test_meanwhile_nothing_else_is_exported_recorded_loaded_or_solved(take, exporting, begin, tmp_path):
    begin("BVH")
    until(exporting, "Reading the take", steps=2)
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.mocap.export(filepath=str(tmp_path / "x"), format="CSV")
    bpy.ops.mocap.connect()
    with pytest.raises(RuntimeError, match="Wait until the export is done"):
        bpy.ops.mocap.record_start()
    for again in (bpy.ops.mocap.load_take, bpy.ops.mocap.solve_again):
        with pytest.raises(RuntimeError, match="Wait until the export is done"):
            again(filepath=str(take.path))
    to_the_end(exporting)
    bpy.ops.mocap.record_start()
    bpy.ops.mocap.disconnect()


def test_what_the_user_changes_meanwhile_stays_and_is_not_in_the_file(take, character, exporting, begin, tmp_path):
    bpy.ops.mocap.export(filepath=str(tmp_path / "before.csv"), format="CSV")
    scene = bpy.context.scene
    path = begin("CSV")
    until(exporting, "Reading the take", steps=1)

    def edit():
        scene.frame_set(scene.frame_current + 1)
        character.pose.bones["hips"].scale = (2.0, 2.0, 2.0)  # not keyed
        character.location.x += 0.1

    to_the_end(exporting, edit)
    assert path.read_bytes() == (tmp_path / "before.csv").read_bytes()
    assert scene.frame_current > len(take.frames) and character.location.x > 1.0
    assert tuple(character.pose.bones["hips"].scale) == (2.0, 2.0, 2.0)


def test_a_path_that_cannot_be_written_ends_it(take, exporting, begin, extension, tmp_path):
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(FileExistsError):
        begin("CSV")
    (tmp_path / "out").unlink()
    path = begin("CSV")
    path.parent.rmdir()
    path.parent.write_text("in the way")
    with pytest.raises(extension.addon("export").ExportError, match="cannot be written"):
        to_the_end(exporting)
    assert not exporting.running and "cannot be written" in exporting.problem
