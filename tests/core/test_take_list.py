"""What a list of takes shows: figures, notes beside the journal, and folders read by a thread."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from mocap_core.journal import Journal
from mocap_core.protocol import PosePacket
from mocap_core.reading import Reading
from mocap_core.take import SUFFIX, TakeError, TakeWriter
from mocap_core.take_folder import TakeFolder, grows
from mocap_core.take_notes import Notes, companions, delete, notes_path, read_notes, rename, write_notes
from mocap_core.take_summary import TakeCount, TakeSummary, summarize


def pose(number, time_s, session="a", person=0, seen=True, received=0.0):
    meta = {"v": 1, "session": session, "seq": number, "person": person, "received": received}
    return PosePacket(np.ones((17, 2)), np.full(17, float(seen)), None, time_s, meta)


def counted(packets) -> TakeSummary:
    count = TakeCount()
    for packet in packets:
        count.add(packet)
    return count.summary()


def write(path, packets):
    with TakeWriter(path, {"fps": 30.0}) as writer:
        for packet in packets:
            writer.write(packet)
    return path


def test_lost_packets_are_those_whose_numbers_are_missing():
    summary = counted([pose(number, number / 10) for number in (3, 4, 7, 5, 10)])
    assert (summary.lost, summary.frames, summary.length_s) == (3, 5, 0.7)


def test_frames_are_pictures_not_packets():
    packets = [
        pose(2 * i + person, i / 10, person=person, seen=person == 0 and i > 0) for i in range(4) for person in (0, 1)
    ]
    summary = counted(packets)
    assert (summary.frames, summary.lost, summary.unseen, summary.people) == (4, 0, 1, (0,))


def test_a_sender_that_numbers_nothing_loses_what_leaves_a_gap():
    packets = [PosePacket(np.ones((17, 2)), np.ones(17), None, t, {}) for t in (0.0, 0.1, 0.2, 0.5, 0.6)]
    assert counted(packets).lost == 2


def test_a_worker_that_began_anew_adds_the_pause_between():
    first = [pose(i, 50 + i / 10, received=100 + i / 10) for i in range(5)]
    second = [pose(i, 3 + i / 10, session="b", received=102 + i / 10) for i in range(3)]
    summary = counted(first + second)
    assert (summary.length_s, summary.frames, summary.lost) == (pytest.approx(0.4 + 1.6 + 0.2), 8, 0)


def test_figures_of_a_journal_are_those_counted_while_it_was_written(tmp_path):
    packets = [pose(number, number / 30, seen=number > 2) for number in range(20) if number != 9]
    path = write(tmp_path / "take.mocap", packets)
    with open(path, "ab") as file:
        file.write(b'{"keypoints": [[1')
    summary, expected = summarize(path), counted(packets)
    assert summary.damaged == 1 and summary.created.startswith("20")
    assert (summary.length_s, summary.frames, summary.lost, summary.unseen) == (
        expected.length_s, expected.frames, 1, 3
    )  # fmt: skip


def test_a_plain_file_of_packets_counts_from_its_first_line(tmp_path):
    path = write(tmp_path / "take.mocap", [pose(i, i / 30) for i in range(4)])
    path.write_bytes(path.read_bytes().partition(b"\n")[2])
    assert summarize(path).frames == 4


def test_a_summary_that_nobody_wants_stops(tmp_path):
    assert summarize(write(tmp_path / "take.mocap", [pose(0, 0.0)]), lambda: False) is None


def test_notes_come_back_as_they_were(tmp_path):
    notes = Notes(True, True, 0.5, 2.0, 11.25, 99, TakeSummary("2026-01-31T12:00:00", 1.5, 45, 1, 2, (0, 3), 4))
    write_notes(tmp_path / "a täke.mocap", notes)
    assert read_notes(tmp_path / "a täke.mocap") == notes
    assert [path.name for path in tmp_path.iterdir()] == ["a täke.mocap.json"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"format": "another"}', "[" * 5000, '{"format": "vitpose-live-mocap notes on a take"}'],
)
def test_damaged_notes_are_none(tmp_path, text):
    notes_path(tmp_path / "take.mocap").write_text(text)
    assert read_notes(tmp_path / "take.mocap") == Notes()


@pytest.mark.parametrize("value", [None, True, -1, "x", [], {}, float("inf"), {"length_s": 1}])
def test_notes_that_make_no_sense_are_left_out_one_by_one(tmp_path, value):
    path = tmp_path / "take.mocap"
    write_notes(path, Notes(star=True, summary=TakeSummary(frames=3)))
    found = json.loads(notes_path(path).read_text())
    for name in ("start_s", "end_s", "frame", "size", "summary", "recording"):
        notes_path(path).write_text(json.dumps(found | {name: value}))
        notes = read_notes(path)
        assert notes.star
        assert (notes.start_s >= 0) and (notes.summary is None or notes.summary.frames == 3)


def test_renaming_takes_what_belongs_to_the_take_along(tmp_path):
    path = write(tmp_path / "Take [1].mocap", [pose(0, 0.0)])
    write_notes(path, Notes(star=True))
    (tmp_path / "Take [1].mocap.mp4").write_bytes(b"film")
    (tmp_path / "Take 1.mocap.mp4").write_bytes(b"another's")
    moved = rename(path, "Wälk")
    assert read_notes(moved).star
    assert sorted(path.name for path in companions(moved)) == ["Wälk.mocap", "Wälk.mocap.json", "Wälk.mocap.mp4"]
    assert (tmp_path / "Take 1.mocap.mp4").exists() and not path.exists()
    delete(moved)
    assert [path.name for path in tmp_path.iterdir()] == ["Take 1.mocap.mp4"]


def test_a_take_whose_video_is_in_use_is_deleted_when_it_is_tried_again(tmp_path, monkeypatch):
    path = write(tmp_path / "take.mocap", [pose(0, 0.0)])
    write_notes(path, Notes(star=True))
    film = tmp_path / "take.mocap.mkv"
    film.write_bytes(b"film")
    unlink = type(path).unlink

    def refused(self, missing_ok=False):  # as Windows does
        if self == film:
            raise PermissionError(13, "Permission denied")
        unlink(self, missing_ok)

    monkeypatch.setattr(type(path), "unlink", refused)
    with pytest.raises(TakeError, match="Cannot delete take"):
        delete(path)
    assert path.exists() and read_notes(path).star
    monkeypatch.undo()
    delete(path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_may_change_its_case_alone(tmp_path):
    path, other = write(tmp_path / "take ä.mocap", [pose(0, 0.0)]), tmp_path / "Take Ä.mocap"
    if not other.exists():
        os.link(path, other)  # this disk tells case apart: it does what others do by themselves
    renamed = rename(path, "Take Ä")
    assert renamed.name == other.name and other.name in os.listdir(tmp_path)


@pytest.mark.parametrize("name", ["", "  ", "..", "a/b", "a\\b", "a:b", "a\nb", "other"])
def test_names_that_cannot_be_or_are_taken_are_refused(tmp_path, name):
    path = write(tmp_path / "take.mocap", [pose(0, 0.0)])
    write(tmp_path / "other.mocap", [pose(0, 0.0)])
    with pytest.raises(TakeError):
        rename(path, name)
    assert path.exists()


def listed(folder: TakeFolder, path, recorded=None):
    folder.forget()
    folder.look(path, recorded=recorded)
    folder.wait()
    return {entry.path.stem: entry for entry in folder.entries}


def test_a_folder_lists_takes_newest_first_with_their_figures(tmp_path):
    for number in range(3):
        path = write(tmp_path / f"take {number}.mocap", [pose(i, i / 10) for i in range(number + 2)])
        os.utime(path, (1000 + number, 1000 + number))
    (tmp_path / "notes.txt").write_text("no take")
    folder = TakeFolder()
    listed(folder, tmp_path)
    assert [entry.path.stem for entry in folder.entries] == ["take 2", "take 1", "take 0"]
    assert [entry.summary.frames for entry in folder.entries] == [4, 3, 2]
    assert {entry.state for entry in folder.entries} == {""}
    assert read_notes(tmp_path / "take 1.mocap").summary.frames == 3  # so that it is not counted again


def test_figures_are_counted_again_when_the_journal_has_changed(tmp_path):
    folder, path = TakeFolder(), write(tmp_path / "take.mocap", [pose(0, 0.0)])
    assert listed(folder, tmp_path)["take"].summary.frames == 1
    os.remove(path)
    write(path, [pose(i, i / 10) for i in range(5)])
    assert listed(folder, tmp_path)["take"].summary.frames == 5


def test_a_journal_that_was_cut_off_is_unfinished_and_one_that_grows_is_not(tmp_path):
    folder, path = TakeFolder(), write(tmp_path / "take.mocap", [pose(0, 0.0)])
    write_notes(path, Notes(recording=True))
    assert listed(folder, tmp_path)["take"].state == "recording" and grows(path)
    os.utime(path, (time.time() - 60,) * 2)
    assert listed(folder, tmp_path)["take"].state == "unfinished" and not grows(path)


def test_a_journal_that_is_recorded_here_is_not_cut_off_however_long_nothing_came(tmp_path):
    folder, path = TakeFolder(), write(tmp_path / "take.mocap", [pose(0, 0.0)])
    write_notes(path, Notes(recording=True))
    os.utime(path, (time.time() - 60,) * 2)
    assert listed(folder, tmp_path, recorded=path)["take"].state == "recording"
    assert listed(folder, tmp_path, recorded=tmp_path / "other.mocap")["take"].state == "unfinished"


def test_a_file_that_is_no_take_is_listed_with_what_is_wrong(tmp_path):
    (tmp_path / f"junk{SUFFIX}").write_bytes(b"\x00\x01\n\xff")
    entry = listed(TakeFolder(), tmp_path)["junk"]
    assert entry.state == "unreadable" and "no take" in entry.problem


def test_a_folder_that_is_not_there_has_no_takes(tmp_path):
    assert listed(TakeFolder(), tmp_path / "none") == {}


def test_looking_again_reads_nothing_as_long_as_nothing_changed(tmp_path):
    folder = TakeFolder()
    write(tmp_path / "take.mocap", [pose(0, 0.0)])
    listed(folder, tmp_path)
    listed(folder, tmp_path)  # its own notes changed the folder
    before = folder.entries
    folder.look(tmp_path)
    folder.wait()
    assert folder.entries is before


def test_a_take_is_read_beside_and_what_is_wrong_with_it_is_told_when_it_is_asked_for(tmp_path):
    path = write(tmp_path / "take.mocap", [pose(i, i / 10, person=i % 2, seen=i % 2 == 0) for i in range(6)])
    take, people = Reading(path).take()
    assert len(take.packets) == 6 and people == [0]
    with pytest.raises(TakeError, match="Cannot read"):
        Reading(tmp_path / "none.mocap").take()


def test_a_journal_notes_that_it_is_recorded_and_its_figures_when_it_is_ended(tmp_path):
    path = tmp_path / "take.mocap"
    journal = Journal(path, {"fps": 30.0})
    for number in (0, 1, 3):
        journal.write(pose(number, number / 30))
    assert read_notes(path).recording
    journal.end(frame=11.5)
    journal.end()
    journal.wait()
    notes = read_notes(path)
    assert (notes.recording, notes.frame, notes.size) == (False, 11.5, path.stat().st_size)
    assert (notes.summary.frames, notes.summary.lost) == (3, 1) and notes.summary.created
    assert notes.summary == summarize(path) and not journal.problem


def test_a_journal_of_nothing_leaves_nothing(tmp_path):
    journal = Journal(tmp_path / "take.mocap", {})
    (tmp_path / "take.mocap.mkv").write_bytes(b"its video")
    (tmp_path / "take 2.mocap.mkv").write_bytes(b"another's")
    journal.end()
    journal.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["take 2.mocap.mkv"]


def test_a_recorder_that_was_killed_leaves_a_take_that_is_offered_back(tmp_path):
    path = tmp_path / "take.mocap"
    program = (
        "import sys, time, numpy as np; from pathlib import Path\n"
        "from mocap_core.journal import Journal; from mocap_core.protocol import PosePacket\n"
        "journal = Journal(Path(sys.argv[1]), {'fps': 30.0})\n"
        "for i in range(20): journal.write(PosePacket(np.ones((17, 2)), np.ones(17), None, i / 30, {}))\n"
        "print('written', flush=True); time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    assert process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    os.utime(path, (time.time() - 60,) * 2)
    entry = listed(TakeFolder(), tmp_path)["take"]
    assert entry.state == "unfinished" and summarize(path).frames == 20
