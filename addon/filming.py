"""The camera's video beside a take: asked of a worker on this machine while it is recorded."""

from pathlib import Path

from . import machine
from .core.endpoint import is_loopback
from .core.take import FILM_SUFFIX
from .sources import kind_of

_LATE_S = 5.0


def film_path(take: Path) -> Path:
    """Where a take's video is, if one was kept."""
    return take.with_name(take.name + FILM_SUFFIX)


def hindrance(link) -> str:
    """Why no video can be kept, a sentence for the user, or an empty text."""
    if kind_of(machine.get("source")) in ("TEST", "TAKE"):
        return "There is no camera whose video could be kept."
    if link is not None and not link.looking_up and not is_loopback(link.worker[0]):
        return "The worker is another machine: it keeps no video."
    return ""


class Filming:
    """Asks for the video of a take until `end`. problem: why there is none, a sentence for the user."""

    def __init__(self, take: Path, link):
        self.problem = hindrance(link)
        self._path = film_path(take)
        self._begun_s: float | None = None
        self._films = False  # the worker said so

    def tick(self, link, now: float) -> None:
        if self.problem:
            return
        path = str(self._path.absolute())
        if self._begun_s is None:
            self._begun_s = now
            link.ask_film(path)  # the link goes on asking
        elif link.filmed == path:
            self._films = True
        elif self._films:
            self.problem = "The worker films no longer, the video ends early: it was restarted, or its log says why."
        elif now - self._begun_s > _LATE_S and (link.filmed is not None or not self._path.exists()):
            self.problem = "The worker keeps no video of this take; its log says more, if it is up to date."

    def end(self, link) -> None:
        if link is not None and self._begun_s is not None:
            link.ask_film("")
