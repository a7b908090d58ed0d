"""`mocap refine`: films and takes through a large model, at leisure."""

import json as json_module
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from ..people import MOST


def refine(
    files: Annotated[list[Path], typer.Argument(metavar="VIDEO_OR_TAKE...", help="Videos, or takes with one.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for the new takes.")],
    model: Annotated[
        str, typer.Option("--model", "--config", help="A model config or published weights; else the largest here.")
    ] = "",
    checkpoint: Annotated[str, typer.Option(help="The model's weights.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "",
    flip: Annotated[bool, typer.Option(help="Average with the mirrored picture.")] = True,
    smoothness: Annotated[
        float, typer.Option(min=0, max=1, help="Of the keypoints, both ways in time: 0 is raw, 1 heavy.")
    ] = 0.5,
    max_people: Annotated[
        int, typer.Option(min=0, max=MOST, help="Follow so many people; 0: as many as the take shows, in a video one.")
    ] = 0,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Make takes anew that are there, and do not go on where a run was stopped.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Tell the progress as JSON lines, for programs.")] = False,
) -> None:
    """Make a new take of each video, or of the video that was kept with a take: the largest model at hand, the flip
    test, keypoints smoothed both ways in time.

    Stopped, it goes on where it was when started again with the same -o; takes that are there are left alone. Exits
    with 1 if a file could not be refined, 130 after Ctrl-C.
    """
    from ..cameras import CameraError
    from ..largest import largest
    from ..models import ModelError, Models
    from ..refine import RefineError, Stopped, Wanted, take_of
    from ..refine import refine as refine_one

    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    say = _Telling(json, len(files))
    try:
        named = model or ("" if checkpoint else largest())
        backend, _ = Models().get(named, checkpoint, device, lambda what, share: say.step(what, 0, 0))
        from mocap_core.take import TakeError
    except ModelError as error:
        say.failed("", str(error))
        raise typer.Exit(1) from None
    failed, made = 0, {}
    for number, file in enumerate(files):
        say.begin(number, file)
        try:
            path = take_of(file, out)
            other = made.setdefault(path, file)
            if other.resolve() != file.resolve():
                raise RefineError(f"{other} and {file} would both become {path}; give one of them another -o.")
            wanted = Wanted(flip, smoothness, max_people)
            say.done(file, refine_one(file, out, backend, wanted, say.step, stop, fresh))
        except Stopped:
            print("Stopped; start it again to go on.", file=sys.stderr)
            raise typer.Exit(130) from None
        except (RefineError, CameraError, TakeError) as error:
            failed += 1
            say.failed(file, str(error))
        except OSError as error:
            failed += 1
            say.failed(file, f"{error.filename or file}: {error.strerror or error}.")
    raise typer.Exit(1 if failed else 0)


class _Telling:
    """Progress: a line that is written over in a terminal, JSON lines for programs."""

    def __init__(self, json: bool, count: int):
        self._json, self._count = json, count
        self._file, self._number, self._said = "", 0, (None, -1)

    def begin(self, number: int, file: Path) -> None:
        self._file, self._number, self._said = file.name, number, (None, -1)

    def step(self, what: str, done: int, of: int) -> None:
        percent = 100 * done // of if of else 0
        if (what, percent) == self._said:
            return
        self._said = what, percent
        if self._json:
            self._tell(event="progress", what=what, done=done, of=of, number=self._number, files=self._count)
        elif sys.stderr.isatty():
            print(f"\r\033[K{self._file} {what} {percent}%", end="", file=sys.stderr, flush=True)

    def done(self, file: Path, path: Path) -> None:
        if self._json:
            self._tell(event="done", file=str(file), take=str(path))
        else:
            self._clear()
            print(path)

    def failed(self, file: object, why: str) -> None:
        if self._json:
            self._tell(event="failed", file=str(file), why=why)
        self._clear()
        print(why, file=sys.stderr)

    def _clear(self) -> None:
        if sys.stderr.isatty() and not self._json:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _tell(self, **words) -> None:
        print(json_module.dumps(words), flush=True)
