"""The list of takes, and what is done with those in it."""

import os
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")


@pytest.fixture
def takes(session, extension, tmp_path):
    """The list, of a folder of this test's own."""
    extension.addon("preferences").put("takes_folder", str(tmp_path / "my tåkes"))
    yield bpy.context.window_manager.mocap_takes
    extension.addon("preferences").put("takes_folder", "")


@pytest.fixture
def record(session, actor, sender):
    """`record(count)`: a take of the actor's first packets; its path."""

    def make(count=20, skip=()):
        bpy.ops.mocap.connect()
        bpy.ops.mocap.record_start()
        path = session.recording.path
        sender.play([packet for number, packet in enumerate(actor.packets[:count]) if number not in skip])
        bpy.ops.mocap.record_stop()
        bpy.ops.mocap.disconnect()
        return path

    return make


def test_a_recorded_take_is_listed_with_its_figures(takes, record):
    path = record(skip=(4, 5))
    bpy.ops.mocap.refresh_takes()
    (item,) = takes.items
    assert (item.name, item.path, item.state) == (path.stem, str(path), "READY")
    assert (item.frames, item.lost, item.people) == (18, 2, "0")
    assert item.length_s == pytest.approx(19 / 30, abs=1e-3)


def test_star_and_name_are_kept_beside_the_take(takes, record):
    path = record()
    bpy.ops.mocap.refresh_takes()
    takes.items[0].star = True
    takes.items[0].name = "Wälk"
    assert not path.exists() and Path(takes.items[0].path).stem == "Wälk"
    bpy.ops.mocap.refresh_takes()
    (item,) = takes.items
    assert item.star and item.name == "Wälk" and item.frames == 20


def test_a_name_that_cannot_be_is_told_and_changes_nothing(takes, record, extension):
    path = record()
    bpy.ops.mocap.refresh_takes()
    takes.items[0].name = "a/b"
    assert path.exists() and takes.items[0].name == path.stem
    assert "a/b" in extension.addon("take_list").problem


def test_deleting_takes_the_file_and_its_notes_and_leaves_the_action(takes, record, session):
    path = record()
    bpy.ops.mocap.refresh_takes()
    bpy.ops.mocap.delete_take(filepath=str(path))
    assert list(path.parent.iterdir()) == []
    assert session.last_take.action in bpy.data.actions
    with pytest.raises(RuntimeError, match="gone already"):
        bpy.ops.mocap.delete_take(filepath=str(path))


def test_the_choice_stays_with_its_take_and_goes_to_a_new_one(takes, record, extension):
    first = record()
    second = record()
    bpy.ops.mocap.refresh_takes()
    takes.index = [item.path for item in takes.items].index(str(first))
    bpy.ops.mocap.refresh_takes()
    assert takes.items[takes.index].path == str(first)
    bpy.ops.mocap.delete_take(filepath=str(second))
    bpy.ops.mocap.refresh_takes()
    assert takes.items[takes.index].path == str(first)
    third = record()
    bpy.ops.mocap.refresh_takes()
    assert takes.items[takes.index].path == str(third)


def test_a_take_that_was_cut_off_is_recovered_onto_the_character(takes, record, session, extension):
    path = record()
    notes = extension.core("take_notes")
    notes.write_notes(path, notes.Notes(recording=True))
    path.write_bytes(path.read_bytes()[:-40])
    os.utime(path, (1000, 1000))
    bpy.ops.mocap.refresh_takes()
    assert takes.items[0].state == "UNFINISHED"
    bpy.ops.mocap.recover_take(filepath=str(path))
    assert session.last_take.path == path and len(session.last_take.frames) == 15  # 19 packets at 30 a second
    bpy.ops.mocap.refresh_takes()
    assert (takes.items[0].state, takes.items[0].frames, takes.items[0].damaged) == ("READY", 19, 1)
    with pytest.raises(RuntimeError, match="ended as it should"):
        bpy.ops.mocap.recover_take(filepath=str(path))
