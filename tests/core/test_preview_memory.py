"""Pictures through memory between two real processes: whole ones only, and nothing left behind."""

import mmap
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mocap_core import preview_memory
from mocap_core.preview_memory import PreviewError, PreviewReader, PreviewWriter, fitted

PATIENCE_S = 30.0
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows' memory has no file")

WRITER = """
import sys, time
import numpy as np
from mocap_core.preview_memory import PreviewWriter
writer = PreviewWriter(sys.argv[1])
print("open", flush=True)
number = 0
while True:  # as fast as can be: each picture of one grey, in changing sizes
    number += 1
    writer.write(np.full((360 - number % 7, 640, 3), number % 251, np.uint8), float(number))
    if number % 50 == 0:
        time.sleep(0.001)
"""
READER = """
import sys, time
from mocap_core.preview_memory import PreviewReader
reader = PreviewReader()
print(reader.name, flush=True)
time.sleep(60)
"""


@pytest.fixture
def reader():
    reader = PreviewReader()
    yield reader
    reader.close()


def python(script, *arguments):
    return subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True)


def left():
    return {path.name for path in preview_memory._folder().glob("mocap-preview-*")}


def noise(height=90, width=160, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_a_picture_is_read_once_as_it_was_written(reader):
    writer = PreviewWriter(reader.name)
    assert reader.read() is None
    writer.write(noise(), 12.5)
    picture = reader.read()
    np.testing.assert_array_equal(picture.image, noise())
    assert picture.timestamp == 12.5
    assert reader.read() is None
    writer.write(noise(360, 640, 1), 13.0)
    writer.write(noise(360, 202, 2), 14.0)
    np.testing.assert_array_equal(reader.read().image, noise(360, 202, 2))
    writer.close()


def test_another_processs_pictures_are_whole(reader):
    process = python(WRITER, reader.name)
    try:
        assert process.stdout.readline() == "open\n"
        seen, last, until = 0, 0.0, time.perf_counter() + PATIENCE_S
        while seen < 200 and time.perf_counter() < until:
            picture = reader.read()
            if picture is None:
                continue
            seen += 1
            number = int(picture.timestamp)
            assert number > last
            last = number
            assert picture.image.shape == (360 - number % 7, 640, 3)
            assert (picture.image == number % 251).all()
        assert seen == 200
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert not left() & {f"mocap-preview-{reader.name}"}


@posix
def test_nothing_is_left_when_both_are_killed():
    reader = python(READER)
    name = reader.stdout.readline().strip()
    writer = python(WRITER, name)
    try:
        assert writer.stdout.readline() == "open\n"
        assert f"mocap-preview-{name}" not in left()  # the name went when it was opened
    finally:
        for process in (reader, writer):
            process.kill()
            process.wait()
            process.stdout.close()


@posix
def test_what_a_crash_left_unopened_is_swept():
    process = python(READER)
    name = process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()
    path = preview_memory._path(name)
    assert path.exists()
    PreviewReader().close()
    assert path.exists()  # it may be about to be opened
    os.utime(path, (time.time() - 100,) * 2)
    PreviewReader().close()
    assert not path.exists()


@posix
def test_only_this_user_may_open_it(reader):
    found = preview_memory._path(reader.name).stat()
    assert stat.S_IMODE(found.st_mode) == 0o600 and found.st_uid == os.geteuid()


@posix
def test_memory_of_others_is_not_opened(tmp_path, monkeypatch):
    """Whoever asks for a picture names memory; it must be ours alone, and no way to write over a file."""
    monkeypatch.setattr(preview_memory, "_folder", lambda: tmp_path)
    victim = tmp_path / "letter.txt"
    victim.write_text("dear reader")
    names = [f"{digit}" * 32 for digit in "abcdef"]

    def path(name):
        return tmp_path / f"mocap-preview-{name}"

    path(names[0]).symlink_to(victim)
    path(names[1]).write_bytes(b"short")
    path(names[1]).chmod(0o600)
    whole = b"MOCAPPV1" + bytes(preview_memory._SIZE - 8)
    path(names[2]).write_bytes(whole)
    path(names[2]).chmod(0o644)  # others may read it
    path(names[3]).write_bytes(bytes(len(whole)))
    path(names[3]).chmod(0o600)
    path(names[4]).mkdir()
    for name in (*names, "", "../letter.txt", "A" * 32, "a" * 31, names[0] + "\n"):
        with pytest.raises(PreviewError):
            PreviewWriter(name)
    assert victim.read_text() == "dear reader"


def test_whatever_a_writer_does_the_reader_reads_pictures_or_nothing(reader):
    """The other side could be broken; sizes are held to and a wrong sum is no picture."""
    writer = PreviewWriter(reader.name)
    writer.write(noise(), 1.0)
    header = preview_memory._HEADER
    right = preview_memory.checksum(noise().tobytes(), 9, 160, 90, 1.0)
    for fields in (
        (b"MOCAPPV2", 9, 9, 160, 90, 1.0, right),
        (b"MOCAPPV1", 9, 9, 0, 90, 1.0, 0),
        (b"MOCAPPV1", 9, 9, 4_000_000_000, 4_000_000_000, 1.0, 0),
        (b"MOCAPPV1", 9, 9, 641, 1, 1.0, 0),
        (b"MOCAPPV1", 10, 9, 160, 90, 1.0, right),  # being written
        (b"MOCAPPV1", 9, 9, 160, 90, 1.0, right ^ 1),
        (b"MOCAPPV1", 9, 9, 160, 90, 0.0, right),  # another picture's timestamp
    ):
        header.pack_into(writer._memory, 0, *fields)
        assert reader.read() is None
    header.pack_into(writer._memory, 0, b"MOCAPPV1", 9, 9, 160, 90, 1.0, right)
    assert reader.read() is not None
    writer.close()


def test_closing_twice_is_fine():
    reader = PreviewReader()
    writer = PreviewWriter(reader.name)
    for each in (reader, writer, writer, reader):
        each.close()


def test_full_memory_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(preview_memory, "_folder", lambda: tmp_path)

    def full(handle, content):
        raise OSError(28, "No space left on device")

    if sys.platform == "win32":
        pytest.skip("Windows' memory has no file")
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(PreviewError, match="No space left"):
        PreviewReader()
    assert not list(tmp_path.iterdir())


def test_windows_memory_has_a_tag_and_no_file(monkeypatch, tmp_path):
    """As Windows does it, with its call stood in for: one block a tag, in this session's namespace."""
    blocks: dict[str, mmap.mmap] = {}

    def named(handle, size, tagname):
        assert handle == -1
        return blocks.setdefault(tagname, mmap.mmap(-1, size))

    class Windows:
        mmap = staticmethod(named)

    monkeypatch.setattr(preview_memory.sys, "platform", "win32")
    monkeypatch.setattr(preview_memory, "mmap", Windows)
    monkeypatch.setattr(preview_memory, "_folder", lambda: tmp_path / "none")
    reader = PreviewReader()
    writer = PreviewWriter(reader.name)
    writer.write(noise(), 3.0)
    np.testing.assert_array_equal(reader.read().image, noise())
    assert list(blocks) == [f"Local\\mocap-preview-{reader.name}"]
    with pytest.raises(PreviewError):
        PreviewWriter("0" * 32)


@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((1920, 1080), (640, 360), (640, 360)),
        ((640, 480), (640, 360), (480, 360)),
        ((1080, 1920), (640, 360), (202, 360)),
        ((320, 240), (640, 360), (320, 240)),  # never larger
        ((1920, 1080), (320, 320), (320, 180)),
        ((1920, 1080), (5000, 5000), (640, 360)),
        ((10000, 2), (640, 360), (640, 1)),
    ],
)
def test_pictures_are_made_smaller_to_fit(size, box, expected):
    assert fitted(*size, box) == expected


def test_this_users_temporary_folder_serves_where_there_is_no_memory_folder(monkeypatch):
    monkeypatch.setattr(preview_memory.sys, "platform", "darwin")
    monkeypatch.setattr(preview_memory.tempfile, "gettempdir", lambda: "/var/folders/x/T")
    assert preview_memory._folder() == Path("/var/folders/x/T")
