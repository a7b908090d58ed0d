"""What is known about a take beside its journal: a small JSON file of the same name and `.json` behind.

The journal is written once and never changed; what a user says about a take afterwards is here. Without this
file a take is as good: it is made anew.
"""

import json
import math
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .take import SUFFIX, TakeError, reason
from .take_summary import TakeSummary

VERSION = 1
_FORMAT = "vitpose-live-mocap notes on a take"
_LARGEST = 64 * 1024


@dataclass(frozen=True)
class Notes:
    """recording: the journal was begun and not ended. star: the user's. start_s, end_s: what of the take is used,
    seconds from its first picture; no end is its end. frame: where on the timeline its first picture lies, if it was
    recorded to one. size: the journal's bytes that `summary` is of.
    """

    recording: bool = False
    star: bool = False
    start_s: float = 0.0
    end_s: float | None = None
    frame: float | None = None
    size: int = 0
    summary: TakeSummary | None = None


def notes_path(take: str | os.PathLike) -> Path:
    take = Path(take)
    return take.with_name(take.name + ".json")


def read_notes(take: str | os.PathLike) -> Notes:
    """The notes on a take. What is missing or makes no sense is as if nothing had been noted."""
    try:
        with open(notes_path(take), "rb") as file:
            found = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return Notes()
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        return Notes()
    size = found.get("size")
    start_s = _number(found.get("start_s"))
    return Notes(
        found.get("recording") is True,
        found.get("star") is True,
        start_s if start_s is not None and start_s > 0 else 0.0,
        _number(found.get("end_s")),
        _number(found.get("frame")),
        size if type(size) is int else 0,
        _summary(found.get("summary")),
    )


def write_notes(take: str | os.PathLike, notes: Notes) -> None:
    """Replaces the notes in one step. Raises TakeError."""
    target = notes_path(take)
    text = json.dumps({"format": _FORMAT, "version": VERSION, **asdict(notes)}, indent=1)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".notes", suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise TakeError(f"Cannot note anything about {Path(take).name}: {reason(error)}.") from None


def note_place(take: str | os.PathLike, frame: float) -> None:
    """Note where on the timeline a take lies, if its folder can be written to."""
    try:
        write_notes(take, replace(read_notes(take), frame=float(frame)))
    except TakeError:
        pass  # it can be solved all the same


def companions(take: str | os.PathLike) -> list[Path]:
    """The files that belong to a take, itself first: those named like it with something behind."""
    take = Path(take)
    return [take, *sorted(path for path in take.parent.glob(f"{_escaped(take.name)}.*") if path.is_file())]


def rename(take: str | os.PathLike, name: str) -> Path:
    """Gives a take and what belongs to it another name; the new path. Raises TakeError."""
    take, name = Path(take), name.strip()
    if not name or name in (".", "..") or any(sign in '<>:"/\\|?*' or ord(sign) < 32 for sign in name):
        raise TakeError(f"{name!r:.60} cannot be a take's name: it needs letters, and none of < > : \" / \\ | ? *.")
    target = take.with_name(name + SUFFIX)
    if target.name == take.name:  # compared as they are written: to Windows, paths in another case are the same
        return take
    try:
        # Where the disk does not tell case apart, the take itself is there under a name of another case.
        if os.path.lexists(target) and not (target.exists() and os.path.samefile(take, target)):
            raise TakeError(f"There is a take {name} already.")
        # The take itself last: what fails before leaves it where it was.
        for path in reversed(companions(take)):
            os.rename(path, target.with_name(target.name + path.name[len(take.name) :]))
    except OSError as error:
        raise TakeError(f"Cannot rename {take.name}: {reason(error)}.") from None
    return target


def delete(take: str | os.PathLike) -> None:
    """Deletes a take and what belongs to it. Raises TakeError."""
    try:
        # The take itself last: what fails before leaves it in the list, to be tried again.
        for path in reversed(companions(take)):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise TakeError(f"Cannot delete {Path(take).name}: {reason(error)}.") from None


def _summary(found: object) -> TakeSummary | None:
    if not isinstance(found, dict):
        return None
    counts = [found.get(name) for name in ("frames", "lost", "unseen", "damaged")]
    people, length_s = found.get("people"), _number(found.get("length_s"))
    known = isinstance(people, list) and all(type(number) is int for number in [*people, *counts])
    if not known or length_s is None or not isinstance(found.get("created"), str):
        return None
    return TakeSummary(found["created"], length_s, *counts[:3], tuple(people), counts[3])


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _escaped(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)
