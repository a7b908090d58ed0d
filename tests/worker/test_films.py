"""Who is filmed for, and for how long; and a worker that films beside a take."""

import time

import numpy as np
import pytest

from mocap_core.protocol import Film
from mocap_core.take import TakeWriter
from mocap_worker.films import LEASE_S, Films, wanted
from mocap_worker.source import Frame, open_source

HERE, THERE = ("127.0.0.1", 5005), ("192.168.1.20", 5005)


@pytest.fixture
def film(tmp_path):
    """Where the film of a take would be."""
    TakeWriter(tmp_path / "Take ä.mocap", {"fps": 30.0}).close()
    return tmp_path / "Take ä.mocap.mkv"


@pytest.fixture
def films():
    films = Films()
    yield films
    films.close()


def show(films, count, first=0):
    for number in range(first, first + count):
        films.show(Frame(np.full((64, 96, 3), 7 * number % 250, np.uint8), 5 + number / 30, 0.0))
        time.sleep(0.005)


def count_in(path) -> int:
    source, count = open_source(str(path), paced=False), 0
    while (frame := source.read(1.0)) is not None or not source.ended:
        count += frame is not None
    source.close()
    return count


@pytest.mark.parametrize(
    "end",
    [
        lambda films, path: films.keep({HERE}, LEASE_S + 0.1),  # not renewed
        lambda films, path: films.keep({}, 0.1),  # the lease has run out
        lambda films, path: films.ask(HERE, Film(""), 0.1),  # given back
    ],
)
def test_a_take_is_filmed_until_it_is_no_longer_asked_for(films, film, end):
    films.ask(HERE, Film(str(film)), 0.0)
    show(films, 10)
    films.ask(HERE, Film(str(film)), 0.05)  # renewed
    films.keep({HERE}, 0.06)
    show(films, 5, 10)
    writer = next(iter(films._writers.values()))
    end(films, film)
    show(films, 5, 15)
    writer.close()
    assert count_in(film) == 15


def test_another_machine_is_not_filmed_for(films, film):
    films.ask(THERE, Film(str(film)), 0.0)
    show(films, 3)
    films.close()
    assert not film.exists()


def test_films_lie_beside_takes_and_over_nothing(film, tmp_path):
    assert wanted(film)
    for path in ("other.mocap.mkv", "Take ä.mkv", "Take ä.mocap", "x/Take ä.mocap.mkv"):
        assert not wanted(tmp_path / path)
    assert not wanted(film.relative_to(tmp_path))
    (tmp_path / "text.mocap").write_text("no take")
    assert not wanted(tmp_path / "text.mocap.mkv")
    film.write_bytes(b"there")
    assert not wanted(film)
