"""Takes on disk: written, torn, damaged, from a full disk, from the first system."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mocap_core import places
from mocap_core.protocol import PosePacket, decode, encode
from mocap_core.take import Take, TakeError, TakeWriter, read_take
from mocap_core.take_clock import in_one_time
from mocap_core.take_summary import summarize

REAL = Path(__file__).parents[3] / "shared" / "data" / "real" / "balance.packets.jsonl"


def pose(index, session="one"):
    rng = np.random.default_rng(index)
    meta = {"v": 1, "session": session, "seq": index, "units": "m"}
    return PosePacket(
        rng.uniform(0, 640, (17, 2)).round(1), rng.uniform(0.1, 1, 17).round(3), None, index / 30, meta
    )


def written(path, count=5):
    with TakeWriter(path, {"fps": 30.0, "size": [640, 480], "skeleton": "coco17", "app": "0.1.0"}) as writer:
        for index in range(count):
            writer.write(pose(index))
    return path


def test_take_is_read_as_it_was_written(tmp_path):
    take = read_take(written(tmp_path / "a folder" / "täke 1.mocap"))
    assert isinstance(take, Take)
    assert take.header["format"] == "vitpose-live-mocap take" and take.header["version"] == 1
    assert take.header["fps"] == 30.0 and take.header["size"] == [640, 480]
    assert take.header["created"].startswith("20")
    assert (len(take.packets), take.damaged) == (5, 0)
    for index, packet in enumerate(take.packets):
        np.testing.assert_array_equal(packet.keypoints, pose(index).keypoints)
        np.testing.assert_array_equal(packet.scores, pose(index).scores)
        assert packet.meta == pose(index).meta


def test_each_line_is_one_datagram(tmp_path):
    lines = written(tmp_path / "take.mocap").read_bytes().splitlines()
    assert json.loads(lines[0])["format"] == "vitpose-live-mocap take"
    assert lines[1:] == [encode(pose(index)) for index in range(5)]


def test_line_can_be_read_before_the_take_is_closed(tmp_path):
    with TakeWriter(tmp_path / "take.mocap", {}) as writer:
        writer.write(pose(0))
        assert len(read_take(tmp_path / "take.mocap").packets) == 1


@pytest.mark.parametrize("cut", [1, 2, 100, 300])
def test_torn_last_line_is_left_out(tmp_path, cut):
    path = written(tmp_path / "take.mocap")
    path.write_bytes(path.read_bytes()[:-cut])
    take = read_take(path)
    assert len(take.packets) == (5 if cut == 1 else 4)
    assert take.damaged == (0 if cut == 1 else 1)


def test_damaged_line_costs_that_line_alone(tmp_path):
    path = written(tmp_path / "take.mocap")
    lines = path.read_bytes().split(b"\n")
    lines[2] = b"\x00\xff" * 40
    path.write_bytes(b"\n".join(lines))
    take = read_take(path)
    assert ([packet.seq for packet in take.packets], take.damaged) == ([0, 2, 3, 4], 1)


def test_late_packet_is_put_in_its_place(tmp_path):
    with TakeWriter(tmp_path / "take.mocap", {}) as writer:
        for packet in (pose(0), pose(2), pose(1), pose(0, "two")):
            writer.write(packet)
    packets = read_take(tmp_path / "take.mocap").packets
    assert [(packet.session, packet.seq) for packet in packets] == [
        ("one", 0),
        ("one", 1),
        ("one", 2),
        ("two", 0),
    ]


def sent(clock_s, received_s=None, session=None):
    """A packet of a sender that numbers nothing, or of a session."""
    meta = {} if session is None else {"v": 1, "session": session}
    meta |= {} if received_s is None else {"received": received_s}
    return PosePacket(np.ones((17, 2)), np.ones(17), None, clock_s, meta)


def run(begin_s, received_s=None, count=31, session=None):
    """Three seconds by default, ten pictures a second."""
    return [
        sent(begin_s + i / 10, None if received_s is None else received_s + i / 10, session) for i in range(count)
    ]


def solved_times(packets, path):
    """When a take's packets are on one clock, from its first: those of memory, and the same from the disk."""
    with TakeWriter(path, {}) as writer:
        for packet in packets:
            writer.write(packet)
    now, later = in_one_time(packets), in_one_time(read_take(path).packets)
    times_s = np.array([packet.timestamp for packet in now])
    np.testing.assert_allclose([packet.timestamp for packet in later], times_s, atol=1e-5)
    assert [p.meta for p in later] == [p.meta for p in now] and len(now) == len(packets)
    return times_s - times_s[0]


