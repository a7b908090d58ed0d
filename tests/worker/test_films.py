"""Who is filmed for, and for how long; and a worker that films beside a take."""

import threading
import time

import numpy as np
import pytest

from mocap_core.endpoint import Endpoint
from mocap_core.link import PoseLink
from mocap_core.protocol import Film
from mocap_core.take import TakeWriter
from mocap_worker import control
from mocap_worker.films import LEASE_S, Films, wanted
from mocap_worker.source import Frame, open_source
from mocap_worker.stream import Job

PATIENCE_S = 20.0
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


def until(condition):
    end = time.perf_counter() + PATIENCE_S
    while not condition() and time.perf_counter() < end:
        time.sleep(0.005)


def count_in(path) -> int:
    source, count = open_source(str(path), paced=False), 0
    while (frame := source.read(1.0)) is not None or not source.ended:
        count += frame is not None
    source.close()
    return count


def test_what_waits_is_written_though_the_worker_ends_just_after_the_film(films, film):
    films.ask(HERE, Film(str(film)), 0.0)
    for number in range(25):
        films.show(Frame(np.full((540, 960, 3), 7 * number, np.uint8), 5 + number / 30, 0.0))
    films.ask(HERE, Film(""), 0.1)
    films.close()
    assert count_in(film) == 25


@pytest.mark.parametrize("name", ["\0", "x" * 300])
def test_a_name_that_no_file_can_have_is_not_filmed(films, film, name):
    assert films.ask(HERE, Film(f"{film.parent}/{name}.mocap.mkv"), 0.0) == ""


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


def test_a_worker_that_was_held_up_goes_on_filming(films, film):
    films.ask(HERE, Film(str(film)), 0.0)
    films.excuse(10.0)
    films.keep({HERE}, 10.0 + LEASE_S - 0.1)
    show(films, 4)
    films.close()
    assert count_in(film) == 4


def test_a_film_that_was_let_go_of_is_not_begun_again_and_the_answer_says_so(films, film):
    assert films.ask(HERE, Film(str(film)), 0.0) == str(film)
    show(films, 3)
    films.close()
    for now in (1.0, 2.0):
        assert films.ask(HERE, Film(str(film)), now) == ""
    assert films.ask(THERE, Film(str(film)), 3.0) == ""
    assert count_in(film) == 3


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_film_whose_take_is_gone_when_it_ends_goes_too(films, film, is_deleted):
    films.ask(HERE, Film(str(film)), 0.0)
    show(films, 3)
    until(film.exists)
    if is_deleted:
        film.unlink()  # with its take, while it is written
    film.with_name("Take ä.mocap").unlink()
    show(films, 3, 3)
    films.close()
    assert list(film.parent.iterdir()) == []


def test_a_film_that_cannot_be_written_is_told_where_it_is_asked_for(films, film):
    films.ask(HERE, Film(str(film)), 0.0)
    film.mkdir()
    show(films, 1)
    films._writers[HERE]._thread.join(20)
    assert films.ask(HERE, Film(str(film)), 1.0) == ""


def test_a_link_hears_what_is_filmed_for_it(film):
    endpoint = Endpoint("127.0.0.1", 0)
    worker = control.Worker(endpoint, Job("", ""))
    serving = threading.Thread(target=worker.serve)
    link = PoseLink(0, ("127.0.0.1", endpoint.port))
    serving.start()
    try:
        for asked, answered in ((str(film), str(film)), ("", ""), (f"{film}.mkv", "")):
            link.poll(0.0)
            link.filmed = None
            link.ask_film(asked)
            until(lambda: link.poll(0.0) or link.filmed is not None)
            assert link.filmed == answered
    finally:
        link.close()
        worker.quit()
        serving.join()


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
