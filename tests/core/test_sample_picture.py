"""The sample motion's pictures: somebody whose limbs lie where the packet's keypoints are, in a still room."""

import time

import numpy as np
import pytest

from mocap_core import sample_motion, sample_picture
from mocap_core.link import PoseLink
from mocap_core.player import Player
from mocap_core.preview_memory import PreviewReader
from mocap_core.skeleton import COCO17

PATIENCE_S = 30.0
SIZE = (640, 360)


def is_like(pixel, colour) -> bool:
    """The colour, in whatever light."""
    pixel, colour = np.asarray(pixel, float), np.asarray(colour, float)
    return pixel @ colour / np.linalg.norm(pixel) / np.linalg.norm(colour) > 0.995


@pytest.mark.parametrize("number", [0, 47, 163, 211, 395, 430])
@pytest.mark.parametrize("size", [SIZE, (320, 180)])
def test_the_limbs_are_where_the_keypoints_are(number, size):
    packet = sample_motion.packet(number)
    image = sample_picture.draw(packet, size)
    assert image.shape == (size[1], size[0], 3) and image.dtype == np.uint8
    wrong = []
    for name in ("wrist", "elbow", "knee", "ankle"):
        for side in ("left", "right"):
            x, y = packet.keypoints[COCO17.index(f"{side}_{name}")] * size[0] / SIZE[0]
            here = image[int(y), int(x)]
            colours = (sample_picture._SKIN, sample_picture._SHIRT, sample_picture._TROUSERS, sample_picture._SHOES)
            if not any(is_like(here, colour) for colour in colours):
                wrong.append((side, name, here))
    assert not wrong


def test_the_room_stands_still_and_the_figure_moves():
    first, later = (sample_picture.draw(sample_motion.packet(number), SIZE) for number in (0, 100))
    differs = (first != later).any(axis=2)
    assert 500 < differs.sum() < 0.2 * differs.size
    columns = np.flatnonzero(differs.any(axis=0))
    assert columns.min() > 150 and columns.max() < 490  # nothing changes far from the figure
    np.testing.assert_array_equal(first, sample_picture.draw(sample_motion.packet(0), SIZE))


def test_pictures_come_through_memory_for_who_asks_with_the_packets_of_the_same_time():
    player = Player("the test motion", sample_motion.packets, draw=sample_picture.draw)
    link, reader = PoseLink(0, player.address), PreviewReader()
    try:
        link.start("test motion")
        times, pictures, end_s = set(), [], time.perf_counter() + PATIENCE_S
        while len(pictures) < 3:
            times |= {packet.timestamp for packet in link.poll(time.perf_counter())}
            link.ask_preview(reader.name, 320, 320)
            picture = reader.read()
            if picture is not None:
                pictures.append(picture)
            time.sleep(0.01)
            assert time.perf_counter() < end_s
        for picture in pictures:
            number = round(picture.timestamp * sample_motion.FPS)
            np.testing.assert_array_equal(picture.image, sample_picture.draw(sample_motion.packet(number), (320, 180)))
        time.sleep(0.1)
        times |= {packet.timestamp for packet in link.poll(time.perf_counter())}
        assert {picture.timestamp for picture in pictures} <= times
    finally:
        link.close()
        player.close()
        reader.close()