@pytest.mark.parametrize("session", [None, "one"])
@pytest.mark.parametrize("begin_s", [0.0, -500.0, 86400.0, 1.76e9])
def test_a_clock_that_begins_anew_goes_on_where_it_arrived(tmp_path, begin_s, session):
    """Three seconds, half a second of nothing, three seconds on a clock that was set to something else."""
    packets = run(0.0, 100.0, session=session) + run(begin_s, 103.5, session=session)
    times_s = solved_times(packets, tmp_path / "take.mocap")
    np.testing.assert_allclose(times_s, [*np.arange(31) / 10, *(3.5 + np.arange(31) / 10)], atol=1e-5)
    told = summarize(tmp_path / "take.mocap")
    assert (told.length_s, told.frames, told.lost) == (pytest.approx(6.5), 62, 0)


def test_a_file_that_is_played_over_and_over_is_one_pass_after_the_other(tmp_path):
    packets = [packet for number in range(5) for packet in run(0.0, 100.0 + 3.1 * number)]
    np.testing.assert_allclose(solved_times(packets, tmp_path / "take.mocap"), np.arange(155) / 10, atol=1e-5)


def test_one_packet_with_another_clock_does_not_tear_a_take_apart(tmp_path):
    packets = [*run(0.0, 100.0, 10), sent(1.76e9, 101.0), *run(1.1, 101.1, 10)]
    np.testing.assert_allclose(solved_times(packets, tmp_path / "take.mocap"), np.arange(21) / 10, atol=1e-5)


def test_another_session_between_lies_where_it_arrived(tmp_path):
    packets = run(0.0, 100.0, 20) + run(70.0, 102.0, 20, "a") + run(0.0, 104.0, 20)
    np.testing.assert_allclose(solved_times(packets, tmp_path / "take.mocap"), np.arange(60) / 10, atol=1e-5)


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("late_s", [0.1, 0.5, 0.9])
def test_a_packet_that_is_late_by_less_than_a_second_is_put_in_its_place(tmp_path, late_s, noted):
    packets = run(0.0, 100.0 if noted else None)
    late = packets.pop(12)
    packets.insert(12 + round(late_s * 10), sent(1.2, 101.2 + late_s + 0.01 if noted else None))
    assert late.timestamp == 1.2
    np.testing.assert_allclose(solved_times(packets, tmp_path / "take.mocap"), np.arange(31) / 10, atol=1e-5)


def test_pauses_and_packets_that_waited_keep_their_times(tmp_path):
    """A minute of pause; a file sent at ten times its speed; a receiver that was busy for 20 s and lost ten of them."""
    pause = run(0.0, 100.0) + run(63.0, 163.0)
    np.testing.assert_allclose(solved_times(pause, tmp_path / "pause")[31:], 63 + np.arange(31) / 10, atol=1e-5)
    fast = [sent(i / 10, 100 + i / 100) for i in range(300)]
    np.testing.assert_allclose(solved_times(fast, tmp_path / "fast"), np.arange(300) / 10, atol=1e-5)
    numbers = [i for i in range(400) if not 150 <= i < 250]
    busy = [sent(i / 10, 130.0 if 100 <= i < 300 else 100 + i / 10) for i in numbers]
    np.testing.assert_allclose(solved_times(busy, tmp_path / "busy"), np.array(numbers) / 10, atol=1e-5)


@pytest.mark.parametrize("leap_s", [86400.0, 1.76e9, 1e12])
@pytest.mark.parametrize("received", [None, "yesterday", True])
def test_where_no_arrival_is_noted_no_leap_makes_a_take_endless(tmp_path, leap_s, received):
    packets = [replace(p, meta={"received": received}) for p in run(0.0) + run(leap_s) + run(0.0)]
    times_s = solved_times(packets, tmp_path / "take.mocap")
    assert times_s[-1] == pytest.approx(9.0, abs=0.01) and (np.diff(times_s) >= 0).all()
    pause_s = solved_times(run(0.0) + run(60.0), tmp_path / "pause.mocap")[31]
    assert pause_s == pytest.approx(60.0)  # this is one


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"hello\n", b"[1]\n", b'{"a": 1}\n', b"\x00" * 50, b"[" * 5000]
)
def test_file_that_is_no_take_is_one_sentence(tmp_path, content):
    path = tmp_path / "notes.mocap"
    path.write_bytes(content)
    with pytest.raises(TakeError, match="is no take"):
        read_take(path)


