"""A worker that is named: its name is looked up beside everything else, however long that takes.

Name servers cannot be had here, so `socket.getaddrinfo` is stood in for.
"""

import socket
import threading

import pytest
from wire import KEY, PATIENCE_S, until

from mocap_core.endpoint import LinkError
from mocap_core.link import PoseLink
from mocap_core.protocol import Start, Status, Subscribe, decode, encode


@pytest.fixture
def names(monkeypatch):
    """Names and their addresses, which are told once `names.answering` is set."""

    class Names(dict):
        answering = threading.Event()

    names, real = Names(), socket.getaddrinfo

    def getaddrinfo(host, port, *arguments):
        if host.replace(".", "").isdigit():
            return real(host, port, *arguments)
        names.answering.wait(PATIENCE_S)
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (names[host], port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield names
    names.answering.set()


@pytest.fixture
def opened(names):
    """`opened(host, port, key)`: a link, closed in the end."""
    links = []

    def open_link(host, port=5006, key=None):
        links.append(PoseLink(0, (host, port), key))
        return links[-1]

    yield open_link
    for link in links:
        link.close()


def heard(worker, kind):
    def look():
        found = [(decode(datagram), address) for datagram, address, _ in worker.drain()]
        return next(((message, address) for message, address in found if isinstance(message, kind)), None)

    return until(look)


def test_a_capture_that_is_asked_for_meanwhile_begins_when_the_name_is_known(names, opened, worker):
    names["studio"] = "127.0.0.1"
    link = opened("studio", worker.port)
    request = link.start("0")
    assert link.poll(1.0) == [] and link.looking_up == "studio" and not link.problem
    assert link.worker == ("studio", worker.port) and not worker.drain()
    names.answering.set()
    assert until(lambda: not link.looking_up)
    assert link.worker == ("127.0.0.1", worker.port)
    link.poll(2.0)
    message, address = heard(worker, Start)
    assert message.id == request
    worker.send(encode(Status("loading", request=request)), address)
    assert until(lambda: link.poll(2.1) or not link.asking)


def test_an_unknown_name_is_said_and_looked_up_again_at_the_next_start(names, opened, worker):
    names.answering.set()
    link = opened("studoi", worker.port)
    assert until(lambda: link.problem)
    assert link.problem.startswith("The host 'studoi' is not known.") and not link.looking_up
    link.poll(1.0)
    names["studoi"] = "127.0.0.1"
    link.start("0")
    assert until(lambda: link.poll(2.0) or link.worker[0] == "127.0.0.1") and not link.problem
    assert heard(worker, Subscribe)


def test_who_does_not_wait_is_not_held_up(names, opened, worker):
    names["slow"] = "192.0.2.7"
    opened("slow").close()
    link = opened("slow", key=KEY)
    link.worker = ("127.0.0.1", worker.port)  # something else is played meanwhile
    link.poll(1.0)
    names.answering.set()
    assert link.worker == ("127.0.0.1", worker.port) and not link.looking_up


def test_a_name_of_another_machine_needs_a_key(names, opened):
    names["studio"] = "192.0.2.7"
    names.answering.set()
    link = opened("studio")
    assert until(lambda: link.problem) == "studio is another machine, and needs a shared key: the same here and there."
    link = opened("studio", key=KEY)
    assert until(lambda: not link.looking_up) and not link.problem


def test_an_address_and_this_machine_are_not_looked_up(names, opened):
    assert opened("localhost").worker == ("127.0.0.1", 5006)
    assert opened("127.0.0.1").worker == ("127.0.0.1", 5006)
    assert opened("192.0.2.7", key=KEY).worker == ("192.0.2.7", 5006)
    with pytest.raises(LinkError, match="needs a shared key"):
        opened("192.0.2.7")
