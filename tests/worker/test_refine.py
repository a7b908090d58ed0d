"""Films kept beside takes, and videos and takes refined: resumed, many at once, what is wrong told."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mocap_core.protocol import PosePacket
from mocap_core.take import FILM_SUFFIX, TakeWriter, read_take
from mocap_core.take_notes import Notes, read_notes, write_notes
from mocap_worker.cli import app
from mocap_worker.film import FilmWriter, start_of
from mocap_worker.models import Models
from mocap_worker.refine import RefineError, Stopped, Wanted, film_of, refine
from mocap_worker.source import Frame, open_source


def picture(number, size=(96, 128)):
    """A grey ramp with a bright square that moves by 2 px a frame."""
    image = np.full((*size, 3), 60, np.uint8)
    image[20:50, 10 + 2 * number : 40 + 2 * number] = 230
    return image


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """30 frames at uneven times, captured from 1000 s on."""
    path = tmp_path_factory.mktemp("film") / f"Take ä.mocap{FILM_SUFFIX}"
    writer = FilmWriter(path)
    for number in range(30):
        writer.add(Frame(picture(number), TIMES_S[number], 0.0))
        time.sleep(0.01)  # the encoder's queue is short
    writer.close()
    assert not writer.problem and writer.lost == 0
    return path


TIMES_S = 1000.0 + np.cumsum(np.where(np.arange(30) % 4 == 3, 0.081, 0.033))


class Square:
    """Finds the bright square and calls it a person: a network that is quick."""

    name, device, skeleton, input_size = "square", "cpu", "coco17", (192, 256)

    def __init__(self):
        self.seen = 0

    def infer(self, image, boxes):
        self.seen += 1
        ys, xs = np.nonzero(image[..., 0] > 150)
        places = np.linspace(0, 1, 17)
        points = np.stack([xs.min() + places * np.ptp(xs), ys.min() + (places * 7 % 1) * np.ptp(ys)], -1)
        return np.repeat(points[None], len(boxes), 0), np.full((len(boxes), 17), 0.9)


def quiet(*_):
    pass


def test_a_film_keeps_capture_times_and_pictures(film):
    source = open_source(str(film), paced=False)
    frames = []
    while (frame := source.read(1.0)) is not None or not source.ended:
        if frame is not None:
            frames.append(frame)
    source.close()
    times_s = start_of(film) + np.array([frame.timestamp for frame in frames])
    assert len(frames) == 30 and np.abs(times_s - TIMES_S).max() < 2e-3
    off = np.abs(frames[12].image.astype(int) - picture(12))
    assert off.mean() < 6


def test_a_film_that_nobody_ended_can_be_read(tmp_path):
    path = tmp_path / "film.mkv"
    program = (
        "import sys, time, numpy as np; from pathlib import Path\n"
        "from mocap_worker.film import FilmWriter\nfrom mocap_worker.source import Frame\n"
        "writer = FilmWriter(Path(sys.argv[1]))\n"
        "for i in range(90): writer.add(Frame(np.full((64, 64, 3), i, np.uint8), i / 30, 0.0)); time.sleep(0.005)\n"
        "time.sleep(0.5); print('written', flush=True); time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    source, count = open_source(str(path), paced=False), 0
    while (frame := source.read(1.0)) is not None or not source.ended:
        count += frame is not None
    source.close()
    assert count >= 30


def test_a_video_becomes_a_take_of_every_frame(film, tmp_path):
    backend = Square()
    path = refine(film, tmp_path, backend, Wanted(flip=False), quiet, threading.Event())
    take = read_take(path)
    assert path.name == "Take ä.mocap.mocap" or path.suffix == ".mocap"
    assert len(take.packets) == 30 == backend.seen and take.damaged == 0
    assert [packet.seq for packet in take.packets] == list(range(30))
    assert np.allclose([packet.timestamp for packet in take.packets], TIMES_S, atol=2e-3)
    assert take.header["refined"]["model"] == "square" and not list(tmp_path.glob("*.part"))
    middle = np.array([packet.keypoints[:, 0].mean() for packet in take.packets])
    # It moves by 2 px a frame; smoothing both ways is not late.
    steps = np.diff(middle[4:-4])
    assert steps.mean() == pytest.approx(2.0, abs=0.2)
    assert np.abs(middle[8:-8] - (10 + 2 * np.arange(8, 22) + 14.5)).max() < 3


def test_a_take_hands_on_its_place_and_actor(film, tmp_path):
    given = tmp_path / film.name.removesuffix(FILM_SUFFIX)
    with TakeWriter(given, {"fps": 24.0, "stand": {"location": [1, 2, 3], "heading_rad": 0.5}}) as writer:
        for time_s in (999.5, 1000.5, 1002.0):
            meta = {"v": 1, "session": "a", "seq": 0, "person": 0}
            writer.write(PosePacket(np.ones((17, 2)), np.ones(17), None, time_s, meta))
    (tmp_path / film.name).write_bytes(film.read_bytes())
    write_notes(given, Notes(star=True, frame=11.0, end_s=2.0))
    path = refine(given, tmp_path / "out", Square(), Wanted(flip=False), quiet, threading.Event())
    assert path.name == "Take ä refined.mocap"
    notes, later_s = read_notes(path), TIMES_S[0] - 999.5
    assert notes.frame == pytest.approx(11.0 + later_s * 24, abs=0.1)
    assert notes.end_s == pytest.approx(2.0 - later_s, abs=2e-3) and not notes.star
    assert read_take(path).header["stand"]["heading_rad"] == 0.5
    assert refine(given, tmp_path / "out", None, Wanted(), quiet, threading.Event()) == path  # it is there


class Squares(Square):
    """Finds in each box the square, of those above and below the middle, that fills more of it."""

    name = "squares"

    def infer(self, image, boxes):
        self.seen += 1
        bright = image[..., 0] > 150
        out = np.empty((len(boxes), 17, 2))
        for row, (left, top, right, bottom) in enumerate(np.asarray(boxes)):
            halves = []
            for half in (bright[:100].nonzero(), (bright[100:].nonzero()[0] + 100, bright[100:].nonzero()[1])):
                ys, xs = half
                inside = ((xs >= left) & (xs <= right) & (ys >= top) & (ys <= bottom)).sum()
                halves.append((inside, xs, ys))
            _, xs, ys = max(halves, key=lambda half: half[0])
            places = np.linspace(0, 1, 17)
            out[row] = np.stack([xs.min() + places * np.ptp(xs), ys.min() + (places * 7 % 1) * np.ptp(ys)], -1)
        return out, np.full((len(boxes), 17), 0.9)


def test_each_person_of_a_take_is_refined_under_their_number_though_it_was_stopped(tmp_path):
    """Two squares in a film; the take says that number 1 is the upper one, whom the search finds first."""
    given = tmp_path / "Two.mocap"
    writer = FilmWriter(given.with_name(given.name + FILM_SUFFIX))
    times_s = 1000.0 + np.arange(40) / 30
    for number, time_s in enumerate(times_s):
        image = np.full((192, 128, 3), 60, np.uint8)
        image[20:80, 20 + number : 60 + number] = image[115:175, 70 - number : 110 - number] = 230
        writer.add(Frame(image, time_s, 0.0))
        time.sleep(0.01)
    writer.close()
    header = {"fps": 30.0, "people": {str(person): {"stand": {"location": [person, 0, 0]}} for person in (0, 1)}}
    places = np.stack([np.linspace(0, 1, 17), np.linspace(0, 1, 17) * 7 % 1], -1)
    with TakeWriter(given, header) as take:
        for number, time_s in enumerate(times_s):
            for person, corner in ((0, (70 - number, 115)), (1, (20 + number, 20))):
                meta = {"v": 1, "session": "a", "seq": 2 * number + person, "person": person, "size": [128, 192]}
                take.write(PosePacket(corner + places * (40, 60), np.full(17, 0.9), None, time_s, meta))
    stop = threading.Event()
    with pytest.raises(Stopped):
        refine(given, tmp_path, Squares(), Wanted(flip=False), lambda _, done, of: done == 20 and stop.set(), stop)
    path = refine(given, tmp_path, Squares(), Wanted(flip=False), quiet, threading.Event())
    refined = read_take(path)
    seen = {person: [p for p in refined.packets if p.person == person and not p.empty] for person in (0, 1)}
    assert min(map(len, seen.values())) > 12 and len({packet.timestamp for packet in refined.packets}) == 40
    assert {packet.keypoints[:, 1].mean() > 100 for packet in seen[0]} == {True}
    assert {packet.keypoints[:, 1].mean() > 100 for packet in seen[1]} == {False}
    assert [packet.seq for packet in refined.packets] == list(range(len(refined.packets)))
    assert refined.header["people"]["1"]["stand"]["location"] == [1, 0, 0]


def test_what_was_stopped_goes_on_and_gives_the_same(film, tmp_path):
    whole = read_take(refine(film, tmp_path / "whole", Square(), Wanted(flip=False), quiet, threading.Event()))
    stop, first, second = threading.Event(), Square(), Square()

    def until_ten(what, done, of):
        if done == 10:
            stop.set()

    with pytest.raises(Stopped):
        refine(film, tmp_path / "again", first, Wanted(flip=False), until_ten, stop)
    assert not list((tmp_path / "again").glob("*.mocap"))
    again = read_take(refine(film, tmp_path / "again", second, Wanted(flip=False), quiet, threading.Event()))
    assert 8 <= first.seen < 30 and 18 <= second.seen <= 31 - first.seen + 1
    assert [p.timestamp for p in again.packets] == [p.timestamp for p in whole.packets]
    places = [[packet.keypoints for packet in take.packets] for take in (again, whole)]
    assert np.allclose(*places, atol=0.15)  # as they are written


def test_what_another_model_found_is_not_gone_on_with(film, tmp_path):
    stop = threading.Event()
    with pytest.raises(Stopped):
        refine(film, tmp_path, Square(), Wanted(flip=False), lambda w, done, of: done == 10 and stop.set(), stop)
    other = Square()
    other.name = "other"
    refine(film, tmp_path, other, Wanted(flip=False), quiet, threading.Event())
    assert other.seen == 30


def test_who_comes_back_elsewhere_is_found_though_it_was_stopped(tmp_path):
    """Left of the picture until it is stopped, then gone for a while, then on the right."""
    path = tmp_path / "walk.mkv"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30.0, (320, 240))
    for number in range(60):
        picture = np.zeros((240, 320, 3), np.uint8)
        if number < 20 or number >= 30:
            left = 10 if number < 20 else 230
            picture[60:180, left : left + 60] = 255
        writer.write(picture)
    writer.release()
    stop = threading.Event()
    with pytest.raises(Stopped):
        refine(path, tmp_path, Looks(), Wanted(flip=False), lambda w, done, of: done == 15 and stop.set(), stop)
    take = read_take(refine(path, tmp_path, Looks(), Wanted(flip=False), quiet, threading.Event()))
    assert sum(not packet.empty for packet in take.packets[30:]) >= 24


class Looks(Square):
    """The same, where it is in the box."""

    def infer(self, image, boxes):
        keypoints, scores = np.full((len(boxes), 17, 2), np.nan), np.zeros((len(boxes), 17))
        for row, box in enumerate(np.asarray(boxes)):
            left, top, right, bottom = np.clip(box, 0, None).astype(int)
            part = image[top:bottom, left:right]
            if (part[..., 0] > 150).mean() > 0.02:
                found, sure = super().infer(part, box[None])
                keypoints[row], scores[row] = found[0] + (left, top), sure[0]
        return keypoints, scores


def test_a_recording_of_the_same_name_stays_whatever_is_asked(film, tmp_path, monkeypatch):
    monkeypatch.setattr(Models, "get", lambda *_: (Square(), None))
    recording = tmp_path / "Take ä.mocap.mocap"
    with TakeWriter(recording, {"app": "somebody"}):
        pass
    before = recording.read_bytes()
    for more in ([], ["--fresh"]):
        said = CliRunner().invoke(app, ["refine", str(film), "-o", str(tmp_path), "--no-flip", *more])
        assert said.exit_code == 1 and "is no refined take" in " ".join(said.stderr.split())
        assert recording.read_bytes() == before


def test_a_refined_take_stays_until_another_is_ready(film, tmp_path):
    path = refine(film, tmp_path, Square(), Wanted(flip=False), quiet, threading.Event())
    before, stop = path.read_bytes(), threading.Event()

    def until(what, done, of):
        if what == "Smoothing":
            stop.set()

    with pytest.raises(Stopped):
        refine(film, tmp_path, Square(), Wanted(flip=False), until, stop, fresh=True)
    assert path.read_bytes() == before
    other = Square()
    other.name = "other"
    refine(film, tmp_path, other, Wanted(flip=False), quiet, threading.Event(), fresh=True)
    assert read_take(path).header["refined"]["model"] == "other"


def test_a_take_without_a_film_is_told(tmp_path):
    with pytest.raises(RefineError, match="no video beside it"):
        film_of(tmp_path / "take.mocap")


def test_the_command_refines_many_and_goes_on_after_a_bad_one(film, tmp_path, monkeypatch):
    (tmp_path / "bad.mkv").write_bytes(b"no video\0")
    monkeypatch.setattr(Models, "get", lambda *_: (Square(), None))
    given = [str(tmp_path / "bad.mkv"), str(film)]
    result = CliRunner().invoke(app, ["refine", *given, "-o", str(tmp_path / "o"), "--no-flip", "--json"])
    told = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert result.exit_code == 1
    assert [line["event"] for line in told if line["event"] != "progress"] == ["failed", "done"]
    assert "bad.mkv" in next(line["why"] for line in told if line["event"] == "failed")
    assert {line["what"] for line in told if line["event"] == "progress"} == {"Looking", "Smoothing", "Lifting"}
    assert len(read_take(tmp_path / "o" / "Take ä.mocap.mocap").packets) == 30
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["Take ä.mocap.mocap"]


def test_two_videos_of_one_name_are_never_one_take(film, tmp_path, monkeypatch):
    monkeypatch.setattr(Models, "get", lambda *_: (Square(), None))
    other = tmp_path / "other" / film.name
    other.parent.mkdir()
    other.write_bytes(film.read_bytes())
    arguments = ["-o", str(tmp_path / "o"), "--no-flip"]
    both = CliRunner().invoke(app, ["refine", str(film), str(other), *arguments])
    assert both.exit_code == 1 and "would both become" in both.stderr
    other.write_bytes(film.read_bytes() + b"\0")
    later = CliRunner().invoke(app, ["refine", str(other), *arguments])
    assert later.exit_code == 1 and "was made of another video" in later.stderr
    again = CliRunner().invoke(app, ["refine", str(film), *arguments])
    assert again.exit_code == 0 and "Take" in again.stdout