def test_take_of_a_later_version_says_so(tmp_path):
    path = written(tmp_path / "take.mocap")
    path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": 2'))
    with pytest.raises(TakeError, match="newer"):
        read_take(path)


def test_missing_file_and_folder_are_one_sentence(tmp_path):
    with pytest.raises(TakeError, match="Cannot read"):
        read_take(tmp_path / "none.mocap")
    with pytest.raises(TakeError, match="Cannot read"):
        read_take(tmp_path)


def test_take_never_overwrites_another(tmp_path):
    path = written(tmp_path / "take.mocap")
    with pytest.raises(TakeError, match="exists"):
        TakeWriter(path, {})
    assert len(read_take(path).packets) == 5


def test_unwritable_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TakeError, match="Cannot write"):
        TakeWriter(tmp_path / "file" / "take.mocap", {})


def test_what_a_stranger_says_in_many_letters_is_kept(tmp_path):
    """A datagram of UTF-8 is longer as a take has it, which is ASCII."""
    sent = {"keypoints": [[1, 2]] * 17, "scores": [1] * 17, "timestamp": 0, "meta": {"note": "é" * 4300}}
    datagram = json.dumps(sent, ensure_ascii=False).encode()
    packet = decode(datagram)
    with TakeWriter(tmp_path / "take.mocap", {}) as writer:
        writer.write(packet)
    take = read_take(tmp_path / "take.mocap")
    assert take.damaged == 0 and take.packets[0].meta["note"] == "é" * 4300


def test_closed_take_takes_no_more(tmp_path):
    writer = TakeWriter(tmp_path / "take.mocap", {})
    writer.close()
    writer.close()
    with pytest.raises(TakeError, match="closed"):
        writer.write(pose(0))


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no limit on a file's size to stand for a full disk"
)
def test_full_disk_keeps_what_is_there_and_says_so_once(tmp_path):
    import resource

    writer = TakeWriter(tmp_path / "take.mocap", {})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
        with pytest.raises(TakeError, match="Recording stopped"):
            for index in range(100):
                writer.write(pose(index))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert writer.closed
    writer.close()
    take = read_take(tmp_path / "take.mocap")
    assert take.damaged == 0 and len(take.packets) == writer.packets > 3
    assert (tmp_path / "take.mocap").read_bytes().endswith(b"}\n")


def test_killed_recorder_leaves_every_packet_it_wrote(tmp_path):
    path = tmp_path / "take.mocap"
    program = (
        "import sys, time, numpy as np\n"
        "from mocap_core.take import TakeWriter\n"
        "from mocap_core.protocol import PosePacket\n"
        "writer = TakeWriter(sys.argv[1], {})\n"
        "for i in range(20): writer.write(PosePacket(np.ones((17, 2)), np.ones(17), None, i, {}))\n"
        "print('written', flush=True); time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"written" + os.linesep.encode()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert len(read_take(path).packets) == 20


def test_many_packets_survive_syncing_beside(tmp_path):
    """Long enough for the syncing thread to run between writes."""
    with TakeWriter(tmp_path / "take.mocap", {}) as writer:
        for index in range(60):
            writer.write(pose(index))
            time.sleep(0.03)
    assert [packet.seq for packet in read_take(tmp_path / "take.mocap").packets] == list(range(60))


@pytest.mark.skipif(not REAL.exists(), reason="the shared data is not here")
def test_first_systems_packets_are_read_with_no_header():
    take = read_take(REAL)
    assert (len(take.packets), take.header, take.damaged) == (100, {}, 0)
    assert take.packets[0].size == (1088, 1920)


def test_data_folder_follows_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path / "my däta"))
    assert places.data_folder() == tmp_path / "my däta"
    assert places.takes_folder() == tmp_path / "my däta" / "takes"
    assert places.read_settings() == {}
    places.write_settings({"takes_folder": str(tmp_path / "elsewhere"), "device": "cpu"})
    assert places.read_settings()["device"] == "cpu"
    assert places.takes_folder() == tmp_path / "elsewhere"
    assert [path.name for path in places.data_folder().iterdir()] == ["settings.json"]
    places.settings_file().write_bytes(b"\xff{")
    assert places.read_settings() == {}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_settings_are_the_users_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path))
    places.write_settings({"key": "secret"})
    assert places.settings_file().stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the XDG rules are Linux's")
def test_linux_data_folder_follows_xdg(tmp_path, monkeypatch):
    monkeypatch.delenv("MOCAP_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert places.data_folder() == tmp_path / "vitpose-live-mocap"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert places.data_folder() == Path.home() / ".local" / "share" / "vitpose-live-mocap"
