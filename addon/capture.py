"""The capture that was asked for: tells the worker, starts one where none answers, notices how it fares."""

import time

from . import machine, sources
from .core.endpoint import is_loopback
from .core.link import PoseLink
from .core.speeds import note_speed
from .worker_process import WorkerError, WorkerProcess

_ANSWER_S = 0.7  # a worker that runs answers within this
_AWAY_ANSWER_S = 3.0  # and one on another machine within this
_START_S = 40.0  # the first start after a set-up reads gigabytes
_NOTE_S = 10.0
_SILENT_S = 4.0  # it tells its state each second


class Capture:
    """wanted: True from `start` until `stop` or a failure. error: why it failed, a sentence for the user."""

    def __init__(self):
        self.wanted = False
        self.error = ""
        self._process: WorkerProcess | None = None
        self._leaving: WorkerProcess | None = None  # one that was told to end, and may still have the port
        self._asked_s = 0.0
        self._answered = False
        self._asked: tuple | None = None
        self._noted_s = 0.0

    def start(self, link: PoseLink, people: int = 1) -> None:
        """Ask for the machine's source, model and device, and for so many people."""
        self._asked = _wish(people)
        link.start(*self._asked)
        self.wanted, self.error = True, ""
        self._asked_s, self._answered = time.perf_counter(), False

    def stop(self, link: PoseLink) -> None:
        """Ask the worker to let go of the source. It stays, with its model loaded."""
        link.stop()
        self.wanted = False

    def close(self) -> None:
        """End a worker that was started here."""
        self.wanted, self.error = False, ""
        if self._process is not None:
            self._process.stop()
            self._process, self._leaving = None, self._process

    @property
    def runs(self) -> bool:
        """True while a worker that was started here runs, or is about to end."""
        return any(process is not None and process.alive for process in (self._process, self._leaving))

    def changed(self, people: int) -> bool:
        """True where the settings are no longer those of the capture that runs; starting again applies them."""
        return self.wanted and self._asked != _wish(people)

    def state(self, link: PoseLink) -> str:
        """What the worker does, or `waiting` for its answer."""
        return link.status.state if link.status and self._answered else "waiting"

    def watch(self, link: PoseLink, now: float) -> None:
        """Look after the worker; called each tick."""
        if self._process is not None and not self._process.alive:
            words = self._process.last_words()
            self._process = None
            self._fail(link, f"The worker ended: {words}")
        if not self.wanted:
            return
        if link.problem:
            self._fail(link, link.problem)
            return
        if link.looking_up:
            self._asked_s = now
            return
        silent = link.status_age_s(now) > _SILENT_S
        if not link.asking:
            self._answered = not silent  # else it is waited for again
            if silent:
                self.error = "The worker no longer answers."
            elif link.status is not None and link.status.state == "error":
                self._fail(link, link.status.message)
            else:
                self.error = ""
                self._note_speed(link, now)
        elif silent:
            self._unanswered(link, now - self._asked_s)

    def _unanswered(self, link: PoseLink, waited_s: float) -> None:
        host, port = link.worker
        if not is_loopback(host):
            if waited_s > _AWAY_ANSWER_S:
                self.error = f"The worker at {host}:{port} does not answer. Is it started there, with the same key?"
        elif self._process is not None:
            if waited_s > _START_S:
                self.error = f"The worker does not answer yet. It says: {self._process.last_words()}"
        elif waited_s > _ANSWER_S and not self.runs:
            try:
                self._process = WorkerProcess(port, machine.get("key"))
            except WorkerError as error:
                self._fail(link, str(error))

    def _note_speed(self, link: PoseLink, now: float) -> None:
        """Keep how fast the model runs, now and then, for the list of models."""
        if link.status.state == "capturing" and now - self._noted_s > _NOTE_S and is_loopback(link.worker[0]):
            self._noted_s = now
            try:
                note_speed(link.status.figures)
            except OSError:
                pass  # a full or locked disk: the figure is only nice to have

    def _fail(self, link: PoseLink, sentence: str) -> None:
        self.error = sentence
        if self.wanted:
            self.stop(link)


def _wish(people: int) -> tuple:
    """What the settings ask of the worker: source, model, device and options."""
    device = machine.get("device")
    return (
        machine.get("source"),
        machine.get("model"),
        "" if device == "auto" else device,
        sources.options() | ({"max_people": people} if people > 1 else {}),  # else as the worker was started
    )
