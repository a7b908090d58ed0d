"""Reading, inference and sending at the same time, and never more than one frame waiting: by what waits for what.

The parts around are made to wait for each other; the capture itself, the lifter and the wire's packets are real.
"""

import threading
import time

import numpy as np
import pytest

from mocap_core.lift import Lifter
from mocap_worker import control
from mocap_worker.backends import BackendError
from mocap_worker.control import _Capture
from mocap_worker.source import Frame
from mocap_worker.stream import Figures, Job, run

PATIENCE_S = 30.0


class Frames:
    """A source of some small frames, each as soon as it is asked for."""

    live, fps, note, skipped, trouble = False, 30.0, "", 0, ""

    def __init__(self, count):
        self.count, self.read_so_far = count, 0

    @property
    def ended(self):
        return self.read_so_far >= self.count

    def read(self, timeout_s):
        if self.ended:
            return None
        self.read_so_far += 1
        return Frame(np.zeros((48, 64, 3), np.uint8), self.read_so_far / 30, time.perf_counter())

    def close(self):
        pass


class Backend:
    """Sees somebody in every box; `begun` counts the frames that it was asked about."""

    name, device, skeleton, input_size = "probe", "cpu", "coco17", (192, 256)

    def __init__(self, before=lambda number: None):
        self.begun, self.before = 0, before

    def infer(self, image, boxes):
        self.begun += 1
        self.before(self.begun)
        points = np.linspace(0.1, 0.9, 34).reshape(17, 2)
        return boxes[:, None, :2] + points * (boxes[:, None, 2:] - boxes[:, None, :2]), np.full((len(boxes), 17), 0.9)


def capture(frames, backend, send, stop=None):
    figures = Figures()
    run(Job("frames", "s"), frames, backend, Lifter(), send, lambda *_: None, figures, stop or threading.Event())
    return figures


def test_next_frame_is_inferred_while_one_is_sent():
    """Each packet's sending waits until the next inference has begun: one after the other, it would never end."""
    backend, in_time = Backend(), []

    def send(packet):
        end = time.perf_counter() + PATIENCE_S
        while backend.begun < min(packet.seq + 2, 5) and time.perf_counter() < end:
            time.sleep(0.001)
        in_time.append(time.perf_counter() < end)

    assert capture(Frames(5), backend, send).packets_sent == 5
    assert in_time == [True] * 5


def test_one_frame_at_most_waits_to_be_sent():
    frames, backend, go = Frames(6), Backend(), threading.Event()
    sent = []
    thread = threading.Thread(
        target=capture, args=(frames, backend, lambda packet: (go.wait(PATIENCE_S), sent.append(packet.seq)))
    )
    thread.start()
    end = time.perf_counter() + PATIENCE_S
    while backend.begun < 2 and time.perf_counter() < end:
        time.sleep(0.001)
    time.sleep(0.2)  # time for what must not happen
    # The first is being sent, the second is inferred and waits; the third is not even read.
    assert (backend.begun, frames.read_so_far, sent) == (2, 2, [])
    go.set()
    thread.join(PATIENCE_S)
    assert sent == list(range(6))


def test_all_is_sent_when_the_capture_is_over():
    sent = []
    stop = threading.Event()
    backend = Backend(before=lambda number: stop.set() if number == 4 else None)
    figures = capture(Frames(100), backend, lambda packet: (time.sleep(0.01), sent.append(packet.seq)), stop)
    assert sent == [0, 1, 2, 3] and figures.packets_sent == figures.frames_captured == 4


def test_what_goes_wrong_in_sending_ends_the_capture():
    def send(packet):
        raise OSError("no network")

    with pytest.raises(OSError, match="no network"):
        capture(Frames(100), Backend(), send)


def test_memory_that_runs_out_in_a_capture_is_a_sentence(monkeypatch):
    def full(number):
        raise BackendError("There is not enough memory for probe on cpu; choose a smaller model.")

    class Loaded:
        def get(self, *_):
            return Backend(before=full), Lifter()

    monkeypatch.setattr(control, "open_source", lambda *_: Frames(3))
    said = []
    _Capture(Job("frames", "s"), Loaded(), Figures(), lambda packet: None, lambda frame: None, said.append).run()
    assert (said[-1].state, said[-1].message) == (
        "error",
        "There is not enough memory for probe on cpu; choose a smaller model.",
    )
