"""Who is shown the camera's picture, and for how long."""

import numpy as np
import pytest

from mocap_core.preview_memory import PreviewReader
from mocap_core.previews import LEASE_S, Previews
from mocap_core.protocol import Preview
from mocap_worker.preview import show
from mocap_worker.source import Frame

HERE, THERE = ("127.0.0.1", 5005), ("192.168.1.20", 5005)


@pytest.fixture
def reader():
    reader = PreviewReader()
    yield reader
    reader.close()


@pytest.fixture
def previews():
    previews = Previews()
    yield previews
    previews.close()


def frame(width=1280, height=720, timestamp=1.0):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Frame(image, timestamp, timestamp)


def test_the_picture_is_made_to_fit_what_was_asked_for(previews, reader):
    previews.ask(HERE, Preview(reader.name, 320, 320), 0.0)
    show(previews, frame())
    assert reader.read().image.shape == (180, 320, 3)
    previews.ask(HERE, Preview(reader.name, 100000, 100000), 0.5)  # asked anew, for another size
    show(previews, frame(timestamp=2.0))
    assert reader.read().image.shape == (360, 640, 3)
    previews.ask(HERE, Preview(reader.name, -5, 0), 0.5)
    show(previews, frame(timestamp=3.0))
    assert reader.read().image.shape == (1, 1, 3)


def test_another_machine_is_shown_nothing(previews, reader):
    previews.ask(THERE, Preview(reader.name), 0.0)
    show(previews, frame())
    assert reader.read() is None


@pytest.mark.parametrize(
    "end",
    [
        lambda previews, name: previews.keep({HERE}, LEASE_S + 0.1),  # not renewed
        lambda previews, name: previews.keep({}, 0.1),  # the lease for poses has run out
        lambda previews, name: previews.ask(HERE, Preview(""), 0.1),  # given back
        lambda previews, name: previews.close(),
    ],
)
def test_it_ends(previews, reader, end):
    previews.ask(HERE, Preview(reader.name), 0.0)
    previews.keep({HERE}, LEASE_S - 0.1)
    show(previews, frame())
    assert reader.read() is not None
    end(previews, reader.name)
    show(previews, frame(timestamp=2.0))
    assert reader.read() is None


def test_renewed_it_goes_on(previews, reader):
    for now in np.arange(0, 3 * LEASE_S, 1.0):
        previews.ask(HERE, Preview(reader.name), now)
        previews.keep({HERE}, now + 1.0)
    show(previews, frame())
    assert reader.read() is not None


def test_two_watch_each_in_its_own_memory(previews, reader):
    other = PreviewReader()
    previews.ask(HERE, Preview(reader.name, 320, 320), 0.0)
    previews.ask(("127.0.0.1", 5007), Preview(other.name, 160, 160), 0.0)
    show(previews, frame())
    assert reader.read().image.shape == (180, 320, 3) and other.read().image.shape == (90, 160, 3)
    other.close()


def test_memory_that_is_not_there_does_no_harm(previews, reader):
    for name in ("0" * 32, "../../etc/passwd", reader.name):
        previews.ask(HERE, Preview(name), 0.0)
        show(previews, frame())
    assert reader.read() is not None
